// float32 → the bits of shorter floating-point formats, round to nearest even.

const f32 = new Float32Array(1);
const bits = new Uint32Array(f32.buffer);

/** uint16[n]: the half-precision bits of each value; too large ones become infinity. */
export function toFloat16(values: Float32Array): Uint16Array {
  // A plain loop: TypedArray.from goes through an iterator and made 63 of the 65 s that a BERT-Large took to write.
  const result = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = halfBits(values[i]!);
  return result;
}

function halfBits(value: number): number {
  f32[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude >= 0x47800000) return magnitude > 0x7f800000 ? sign | 0x7e00 : sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal halves are multiples of 2^-24; the float32 product rounds to even exactly.
    const steps = Math.abs(value) * 2 ** 24;
    const down = Math.floor(steps);
    const rest = steps - down;
    const isUp = rest > 0.5 || (rest === 0.5 && down % 2 === 1);
    return sign | (isUp ? down + 1 : down);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** uint16[n]: the upper half of each float32, rounded: bfloat16. */
export function toBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    result[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return result;
}
