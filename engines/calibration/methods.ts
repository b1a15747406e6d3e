// From the magnitudes of a place to its range: the ways that are usual, none of which is best for every model.

import type { Range } from '../bert/ranges.js';
import type { Magnitudes } from './magnitudes.js';

/**
 * - max: everything that occurred.
 * - percentile-99.99, percentile-99.999: that part of the values.
 * - mse: the least squared error of rounding and clipping together.
 * - entropy: the least loss of information (Kullback-Leibler), as TensorRT's entropy calibrator has it.
 */
export const calibrationMethods = ['max', 'percentile-99.999', 'percentile-99.99', 'mse', 'entropy'] as const;
export type CalibrationMethod = (typeof calibrationMethods)[number];

/** Steps on one side of zero. */
const STEPS = 127;

export function rangeBy(method: CalibrationMethod, magnitudes: Magnitudes): Range {
  const { min, max } = magnitudes;
  const limit = limitBy(method, magnitudes);
  return { min: Math.max(min, -limit), max: Math.min(max, limit) };
}

function limitBy(method: CalibrationMethod, magnitudes: Magnitudes): number {
  switch (method) {
    case 'max':
      return largest(magnitudes);
    case 'percentile-99.999':
      return percentile(magnitudes, 0.99999);
    case 'percentile-99.99':
      return percentile(magnitudes, 0.9999);
    case 'mse':
      return leastSquares(magnitudes);
    case 'entropy':
      return leastDivergence(magnitudes);
  }
}

const largest = ({ min, max }: Magnitudes): number => Math.max(-min, max);

/** The magnitude that `part` of the values do not exceed. */
function percentile(magnitudes: Magnitudes, part: number): number {
  const { values, counts } = magnitudes;
  const wanted = counts.reduce((sum, count) => sum + count, 0) * part;
  let sum = 0;
  for (const [i, count] of counts.entries()) {
    sum += count;
    if (sum >= wanted) return Math.min(values[i]!, largest(magnitudes));
  }
  return largest(magnitudes);
}

/** Limits that methods try: the largest magnitude and down to a twentieth of it. */
function* limits(magnitudes: Magnitudes): Generator<number, void, undefined> {
  for (let limit = largest(magnitudes), i = 0; i < 80; i++, limit *= 0.9632) yield limit;
}

function leastSquares(magnitudes: Magnitudes): number {
  const { values, counts } = magnitudes;
  return leastOver(magnitudes, (limit) => {
    const step = limit / STEPS;
    const roundingError = step ** 2 / 12;
    let error = 0;
    for (const [i, value] of values.entries()) {
      const each =
        value < step / 2 ? value ** 2 : value <= limit ? roundingError : (value - limit) ** 2 + roundingError;
      error += counts[i]! * each;
    }
    return error;
  });
}

const ENTROPY_BINS = 2048;
const ENTROPY_LEVELS = STEPS + 1;

/** Follows the description of TensorRT's calibrator (Migacz, "8-bit Inference with TensorRT", 2017). */
function leastDivergence(magnitudes: Magnitudes): number {
  const width = largest(magnitudes) / ENTROPY_BINS;
  if (width === 0) return 0;
  const linear = linearBins(magnitudes, width);
  return leastOver(magnitudes, (limit) => {
    const binCount = Math.round(limit / width);
    return binCount < ENTROPY_LEVELS ? Infinity : divergence(linear, binCount);
  });
}

/** Each logarithmic bin's count spread over the linear bins that it covers; zeros themselves say nothing about a range. */
function linearBins({ values, counts }: Magnitudes, width: number): Float64Array {
  const bins = new Float64Array(ENTROPY_BINS);
  for (const [i, value] of values.entries()) {
    if (value === 0) continue;
    const half = value / 256;
    const from = Math.min(ENTROPY_BINS - 1, Math.floor((value - half) / width));
    const to = Math.min(ENTROPY_BINS - 1, Math.floor((value + half) / width));
    for (let bin = from; bin <= to; bin++) bins[bin]! += counts[i]! / (to - from + 1);
  }
  return bins;
}

/** Of the clipped distribution of `binCount` bins from the same one in 128 levels. */
function divergence(bins: Float64Array, binCount: number): number {
  let total = 0;
  let outside = 0;
  for (let bin = 0; bin < binCount; bin++) total += bins[bin]!;
  for (let bin = binCount; bin < ENTROPY_BINS; bin++) outside += bins[bin]!;
  if (total === 0) return Infinity;
  let result = 0;
  for (let level = 0; level < ENTROPY_LEVELS; level++) {
    const from = Math.floor((level * binCount) / ENTROPY_LEVELS);
    const to = Math.floor(((level + 1) * binCount) / ENTROPY_LEVELS);
    let sum = 0;
    let occupied = 0;
    for (let bin = from; bin < to; bin++) {
      sum += bins[bin]!;
      if (bins[bin]! > 0) occupied++;
    }
    const even = sum / occupied;
    for (let bin = from; bin < to; bin++) {
      if (bins[bin]! === 0) continue;
      const clipped = bins[bin]! + (bin === binCount - 1 ? outside : 0);
      result += (clipped / (total + outside)) * Math.log(clipped / (total + outside) / (even / total));
    }
  }
  return result;
}

function leastOver(magnitudes: Magnitudes, cost: (limit: number) => number): number {
  let best = { limit: largest(magnitudes), cost: Infinity };
  for (const limit of limits(magnitudes)) {
    const tried = cost(limit);
    if (tried < best.cost) best = { limit, cost: tried };
  }
  return best.limit;
}
