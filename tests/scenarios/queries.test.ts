import { describe, expect, it } from 'vitest';
import { effectiveSettings } from '../../scenarios/effective-settings.js';
import { createMersenneTwister } from '../../scenarios/mersenne-twister.js';
import { generateQueries } from '../../scenarios/queries.js';
import { canonical } from '../../scenarios/random.js';
import { sampleSets } from '../../scenarios/sample-sets.js';
import type { Phase } from '../../scenarios/sample-sets.js';
import {
  goldenFiles,
  goldenTestSettings,
  readGolden,
  sha256OfNumbers,
  type GoldenSettings,
} from '../golden-loadgen.js';

interface GoldenPhase {
  readonly phase: string;
  readonly set_index: number;
  readonly set_count: number;
  readonly sample_distribution_end: number;
  readonly loaded_set?: readonly number[];
  readonly loaded_set_first_100?: readonly number[];
  readonly loaded_set_length: number;
  readonly loaded_set_sha256: string;
  readonly query_count: number;
  readonly samples_per_query_runs: readonly (readonly [number, number])[];
  readonly first_query_seq_id: number;
  readonly first_sample_seq_id: number;
  readonly sample_index_total: number;
  readonly sample_indices_first: readonly number[];
  readonly sample_indices_sha256: string;
  readonly scheduled_delta_ns_first: readonly number[];
  readonly scheduled_delta_ns_last: number;
  readonly scheduled_delta_ns_sha256: string;
  readonly accuracy_log_val_first?: readonly number[];
}
interface GoldenCase {
  readonly name: string;
  readonly scenario: string;
  readonly mode: string;
  readonly qsl_total: number;
  readonly qsl_perf: number;
  readonly settings: GoldenSettings;
  readonly effective: Readonly<Record<string, number | boolean>>;
  readonly phases: readonly GoldenPhase[];
}

const phasesOf: Readonly<Record<string, readonly Phase[]>> = {
  AccuracyOnly: ['accuracy'],
  PerformanceOnly: ['performance'],
  SubmissionRun: ['accuracy', 'performance'],
};

/** What the files call a phase. */
const modeOf: Readonly<Record<Phase, string>> = { accuracy: 'AccuracyOnly', performance: 'PerformanceOnly' };

describe.each(goldenFiles(/^queries-.*\.json$/))('%s of the official LoadGen', (file) => {
  const { cases } = readGolden<{ cases: readonly GoldenCase[] }>(file);

  it.each(cases.map((each) => [each.name, each] as const))(
    '%s is issued sample for sample',
    (_name, golden) => {
      const { scenario, mode, qsl_total, qsl_perf, settings } = golden;
      const { effective } = effectiveSettings(goldenTestSettings({ ...settings, scenario, mode }), {
        totalSampleCount: qsl_total,
        performanceSampleCount: qsl_perf,
      });
      expect(effective).toMatchObject(golden.effective);

      const logValues = createMersenneTwister(5489n);
      let firstSample = 0;
      let firstQuery = 0;
      let place = 0;
      for (const phase of phasesOf[mode]!) {
        const sets = sampleSets(effective, phase, qsl_total);
        for (const [index, set] of sets.entries()) {
          const expected = golden.phases[place++]!;
          expect([modeOf[phase], index, sets.length]).toEqual([
            expected.phase,
            expected.set_index,
            expected.set_count,
          ]);
          const loaded = set.sampleIndices;
          expect(set.distributionEnd).toBe(expected.sample_distribution_end);
          expect(loaded.length).toBe(expected.loaded_set_length);
          const listed = expected.loaded_set ?? expected.loaded_set_first_100 ?? [];
          expect([...loaded.subarray(0, listed.length)]).toEqual(listed);
          expect(sha256OfNumbers(loaded)).toBe(expected.loaded_set_sha256);

          const plan = generateQueries(effective, phase, set);
          expect(plan.queryCount).toBe(expected.query_count);
          expect([[plan.samplesPerQuery, plan.queryCount]]).toEqual(expected.samples_per_query_runs);
          expect(plan.sampleIndices.length).toBe(expected.sample_index_total);
          const first = expected.sample_indices_first;
          expect([...plan.sampleIndices.subarray(0, first.length)]).toEqual(first);
          expect(sha256OfNumbers(plan.sampleIndices)).toBe(expected.sample_indices_sha256);
          const deltas = expected.scheduled_delta_ns_first;
          expect([...plan.scheduledDeltaNs.subarray(0, deltas.length)]).toEqual(deltas);
          expect(plan.scheduledDeltaNs.at(-1)).toBe(expected.scheduled_delta_ns_last);
          expect(sha256OfNumbers(plan.scheduledDeltaNs)).toBe(expected.scheduled_delta_ns_sha256);

          expect([firstQuery, firstSample]).toEqual([
            expected.first_query_seq_id,
            expected.first_sample_seq_id,
          ]);
          const drawn = plan.sampleIndices.map(() => 0);
          const values = Array.from(drawn, () => canonical(logValues));
          const logged = expected.accuracy_log_val_first ?? [];
          expect(values.slice(0, logged.length)).toEqual(logged);
          firstQuery += plan.queryCount;
          firstSample += plan.sampleIndices.length;
        }
      }
      expect(place).toBe(golden.phases.length);
    },
  );
});
