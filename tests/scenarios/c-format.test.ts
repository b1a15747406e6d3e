import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { formatFixed, formatG6, formatInteger } from '../../scenarios/c-format.js';

const seeded = { seed: 20260820, numRuns: 500 };

describe('%g', () => {
  test.each([
    [0.125, '0.125'],
    [1e6, '1e+06'],
    [999999, '999999'],
    [123456.5, '123456'], // ties go to the even digit …
    [123457.5, '123458'],
    [999999.5, '1e+06'], // … also where that carries into another exponent
    [1234565, '1.23456e+06'],
    [1234575, '1.23458e+06'],
    [1.234565e-5, '1.23456e-05'], // not a tie: the double lies below the decimal
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.25e-8, '1.25e-08'],
    [1e100, '1e+100'],
    [5e-324, '4.94066e-324'],
    [Number.MAX_VALUE, '1.79769e+308'],
    [100, '100'],
    [-2.5, '-2.5'],
    [0, '0'],
    [-0, '-0'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [NaN, '-nan'], // the 0/0 of x86
  ])('prints %d as %s', (value, text) => {
    expect(formatG6(value)).toBe(text);
  });

  it('takes exact ties at the sixth digit to the even neighbour', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100_000, max: 999_998 }), (digits) => {
        const even = digits % 2 === 0 ? digits : digits + 1;
        expect(formatG6(digits + 0.5)).toBe(even.toString());
      }),
      seeded,
    );
  });

  it('prints whole numbers of up to six digits as they are', () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999, max: 999_999 }), (whole) => {
        expect(formatG6(whole)).toBe(whole.toString());
      }),
      seeded,
    );
  });

  it('reads back within half a unit of the sixth digit', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (value) => {
        expect(Math.abs(Number(formatG6(value)) / value - 1)).toBeLessThanOrEqual(5.0001e-6);
      }),
      seeded,
    );
  });
});

describe('%.2f', () => {
  test.each([
    [0.125, '0.12'],
    [0.375, '0.38'],
    [2.5, '2.50'],
    [1.005, '1.00'], // the double lies below the decimal
    [0.995, '0.99'],
    [999999.998, '1000000.00'],
    [1e21, '1000000000000000000000.00'],
    [0, '0.00'],
    [-0.001, '-0.00'],
    [Infinity, 'inf'],
    [NaN, '-nan'],
  ])('prints %d as %s', (value, text) => {
    expect(formatFixed(value, 2)).toBe(text);
  });

  it('takes exact ties to the even neighbour', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), (eighths) => {
        const value = eighths / 8;
        const hundredths = Math.floor(value * 100);
        const rest = value * 100 - hundredths; // exact: a multiple of one half
        const up = rest > 0.5 || (rest === 0.5 && hundredths % 2 === 1);
        const rounded = (hundredths + (up ? 1 : 0)).toString().padStart(3, '0');
        expect(formatFixed(value, 2)).toBe(`${rounded.slice(0, -2)}.${rounded.slice(-2)}`);
      }),
      seeded,
    );
  });
});

describe('integers', () => {
  test.each([
    [0, '0'],
    [1_000_000, '1000000'],
    [18446744073709551615n, '18446744073709551615'],
    [1e21, '1000000000000000000000'],
    [2.9, '2'],
  ])('are printed digit by digit: %d', (value, text) => {
    expect(formatInteger(value)).toBe(text);
  });
});
