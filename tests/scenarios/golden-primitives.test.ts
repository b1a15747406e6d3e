// The random primitives, schedules, effective settings and accuracy sampling of the official LoadGen.

import { describe, expect, it } from 'vitest';
import { createAccuracySampling } from '../../scenarios/accuracy-sampling.js';
import { effectiveSettings } from '../../scenarios/effective-settings.js';
import { createMersenneTwister } from '../../scenarios/mersenne-twister.js';
import { generateQueries } from '../../scenarios/queries.js';
import { canonical, exponential, shuffle, uniformInt } from '../../scenarios/random.js';
import { sampleSets } from '../../scenarios/sample-sets.js';
import { goldenTestSettings, readGolden, sha256OfNumbers, type GoldenSettings } from '../golden-loadgen.js';

interface Rng {
  readonly mt19937: readonly {
    seed: string;
    first: number[];
    outputs_621_to_630: number[];
    output_10000: number;
  }[];
  readonly uniform_int_distribution_int32: readonly Uniform[];
  readonly uniform_int_distribution_uint64: readonly Uniform[];
  readonly uniform_real_distribution_0_1: readonly { seed: string; values: number[]; next_raw: number }[];
}
/** Long ones are not listed whole. */
type Permutation =
  | { readonly permutation: readonly number[] }
  | { readonly first_60: readonly number[]; readonly last_5: readonly number[]; readonly sha256: string };
interface Uniform {
  readonly seed: string;
  readonly max: number | string;
  readonly values: readonly (number | string)[];
  readonly sum_of_first_10000: string;
  readonly next_raw_after_10000: number;
}
const rng = readGolden<Rng>('rng.json');
const start = (seed: string) => createMersenneTwister(BigInt(seed));
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

describe('random numbers are those of the official LoadGen', () => {
  it.each(rng.mt19937.map((each) => [each.seed, each] as const))('raw, seed %s', (seed, golden) => {
    const twister = start(seed);
    const outputs = times(10_000, () => twister.next());
    expect(outputs.slice(0, golden.first.length)).toEqual(golden.first);
    expect(outputs.slice(620, 630)).toEqual(golden.outputs_621_to_630);
    expect(outputs.at(-1)).toBe(golden.output_10000);
  });

  it('whole, of every range', () => {
    for (const golden of [...rng.uniform_int_distribution_int32, ...rng.uniform_int_distribution_uint64]) {
      const twister = start(golden.seed);
      const values = times(10_000, () => uniformInt(twister, Number(golden.max) + 1));
      expect(values.slice(0, golden.values.length)).toEqual(golden.values.map(Number));
      expect(values.reduce((sum, value) => sum + BigInt(value), 0n)).toBe(BigInt(golden.sum_of_first_10000));
      expect(twister.next()).toBe(golden.next_raw_after_10000);
    }
  });

  it('real', () => {
    for (const golden of rng.uniform_real_distribution_0_1) {
      const twister = start(golden.seed);
      expect(times(golden.values.length, () => canonical(twister))).toEqual(golden.values);
      expect(twister.next()).toBe(golden.next_raw);
    }
  });

  it('exponential, to the nanosecond', () => {
    const { exponential: cases } = readGolden<{
      exponential: readonly { seed: string; lambda: number; interval_ns: number[] }[];
    }>('exponential.json');
    for (const { seed, lambda, interval_ns } of cases) {
      const twister = start(seed);
      expect(times(interval_ns.length, () => Math.trunc(exponential(twister, lambda) * 1e9))).toEqual(
        interval_ns,
      );
    }
  });

  it('shuffled, three times in a row', () => {
    const { shuffle: cases } = readGolden<{
      shuffle: readonly {
        seed: string;
        n: number;
        rounds: readonly Permutation[];
        next_raw_output_after_all_rounds: number;
      }[];
    }>('shuffle.json');
    for (const { seed, n, rounds, next_raw_output_after_all_rounds } of cases) {
      const twister = start(seed);
      const array = Int32Array.from({ length: n }, (_unused, i) => i);
      for (const round of rounds) {
        shuffle(array, twister);
        if ('permutation' in round) {
          expect([...array]).toEqual(round.permutation);
        } else {
          expect([...array.subarray(0, 60), ...array.subarray(-5)]).toEqual([
            ...round.first_60,
            ...round.last_5,
          ]);
          expect(sha256OfNumbers(array)).toBe(round.sha256);
        }
      }
      expect(twister.next()).toBe(next_raw_output_after_all_rounds);
    }
  });
});

