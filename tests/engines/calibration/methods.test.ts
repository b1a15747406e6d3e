// From values to ranges, on distributions whose best range is known.

import { describe, expect, it, test } from 'vitest';
import {
  createMagnitudeCounter,
  magnitudesOf,
  type Magnitudes,
} from '../../../engines/calibration/magnitudes.js';
import { calibrationMethods, rangeBy } from '../../../engines/calibration/methods.js';

const of = (values: Iterable<number>): Magnitudes => {
  const counter = createMagnitudeCounter();
  counter.add(Float32Array.from(values));
  return magnitudesOf(counter);
};
/** −1 … 1, evenly. */
const even = Array.from({ length: 100_000 }, (_unused, i) => (i - 49_999.5) / 50_000);

test('magnitudes are counted without their sign, to within 1 part in 128', () => {
  const { values, counts, min, max } = of([1, -1, 1.001, 3, 0]);
  expect([...counts]).toEqual([1, 3, 1]);
  for (const [i, wanted] of [0, 1, 3].entries())
    expect(Math.abs(values[i]! - wanted)).toBeLessThanOrEqual(wanted / 128);
  expect([min, max]).toEqual([-1, 3]);
});

test('two counters merged are one that saw everything', () => {
  const [one, other, both] = [createMagnitudeCounter(), createMagnitudeCounter(), createMagnitudeCounter()];
  one.add(Float32Array.of(1, -7, 0.25));
  other.add(Float32Array.of(0.25, 4));
  both.add(Float32Array.of(1, -7, 0.25, 0.25, 4));
  one.merge(other);
  expect(magnitudesOf(one)).toEqual(magnitudesOf(both));
});

describe('a range', () => {
  it('by max holds everything that occurred, on each side what occurred there', () => {
    expect(rangeBy('max', of([-0.17, 5, 0.5]))).toEqual({ min: Math.fround(-0.17), max: 5 });
  });

  it.each(calibrationMethods)('by %s of evenly spread values is nearly all of them', (method) => {
    const { min, max } = rangeBy(method, of(even));
    expect(max).toBeGreaterThan(0.9);
    expect(max).toBeLessThanOrEqual(1);
    expect(min).toBeCloseTo(-max, 4);
  });

  it.each([
    ['percentile-99.99', 1.1],
    ['mse', 70],
    ['entropy', 10],
  ] as const)('by %s leaves out a lone value of 100, as max does not', (method, most) => {
    const values = of([...even, 100]);
    expect(rangeBy('max', values).max).toBe(100);
    expect(rangeBy(method, values).max).toBeLessThan(most);
  });

  it('by percentile-99.999 holds values that are one in a thousand', () => {
    const values = of([...even, ...Array<number>(100).fill(100)]);
    expect(rangeBy('percentile-99.999', values).max).toBeCloseTo(100, 0);
  });

  it.each(calibrationMethods)('by %s of zeros alone is zero', (method) => {
    const { min, max } = rangeBy(method, of([0, 0]));
    expect(Math.abs(min) + Math.abs(max)).toBe(0);
  });
});
