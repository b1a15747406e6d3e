// What holds for every seed and size: of the queries before they are issued, and of when a run may end.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scenarios, testSettings, type TestSettingsInput } from '../../configs/test-settings.js';
import { effectiveSettings } from '../../scenarios/effective-settings.js';
import { generateQueries, type QueryPlan } from '../../scenarios/queries.js';
import { sampleSets, type Phase } from '../../scenarios/sample-sets.js';
import { createFakeClock } from '../fakes/fake-clock.js';
import { createFakeSut, createTinyQsl } from '../fakes/fake-suts.js';
import { runTest } from '../fakes/run-test.js';

const MS = 1e6;
const SEED = { seed: 20261125 };
const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const seeds = fc.record({ qsl_rng_seed: seed, sample_index_rng_seed: seed, schedule_rng_seed: seed });

/** All queries of a phase, set by set. */
function plansOf(
  settings: TestSettingsInput,
  phase: Phase,
  totalSampleCount: number,
  performanceSampleCount: number,
): readonly QueryPlan[] {
  const { effective } = effectiveSettings(testSettings(settings), {
    totalSampleCount,
    performanceSampleCount,
  });
  return sampleSets(effective, phase, totalSampleCount).map((set) => generateQueries(effective, phase, set));
}

describe.each(scenarios)('%s', (scenario) => {
  const settings: TestSettingsInput = {
    scenario,
    min_duration_ms: 300,
    min_query_count: 40,
    server_target_qps: 500,
    offline_expected_qps: 500,
    single_stream_expected_latency_ns: 5 * MS,
    multi_stream_expected_latency_ns: 5 * MS,
  };
  const sampleNumbers = (plans: readonly QueryPlan[]): readonly number[] =>
    plans.flatMap(({ sampleIndices }) => [...sampleIndices]);

  it('with the same seeds is the same run, with others another', () => {
    fc.assert(
      fc.property(seeds, seeds, (some, others) => {
        const run = (given: object) =>
          plansOf({ ...settings, ...given }, 'performance', 300, 200).map((plan) => ({
            ...plan,
            sampleIndices: [...plan.sampleIndices],
            scheduledDeltaNs: [...plan.scheduledDeltaNs],
          }));
        expect(run(some)).toEqual(run(some));
        // Only the low 32 bits of a seed count, as in C++; two seeds that agree there are one in 2^32.
        expect(run(others)).not.toEqual(run(some));
      }),
      { ...SEED, numRuns: 20 },
    );
  });

  it('covers every sample exactly once in accuracy mode, beside what pads the last query', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 400 }),
        (given, total, most) => {
          const plans = plansOf({ ...settings, ...given, mode: 'AccuracyOnly' }, 'accuracy', total, most);
          const numbers = sampleNumbers(plans);
          expect(new Set(numbers).size).toBe(total);
          const padding = scenario === 'MultiStream' ? plans.length * 7 : 0;
          expect(numbers.length).toBeGreaterThanOrEqual(total);
          expect(numbers.length).toBeLessThanOrEqual(total + padding);
        },
      ),
      { ...SEED, numRuns: 60 },
    );
  });

  it('draws performance samples from the loaded set alone, and every loaded sample in the long run', () => {
    const plans = plansOf({ ...settings, min_query_count: 4000 }, 'performance', 300, 50);
    const numbers = new Set(sampleNumbers(plans));
    expect([...numbers].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_unused, i) => i));
  });

  it('ends at the first query at which both minimums are met, never before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 1, max: 9 }),
        async (min_query_count, min_duration_ms, latencyMs) => {
          const clock = createFakeClock();
          const sut = createFakeSut({ clock, latencyNs: () => latencyMs * MS });
          const { result } = await runTest(
            sut,
            createTinyQsl(50, 50),
            {
              ...settings,
              min_query_count,
              min_duration_ms,
              single_stream_expected_latency_ns: MS / 2,
              multi_stream_expected_latency_ns: MS / 2,
            },
            { clock },
          );
          const { shared, startNs, queriesIssued } = result.performance!;
          const { issuedNs, scheduledDeltaNs, sampleCount } = shared;
          if (scenario === 'Offline') {
            expect(sampleCount).toBeGreaterThanOrEqual(min_query_count);
            expect(sampleCount).toBeGreaterThanOrEqual(Math.floor(1.1 * (min_duration_ms / 1000) * 500));
            return;
          }
          const reached = (query: number): boolean => {
            const sinceStart = scenario === 'Server' ? scheduledDeltaNs[query]! : issuedNs[query]! - startNs;
            return query + 1 >= min_query_count && sinceStart >= min_duration_ms * MS;
          };
          expect(reached(queriesIssued - 1)).toBe(true);
          // Server generates its queries in advance and issues them all; the last is the first that reaches both.
          if (queriesIssued > 1) expect(reached(queriesIssued - 2)).toBe(false);
          expect(result.results?.minDurationMet).toBe(true);
          expect(result.results?.minQueriesMet).toBe(true);
        },
      ),
      { ...SEED, numRuns: 25 },
    );
  });
});

describe('Server arrivals', () => {
  it('are Poisson: gaps have the mean 1/λ and the variance 1/λ², and do not depend on the one before', () => {
    fc.assert(
      fc.property(seed, fc.constantFrom(20, 100, 1000, 25_000), (schedule_rng_seed, server_target_qps) => {
        const n = 20_000;
        const settings = {
          scenario: 'Server',
          server_target_qps,
          schedule_rng_seed,
          min_query_count: n,
          min_duration_ms: 0,
        } as const;
        const due = plansOf(settings, 'performance', 10, 10)[0]!.scheduledDeltaNs;
        const gaps = Array.from(
          { length: n - 1 },
          (_unused, i) => ((due[i + 1]! - due[i]!) / 1e9) * server_target_qps,
        );
        const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
        const moment = (of: (gap: number, place: number) => number): number =>
          gaps.reduce((sum, gap, place) => sum + of(gap, place), 0) / gaps.length;
        const variance = moment((gap) => (gap - mean) ** 2);
        const neighbours = moment((gap, i) => (i === 0 ? 0 : (gap - mean) * (gaps[i - 1]! - mean)));
        // Five standard errors of each estimate over n exponential gaps.
        const within = (value: number, expected: number, deviation: number): void =>
          expect(Math.abs(value - expected)).toBeLessThan((5 * deviation) / Math.sqrt(n));
        within(mean, 1, 1);
        within(variance, 1, Math.sqrt(8));
        within(neighbours, 0, 1);
      }),
      { ...SEED, numRuns: 25 },
    );
  });
});
