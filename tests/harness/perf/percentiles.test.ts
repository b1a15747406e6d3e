// Percentiles by name: two tools that differ must be comparable.

import { describe, expect, it } from 'vitest';
import { percentileIndex, statisticsOf } from '../../../harness/perf/percentiles.js';

describe('the percentile of a list of times', () => {
  it.each([
    ['trtexec', 0.99, 100, 98],
    ['trtexec', 0.99, 1000, 989],
    ['trtexec', 0.9, 10, 8],
    ['trtexec', 0.99, 7, 6],
    ['nearest_rank', 0.99, 100, 98],
    ['nearest_rank', 0.9, 15, 13],
    ['trtexec', 0.9, 15, 13],
    ['nearest_rank', 0.5, 4, 1],
    ['trtexec', 0.5, 4, 1],
    ['trtexec', 0.5, 5, 2],
    ['trtexec', 1, 5, 4],
  ] as const)('by %s: %d of %d values is element %d', (method, p, n, index) => {
    expect(percentileIndex(p, n, method)).toBe(index);
  });

  it('comes with mean, median and how unsteady they are', () => {
    const statistics = statisticsOf(Float64Array.of(4, 1, 3, 2), [50, 99], 'trtexec');
    expect(statistics).toMatchObject({
      min: 1,
      max: 4,
      mean: 2.5,
      median: 2.5,
      percentiles: { p50: 2, p99: 4 },
    });
    expect(statistics.variation).toBeCloseTo(Math.sqrt(1.25) / 2.5);
  });
});
