// Numbers as C prints them: %g and %.Nf of the exact binary value, ties to even. Follows loadgen.md 12.

/** C++'s default stream output of a double: `%g`, 6 significant digits. */
export function formatG6(value: number): string {
  if (Number.isNaN(value)) return '-nan'; // x86 makes 0/0 the negative one
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const { digits, exponent } = roundToDigits(Math.abs(value), 6);
  const sign = value < 0 ? '-' : '';
  const bare = digits.replace(/0+$/, '');
  if (exponent < -4 || exponent >= 6) {
    const fraction = bare.length > 1 ? `.${bare.slice(1)}` : '';
    const size = Math.abs(exponent).toString().padStart(2, '0');
    return `${sign}${bare[0] ?? '0'}${fraction}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${bare}`;
  const whole = digits.slice(0, exponent + 1);
  const fraction = bare.slice(exponent + 1);
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** C's `%d` and its wider kin: all decimal digits, never an exponent; a fraction is cut off, as by a C cast. */
export function formatInteger(value: number | bigint): string {
  return (typeof value === 'bigint' ? value : BigInt(Math.trunc(value))).toString();
}

/** C's `%.{places}f`. */
export function formatFixed(value: number, places: number): string {
  if (Number.isNaN(value)) return '-nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const { numerator, denominator } = exactFraction(Math.abs(value));
  const scaled = divideToEven(numerator * 10n ** BigInt(places), denominator)
    .toString()
    .padStart(places + 1, '0');
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return places === 0 ? `${sign}${scaled}` : `${sign}${scaled.slice(0, -places)}.${scaled.slice(-places)}`;
}

/** The `count` leading decimal digits of a positive number and the decimal exponent of the first. */
function roundToDigits(value: number, count: number): { readonly digits: string; readonly exponent: number } {
  const { numerator, denominator } = exactFraction(value);
  let exponent = Math.floor(Math.log10(value));
  for (;;) {
    const shift = count - 1 - exponent;
    const rounded =
      shift >= 0
        ? divideToEven(numerator * 10n ** BigInt(shift), denominator)
        : divideToEven(numerator, denominator * 10n ** BigInt(-shift));
    const digits = rounded.toString();
    if (digits.length === count) return { digits, exponent };
    exponent += digits.length > count ? 1 : -1; // log10 guessed the neighbour, or rounding carried over
  }
}

/** A double is a whole number times a power of two. */
function exactFraction(value: number): { readonly numerator: bigint; readonly denominator: bigint } {
  let mantissa = value;
  let shift = 0n;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    shift++;
  }
  return { numerator: BigInt(mantissa), denominator: 1n << shift };
}

function divideToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}
