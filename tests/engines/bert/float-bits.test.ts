import { describe, expect, it } from 'vitest';
import { toBfloat16, toFloat16 } from '../../../engines/bert/float-bits.js';

/** The value of half-precision bits, by IEEE 754. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

describe('half precision', () => {
  it('hands every finite half back unchanged, both zeros and the subnormals among them', () => {
    const all = Array.from({ length: 65_536 }, (_unused, bits) => bits).filter((bits) =>
      Number.isFinite(halfValue(bits)),
    );
    expect(Array.from(toFloat16(Float32Array.from(all, halfValue)))).toEqual(all);
  });

  it('rounds to the nearest, and halfway to the even neighbour', () => {
    const cases = [
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [-1.5 * 2 ** -24, 0x8002],
      [2 ** -25, 0],
      [-(2 ** -25) * 1.01, 0x8001],
      [65_519, 0x7bff],
      [65_520, 0x7c00],
      [-Infinity, 0xfc00],
    ] as const;
    const bits = toFloat16(Float32Array.from(cases, ([value]) => value));
    expect(Array.from(bits)).toEqual(cases.map(([, expected]) => expected));
  });

  it('keeps NaN a NaN', () => expect(halfValue(toFloat16(Float32Array.of(NaN))[0]!)).toBeNaN());
});

describe('bfloat16', () => {
  it('rounds to the nearest, and halfway to the even neighbour', () => {
    const values = [1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, -2.5];
    expect(Array.from(toBfloat16(Float32Array.from(values)))).toEqual([0x3f80, 0x3f80, 0x3f82, 0xc020]);
  });
});
