// Which samples each query holds and when it is due; all before time zero. Follows loadgen.cc GenerateQueries (loadgen.md 7).

import { ConfigError } from '../configs/errors.js';
import type { EffectiveSettings } from './effective-settings.js';
import { createMersenneTwister, type MersenneTwister } from './mersenne-twister.js';
import { exponential, shuffle, uniformInt } from './random.js';
import type { Phase, SampleSet } from './sample-sets.js';

/** All queries of a phase. Query q holds the samples `q * samplesPerQuery …`; the arrays are shared memory. */
export interface QueryPlan {
  /** int32[queryCount * samplesPerQuery]: QSL index of each sample. */
  readonly sampleIndices: Int32Array;
  /** float64[queryCount]: when each query is due, ns after the start (only Server waits for it). */
  readonly scheduledDeltaNs: Float64Array;
  readonly queryCount: number;
  /** LoadGen's generated_samples_per_query. */
  readonly samplesPerQuery: number;
  /** LoadGen's generated_query_duration: one period beyond the last query. */
  readonly generatedDurationNs: number;
}

/** A typed array cannot hold more, and neither can an int32 counter. */
const MOST_SAMPLES = 2 ** 31 - 1;

/**
 * Generates the queries of a phase from its seeds; the same settings give the same plan.
 *
 * @throws {ConfigError} where LoadGen would read out of bounds or never end (loadgen.md 22).
 */
export function generateQueries(effective: EffectiveSettings, phase: Phase, set: SampleSet): QueryPlan {
  const { scenario } = effective;
  const loaded = set.sampleIndices;
  const isAccuracy = phase === 'accuracy';
  if (loaded.length === 0) throw new ConfigError('the data set has no samples to issue; give one that has');

  const baseSpq = scenario === 'Offline' && isAccuracy ? set.distributionEnd : effective.samples_per_query;
  const isOnePass = isAccuracy || effective.performance_issue_unique;
  let durationNs = (scenario === 'Server' ? 1 : 2) * effective.target_duration_ms * 1e6;
  let minQueries = effective.min_query_count;
  if (isOnePass) {
    durationNs = 0;
    minQueries = Math.floor(loaded.length / baseSpq);
    if (minQueries === 0) throw tooFewSamples(effective, loaded.length, baseSpq);
  }
  if (effective.performance_issue_same && effective.performance_issue_same_index >= set.distributionEnd) {
    throw new ConfigError(
      `performance_issue_same_index must be below the ${set.distributionEnd} loaded samples, got ${effective.performance_issue_same_index}`,
    );
  }

  const sampleRng = createMersenneTwister(effective.sample_index_rng_seed);
  const pick = createPicker({ effective, isAccuracy, set, sampleRng, minQueries });

  const isPermuted = effective.sample_concatenate_permutation;
  let samplesPerQuery = baseSpq;
  if (!isAccuracy && isPermuted) {
    if (scenario === 'Offline') samplesPerQuery = roundUp(samplesPerQuery, loaded.length);
    else minQueries = roundUp(minQueries, loaded.length);
  }

  const period = createPeriod(effective);
  const deltas = createGrowingFloat64(expectedQueries(effective, durationNs, minQueries));
  let previous = 0;
  let delta = 0;
  let queries = 0;
  while (previous < durationNs || queries < minQueries) {
    deltas.push(delta);
    queries++;
    if (queries * samplesPerQuery > MOST_SAMPLES) throw tooManySamples(effective);
    previous = delta;
    delta += period();
    if (isPermuted && scenario !== 'Offline' && queries >= minQueries && previous < durationNs) {
      minQueries += loaded.length;
    }
  }

  const sampleIndices = new Int32Array(new SharedArrayBuffer(queries * samplesPerQuery * 4));
  pick(sampleIndices, samplesPerQuery);
  return {
    sampleIndices,
    scheduledDeltaNs: deltas.shared(),
    queryCount: queries,
    samplesPerQuery,
    generatedDurationNs: delta,
  };
}

interface PickerSetup {
  readonly effective: EffectiveSettings;
  readonly isAccuracy: boolean;
  readonly set: SampleSet;
  readonly sampleRng: MersenneTwister;
  readonly minQueries: number;
}

/** Fills the sample indices of all queries. */
type Picker = (sampleIndices: Int32Array, samplesPerQuery: number) => void;

/**
 * LoadGen builds three selectors whether it uses them or not, and each consumes the sample engine; so do we, in its
 * order: the main one (accuracy: a shuffled list), the unique one, the equal-issue one.
 */
