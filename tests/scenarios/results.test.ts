import { describe, expect, it } from 'vitest';
import { effectiveSettings } from '../../scenarios/effective-settings.js';
import { formatDetailValue } from '../../scenarios/logs/detail.js';
import { resultKeys } from '../../scenarios/logs/detail-keys.js';
import { summaryFooter, summaryText } from '../../scenarios/logs/summary.js';
import { performanceResults } from '../../scenarios/results.js';
import type { TokenRecords } from '../../scenarios/token-results.js';
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
    readonly token_formula?: {
      readonly first_token_latency_divisor: number;
      readonly n_tokens_base: number;
    };
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

/** LoadGen writes `inf` and `-nan` bare, which is no JSON; ours are quoted. */
const asJson = (value: string): string => (/^-?(inf|nan)$/.test(value) ? `"${value}"` : value);

/** What the golden file's formula says each sample's tokens did; Offline takes only their number. */
function tokenRecords({ performance_result: given, settings }: GoldenResult): TokenRecords | undefined {
  if (given.token_formula === undefined) return undefined;
  const { first_token_latency_divisor, n_tokens_base } = given.token_formula;
  const samples = latencies(given);
  const tokensOf = (sample: number): number => n_tokens_base + (sample % 5);
  const first = samples.map((latency) => Math.floor(latency / first_token_latency_divisor));
  const isOffline = settings['scenario'] === 'Offline';
  return {
    tokenCount: samples.reduce((sum, _latency, sample) => sum + tokensOf(sample), 0),
    firstTokenLatenciesNs: isOffline ? new Float64Array(0) : first,
    timePerOutputTokenNs: isOffline
      ? new Float64Array(0)
      : samples.map((latency, sample) => Math.floor((latency - first[sample]!) / (tokensOf(sample) - 1))),
  };
}

describe.each(cases.map((each) => [each.name, each] as const))(
  'results of the official LoadGen: %s',
  (_name, golden) => {
    const { performance_result: given } = golden;
    const settings = goldenTestSettings(golden.settings);
    const { effective } = effectiveSettings(settings, {
      totalSampleCount: golden.qsl_total,
      performanceSampleCount: golden.qsl_perf,
    });
    const sampleLatenciesNs = latencies(given);
    const tokens = tokenRecords(golden);
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
      ...(tokens === undefined ? {} : { tokens }),
    });

    it('make the same summary, byte for byte', () => {
      const text = summaryText({ sutName: golden.sut_name, mode: settings.mode, effective, results });
      expect(text + summaryFooter(0, 0)).toBe(golden.summary_text);
    });

    it('make the same keys and values of the detail log, in order', () => {
      const pairs = resultKeys(effective, results, 0).map(([key, value]) => [key, formatDetailValue(value)]);
      expect(pairs).toEqual(golden.detail.map(([key, value]) => [key, asJson(value)]));
    });
  },
);

describe('result numbers', () => {
  const { effective } = effectiveSettings(goldenTestSettings({ scenario: 'Server' }), {
    totalSampleCount: 10,
    performanceSampleCount: 10,
  });
  const resultsOf = (sampleLatenciesNs: Float64Array): ReturnType<typeof performanceResults> =>
    performanceResults(effective, {
      sampleLatenciesNs,
      queriesIssued: sampleLatenciesNs.length,
      maxLatencyS: 1,
      finalQueryScheduledTimeS: 1,
      finalQueryIssuedTimeS: 1,
      finalQueryAllSamplesDoneTimeS: 1,
    });

  it('have an exact mean where the sum passes 2^53', () => {
    const odd = 2 ** 51 + 1;
    expect(resultsOf(new Float64Array(1000).fill(odd)).sampleLatency.mean_ns).toBe(odd);
    expect(resultsOf(Float64Array.of(odd, odd + 1, odd + 1)).sampleLatency.mean_ns).toBe(odd); // cut, not rounded
  });

  it('leave the records as they were', () => {
    const latencies = Float64Array.of(3, 1, 2);
    resultsOf(latencies);
    expect([...latencies]).toEqual([3, 1, 2]);
  });

  it('count a latency equal to the bound as within it', () => {
    const bound = effective.target_latency_ns;
    const { overlatencyCount } = resultsOf(Float64Array.of(bound + 1, bound, bound - 1, bound + 2));
    expect(overlatencyCount).toBe(2);
  });

  it('take the percentile at trunc(n p) of the sorted latencies', () => {
    const latencies = Float64Array.from({ length: 100 }, (_unused, i) => 100 - i);
    expect(resultsOf(latencies).sampleLatency.percentiles_ns).toEqual([51, 91, 96, 98, 100, 100]);
  });

  it('of a run in which nothing completed are INVALID, not a crash', () => {
    const results = resultsOf(new Float64Array(0));
    expect([results.isValid, results.minQueriesMet, results.sampleLatency.mean_ns]).toEqual([
      false,
      false,
      0,
    ]);
  });
});
