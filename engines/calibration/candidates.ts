// Ranges of every place by every method, from what was observed.

import { partOfPlace, type Range, type Ranges } from '../bert/ranges.js';
import { createMagnitudeCounter, magnitudesOf, type Magnitudes } from './magnitudes.js';
import { calibrationMethods, rangeBy, type CalibrationMethod } from './methods.js';
import type { Observation, Observations } from './observe.js';

/**
 * One of the methods over all tokens, or `max-but-first`: everything that occurred but in the first token, [CLS], whose few
 * values may be many times as large as all others and leave those with a handful of steps.
 */
export const rangeChoices = [...calibrationMethods, 'max-but-first'] as const;
export type RangeChoice = CalibrationMethod | 'max-but-first';

/** Choice → place → range. */
export type Candidates = Readonly<Record<RangeChoice, Ranges>>;

export function candidatesOf(observations: Observations): Candidates {
  const all = new Map(Array.from(observations, ([place, observation]) => [place, together(observation)]));
  const by = (method: CalibrationMethod): Ranges =>
    new Map(Array.from(all, ([place, magnitudes]) => [place, rangeBy(method, magnitudes)]));
  return {
    max: by('max'),
    'percentile-99.999': by('percentile-99.999'),
    'percentile-99.99': by('percentile-99.99'),
    mse: by('mse'),
    entropy: by('entropy'),
    'max-but-first': new Map(Array.from(observations, ([place, { others }]) => [place, fullRange(others)])),
  };
}

/** Ranges of the first token and of the others apart, everything that occurred, for graphs that treat them apart. */
export function apartRanges(observations: Observations): Ranges {
  const ranges = new Map<string, Range>();
  for (const [place, { first, others }] of observations) {
    if (!/\.(?:ffn_input|ffn_gelu)$/.test(place)) continue;
    ranges.set(partOfPlace(place, 'first'), fullRange(first));
    ranges.set(partOfPlace(place, 'others'), fullRange(others));
  }
  return ranges;
}

const fullRange = ({ min, max }: { readonly min: number; readonly max: number }): Range => ({ min, max });

function together({ first, others }: Observation): Magnitudes {
  const both = createMagnitudeCounter();
  both.merge(first);
  both.merge(others);
  return magnitudesOf(both);
}