function createPicker({ effective, isAccuracy, set, sampleRng, minQueries }: PickerSetup): Picker {
  const { scenario } = effective;
  const { sampleIndices: loaded, distributionEnd } = set;
  const stride = scenario === 'MultiStream' ? effective.samples_per_query : 1;
  const once = (): Int32Array => {
    const starts = Int32Array.from(
      { length: Math.ceil(distributionEnd / stride) },
      (_unused, i) => i * stride,
    );
    shuffle(starts, sampleRng);
    return starts;
  };
  const accuracyOrder = isAccuracy ? once() : undefined;
  const uniqueOrder = once();
  const equalIssueOrder = equalIssue(
    loaded.length,
    minQueries,
    sampleRng,
    effective.sample_concatenate_permutation,
  );

  if (scenario === 'Offline') return offlinePicker(effective, loaded, sampleRng);

  const start = startSelector(effective, {
    any: accuracyOrder === undefined ? () => uniformInt(sampleRng, distributionEnd) : inOrder(accuracyOrder),
    unique: inOrder(uniqueOrder),
    equal: scenario === 'MultiStream' ? undefined : around(equalIssueOrder),
  });
  return (sampleIndices, samplesPerQuery) => {
    for (let at = 0; at < sampleIndices.length; at += samplesPerQuery) {
      const from = start();
      for (let i = 0; i < samplesPerQuery; i++) sampleIndices[at + i] = loaded[from + i]!;
    }
  };
}

function startSelector(
  effective: EffectiveSettings,
  by: {
    readonly any: () => number;
    readonly unique: () => number;
    readonly equal: (() => number) | undefined;
  },
): () => number {
  if (effective.performance_issue_unique) return by.unique;
  if (effective.performance_issue_same) return () => effective.performance_issue_same_index;
  if (effective.sample_concatenate_permutation && by.equal !== undefined) return by.equal;
  return by.any;
}

/** The one Offline query: whole copies of the set, then its beginning. */
function offlinePicker(effective: EffectiveSettings, loaded: Int32Array, sampleRng: MersenneTwister): Picker {
  return (sampleIndices) => {
    if (effective.performance_issue_same) {
      sampleIndices.fill(loaded[effective.performance_issue_same_index]!);
      return;
    }
    for (let at = 0; at < sampleIndices.length; at += loaded.length) {
      const room = sampleIndices.length - at;
      if (room < loaded.length) sampleIndices.set(loaded.subarray(0, room), at);
      else {
        sampleIndices.set(loaded, at);
        if (effective.sample_concatenate_permutation)
          shuffle(sampleIndices.subarray(at, at + loaded.length), sampleRng);
      }
    }
  };
}

/**
 * ceil(minQueries / length) permutations one after another, each shuffled from the one before. Only kept when it is
 * used; otherwise the shuffles merely move the engine on.
 */
function equalIssue(length: number, minQueries: number, rng: MersenneTwister, isUsed: boolean): Int32Array {
  const rounds = Math.ceil(minQueries / length);
  const list = Int32Array.from({ length }, (_unused, index) => index);
  const sequence = new Int32Array(isUsed ? rounds * length : 0);
  for (let round = 0; round < rounds; round++) {
    shuffle(list, rng);
    if (isUsed) sequence.set(list, round * length);
  }
  return sequence;
}

function inOrder(list: Int32Array): () => number {
  let next = 0;
  return () => list[next++]!;
}

function around(list: Int32Array): () => number {
  let next = 0;
  return () => list[next++ % list.length]!;
}

function createPeriod(effective: EffectiveSettings): () => number {
  const { scenario, target_qps } = effective;
  if (!(target_qps > 0)) throw new ConfigError(`the target rate must be greater than 0, got ${target_qps}`);
  if (scenario !== 'Server') {
    const constantNs = Math.trunc((1.0 / target_qps) * 1e9);
    return () => constantNs;
  }
  const scheduleRng = createMersenneTwister(effective.schedule_rng_seed);
  return () => Math.trunc(exponential(scheduleRng, target_qps) * 1e9);
}

function expectedQueries({ target_qps }: EffectiveSettings, durationNs: number, minQueries: number): number {
  return Math.ceil(Math.max(minQueries, (durationNs / 1e9) * target_qps * 1.01)) + 64;
}

/** A float64 list in shared memory that grows by half when its guess was too small. */
function createGrowingFloat64(guess: number): { push(value: number): void; shared(): Float64Array } {
  if (guess > MOST_SAMPLES) throw tooManyQueries(guess);
  let values = new Float64Array(new SharedArrayBuffer(guess * 8));
  let length = 0;
  return {
    push(value) {
      if (length === values.length) {
        const larger = new Float64Array(new SharedArrayBuffer(Math.ceil(length * 1.5) * 8));
        larger.set(values);
        values = larger;
      }
      values[length++] = value;
    },
    shared: () => values.subarray(0, length),
  };
}

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

function tooFewSamples({ scenario }: EffectiveSettings, loaded: number, perQuery: number): ConfigError {
  return new ConfigError(
    `${scenario} would issue ${perQuery} different samples in a query, but only ${loaded} are loaded.` +
      ' Ask for fewer samples per query, or leave performance_issue_unique out.',
  );
}

function tooManyQueries(queries: number): ConfigError {
  return new ConfigError(
    `the run would need ${queries} queries; at most ${MOST_SAMPLES} fit. Lower the target rate, the duration or min_query_count.`,
  );
}

function tooManySamples({ scenario }: EffectiveSettings): ConfigError {
  return new ConfigError(
    `${scenario} would need more than ${MOST_SAMPLES} samples. Lower the target rate, the duration or min_query_count.`,
  );
}
