import { describe, expect, it } from 'vitest';
import { effectiveSettings } from '../../scenarios/effective-settings.js';
import { formatDetailValue } from '../../scenarios/logs/detail.js';
import { resultKeys } from '../../scenarios/logs/detail-keys.js';
import { summaryFooter, summaryText } from '../../scenarios/logs/summary.js';
import { performanceResults } from '../../scenarios/results.js';
import { goldenTestSettings, readGolden, type GoldenSettings } from '../golden-loadgen.js';

interface GoldenResult {
  readonly name: string;
  readonly sut_name: string;
  readonly qsl_total: number;
  readonly qsl_perf: number;
  readonly settings: GoldenSettings;
  readonly performance_result: {
    readonly queries_issued: number;
    readonly sample_latency_count: number;
    readonly latency_formula: Readonly<Record<'base' | 'mult' | 'add' | 'mod' | 'step', number>>;
    readonly max_latency_s: number;
    readonly final_query_scheduled_time_s: number;
    readonly final_query_issued_time_s: number;
    readonly final_query_all_samples_done_time_s: number;
  };
  readonly summary_text: string;
  readonly detail: readonly (readonly [string, string])[];
}

const { cases } = readGolden<{ cases: readonly GoldenResult[] }>('results.json');

function latencies({
  sample_latency_count,
  latency_formula,
}: GoldenResult['performance_result']): Float64Array {
  const { base, mult, add, mod, step } = latency_formula;
  return Float64Array.from(
    { length: sample_latency_count },
    (_unused, i) => base + ((i * mult + add) % mod) * step,
  );
}

function slowestPerQuery(samples: Float64Array, perQuery: number): Float64Array {
  return Float64Array.from({ length: samples.length / perQuery }, (_unused, query) =>
    Math.max(...samples.subarray(query * perQuery, (query + 1) * perQuery)),
  );
}

// Token latencies have results of their own.
const plain = cases.filter(
  ({ settings }) => !('use_token_latencies' in settings) && !('infer_token_latencies' in settings),
);

describe.each(plain.map((each) => [each.name, each] as const))(
  'results of the official LoadGen: %s',
  (_name, golden) => {
    const { performance_result: given } = golden;
    const settings = goldenTestSettings(golden.settings);
    const { effective } = effectiveSettings(settings, {
      totalSampleCount: golden.qsl_total,
      performanceSampleCount: golden.qsl_perf,
    });
    const sampleLatenciesNs = latencies(given);
    const results = performanceResults(effective, {
      sampleLatenciesNs,
      ...(effective.scenario === 'MultiStream'
        ? { queryLatenciesNs: slowestPerQuery(sampleLatenciesNs, effective.samples_per_query) }
        : {}),
      queriesIssued: given.queries_issued,
      maxLatencyS: given.max_latency_s,
      finalQueryScheduledTimeS: given.final_query_scheduled_time_s,
      finalQueryIssuedTimeS: given.final_query_issued_time_s,
      finalQueryAllSamplesDoneTimeS: given.final_query_all_samples_done_time_s,
    });

    it('make the same summary, byte for byte', () => {
      const text = summaryText({ sutName: golden.sut_name, mode: settings.mode, effective, results });
      expect(text + summaryFooter(0, 0)).toBe(golden.summary_text);
    });

    it('make the same keys and values of the detail log, in order', () => {
      const pairs = resultKeys(effective, results, 0).map(([key, value]) => [key, formatDetailValue(value)]);
      expect(pairs).toEqual(golden.detail);
    });
  },
);
