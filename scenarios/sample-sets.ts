// Which samples are loaded together, in which order. Follows loadgen.cc GenerateLoadableSets (loadgen.md 6).

import type { EffectiveSettings } from './effective-settings.js';
import { createMersenneTwister } from './mersenne-twister.js';
import { shuffle } from './random.js';

/** What a phase measures: accuracy phases run every set, performance phases the first. */
export type Phase = 'accuracy' | 'performance';

/** Samples that are in memory at the same time. */
export interface SampleSet {
  /** int32[]: QSL indices in order; MultiStream: with padding at the end. */
  readonly sampleIndices: Int32Array;
  /** Length without the padding. */
  readonly distributionEnd: number;
}

/** The sets of a phase: a shuffled permutation of the library's first samples, cut into performance_sample_count. */
export function sampleSets(
  effective: EffectiveSettings,
  phase: Phase,
  qslTotal: number,
): readonly SampleSet[] {
  const wanted =
    phase === 'performance' ? effective.performance_sample_count : effective.accuracy_sample_count;
  const order = Int32Array.from({ length: Math.min(wanted, qslTotal) }, (_unused, index) => index);
  shuffle(order, createMersenneTwister(effective.qsl_rng_seed));

  const sets: SampleSet[] = [];
  for (let from = 0; from < order.length; from += effective.performance_sample_count) {
    sets.push(withPadding(order.subarray(from, from + effective.performance_sample_count), effective));
  }
  return phase === 'performance' ? sets.slice(0, 1) : sets;
}

/** MultiStream queries take neighbours from any start, so a set continues with its own first samples. */
function withPadding(samples: Int32Array, { scenario, samples_per_query }: EffectiveSettings): SampleSet {
  const padding = scenario === 'MultiStream' ? samples_per_query - 1 : 0;
  const sampleIndices = new Int32Array(samples.length + padding);
  sampleIndices.set(samples);
  for (let i = 0; i < padding; i++) sampleIndices[samples.length + i] = sampleIndices[i]!;
  return { sampleIndices, distributionEnd: samples.length };
}