describe('Server schedules are those of the official LoadGen', () => {
  interface Schedule {
    readonly schedule_rng_seed: string;
    readonly target_qps: number;
    readonly duration_s: number;
    readonly min_query_count: number;
    readonly scheduled_delta_ns: readonly number[];
    readonly every_100000th_delta_ns: readonly number[];
    readonly query_count: number;
    readonly last_scheduled_delta_ns: number;
    readonly generated_query_duration_ns: number;
  }
  const { server, constant_period } = readGolden<{
    server: readonly Schedule[];
    constant_period: readonly { target_qps: number; period_ns: number }[];
  }>('schedule.json');
  const qsl = { totalSampleCount: 10, performanceSampleCount: 10 };

  it.each(server.map((each) => [each.target_qps, each.schedule_rng_seed, each] as const))(
    'at %d qps, seed %s',
    (_qps, _seed, golden) => {
      const settings = goldenTestSettings({
        scenario: 'Server',
        server_target_qps: golden.target_qps,
        min_duration_ms: golden.duration_s * 1000,
        min_query_count: golden.min_query_count,
        schedule_rng_seed: golden.schedule_rng_seed,
      });
      const { effective } = effectiveSettings(settings, qsl);
      const plan = generateQueries(effective, 'performance', sampleSets(effective, 'performance', 10)[0]!);
      const deltas = plan.scheduledDeltaNs;
      expect(plan.queryCount).toBe(golden.query_count);
      expect([...deltas.subarray(0, golden.scheduled_delta_ns.length)]).toEqual(golden.scheduled_delta_ns);
      expect(golden.every_100000th_delta_ns.map((_unused, i) => deltas[i * 100_000])).toEqual(
        golden.every_100000th_delta_ns,
      );
      expect(deltas.at(-1)).toBe(golden.last_scheduled_delta_ns);
      expect(plan.generatedDurationNs).toBe(golden.generated_query_duration_ns);
    },
  );

  it('have the constant period of the other scenarios', () => {
    for (const { target_qps, period_ns } of constant_period) {
      const settings = goldenTestSettings({
        scenario: 'SingleStream',
        min_query_count: 2,
        min_duration_ms: 0,
      });
      const { effective } = effectiveSettings(settings, qsl);
      const plan = generateQueries(
        { ...effective, target_qps },
        'performance',
        sampleSets(effective, 'performance', 10)[0]!,
      );
      expect([...plan.scheduledDeltaNs]).toEqual([0, period_ns]);
    }
  });
});

describe('effective settings are those of the official LoadGen', () => {
  const { cases } = readGolden<{
    cases: readonly {
      settings: GoldenSettings;
      qsl_total: number;
      qsl_perf: number;
      effective: Record<string, unknown>;
    }[];
  }>('effective-settings.json');

  it('in every case', () => {
    for (const { settings, qsl_total, qsl_perf, effective } of cases) {
      const qsl = { totalSampleCount: qsl_total, performanceSampleCount: qsl_perf };
      expect(effectiveSettings(goldenTestSettings(settings), qsl).effective).toMatchObject(effective);
    }
  });
});

describe('accuracy sampling logs the responses of the official LoadGen', () => {
  const { cases } = readGolden<{
    cases: readonly {
      name: string;
      settings: GoldenSettings;
      qsl_total: number;
      qsl_perf: number;
      logged_seq_ids: number[];
      logged_qsl_idx: number[];
    }[];
  }>('accuracy-sampling.json');

  it.each(cases.map((each) => [each.name, each] as const))('%s', (_name, golden) => {
    const qsl = { totalSampleCount: golden.qsl_total, performanceSampleCount: golden.qsl_perf };
    const { effective } = effectiveSettings(goldenTestSettings(golden.settings), qsl);
    const plan = generateQueries(
      effective,
      'performance',
      sampleSets(effective, 'performance', golden.qsl_total)[0]!,
    );
    const marks = createAccuracySampling(effective).mark('performance', plan.sampleIndices.length);
    const logged = [...marks.keys()]
      .filter((sample) => marks[sample] === 1)
      .filter((sample) => sample <= golden.logged_seq_ids.at(-1)!);
    expect(logged).toEqual(golden.logged_seq_ids);
    expect(logged.map((sample) => plan.sampleIndices[sample])).toEqual(golden.logged_qsl_idx);
  });
});
