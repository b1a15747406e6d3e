// Which responses of a run go to the accuracy log. Follows loadgen.cc (accuracy_log_val) and loadgen.md 9.

import type { EffectiveSettings } from './effective-settings.js';
import { createMersenneTwister } from './mersenne-twister.js';
import { canonical } from './random.js';
import type { Phase } from './sample-sets.js';

/** LoadGen's engine for accuracy_log_val is never seeded: std::mt19937's default. */
const DEFAULT_SEED = 5489n;

export interface AccuracySampling {
  /**
   * For the next `sampleCount` samples in order of generation: 1 where the response is logged (uint8[], shared memory).
   * Called once per phase and set; the underlying stream runs on through a whole test.
   */
  mark(phase: Phase, sampleCount: number): Uint8Array;
}

/** Starts the sampling of one test. */
export function createAccuracySampling(effective: EffectiveSettings): AccuracySampling {
  const rng = createMersenneTwister(DEFAULT_SEED);
  const offset = canonical(createMersenneTwister(effective.accuracy_log_rng_seed));
  const probability = loggedShare(effective);
  return {
    mark(phase, sampleCount) {
      const isLogged = new Uint8Array(new SharedArrayBuffer(sampleCount));
      // No value can be below a probability of zero, and nothing later depends on the stream's place.
      if (phase === 'performance' && probability === 0) return isLogged;
      for (let sample = 0; sample < sampleCount; sample++) {
        const value = canonical(rng);
        const shifted = value + offset < 1 ? value + offset : value + offset - 1;
        isLogged[sample] = phase === 'accuracy' || shifted <= probability ? 1 : 0;
      }
      return isLogged;
    },
  };
}

/** Share of a performance run's responses that are logged. */
function loggedShare(effective: EffectiveSettings): number {
  const { accuracy_log_sampling_target: target, scenario, samples_per_query } = effective;
  if (target === 0) return effective.accuracy_log_probability;
  const expected = Math.trunc((effective.target_qps * effective.min_duration_ms) / 1000);
  const samples =
    scenario === 'Offline'
      ? Math.max(expected, effective.min_sample_count)
      : Math.max(expected * samples_per_query, effective.min_query_count * samples_per_query);
  return target / samples;
}
