import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scenarios, type Scenario } from '../../../configs/test-settings.js';
import { effectiveSettings } from '../../../scenarios/effective-settings.js';
import {
  effectiveKeys,
  programKeys,
  requestedKeys,
  resultKeys,
} from '../../../scenarios/logs/detail-keys.js';
import { createDetailLog, formatDetailValue, type DetailValue } from '../../../scenarios/logs/detail.js';
import { summaryFooter, summaryText } from '../../../scenarios/logs/summary.js';
import { performanceResults } from '../../../scenarios/results.js';
import { goldenTestSettings, type GoldenSettings } from '../../golden-loadgen.js';
import { createCapturedFile } from './captured-file.js';

// What the official LoadGen was asked for when it wrote tests/golden/loadgen/logs/<Scenario>-PerformanceOnly.
const requestedOf: Readonly<Record<Scenario, GoldenSettings>> = {
  SingleStream: { min_duration_ms: 200, single_stream_expected_latency_ns: 500000 },
  MultiStream: {
    min_duration_ms: 150,
    multi_stream_expected_latency_ns: 1000000,
    multi_stream_samples_per_query: 8,
  },
  Server: { min_duration_ms: 1000, server_target_qps: 500, server_target_latency_ns: 20000000 },
  Offline: { min_duration_ms: 500, offline_expected_qps: 900 },
};
const ofAll: GoldenSettings = {
  mode: 'PerformanceOnly',
  min_query_count: 100,
  qsl_rng_seed: '2085463073848966840',
  sample_index_rng_seed: '2747215439041700203',
  schedule_rng_seed: '16159082839903944936',
};

function readLog(scenario: Scenario, name: string): string {
  const folder = `../../golden/loadgen/logs/${scenario}-PerformanceOnly/`;
  return readFileSync(new URL(`${folder}mlperf_log_${name}.txt`, import.meta.url), 'utf8');
}

/** `[key, value text]` of each line. */
function pairsOf(detail: string): readonly (readonly [string, string])[] {
  return detail
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, key, value] = /^:::MLLOG \{"key": "([^"]+)", "value": (.*), "time_ms": /.exec(line)!;
      return [key!, value!] as const;
    });
}

const textOf = (
  entries: readonly (readonly [string, DetailValue])[],
): readonly (readonly [string, string])[] =>
  entries.map(([key, value]) => [key, formatDetailValue(value)] as const);

/** A value's form: which digits it has is a matter of the run. */
const formOf = (value: string): string => (/^-?[\d.e+-]+$/.test(value) ? 'number' : value.slice(0, 1));

describe.each(scenarios)('beside a real %s log of the official LoadGen', (scenario) => {
  const detail = readLog(scenario, 'detail');
  const real = pairsOf(detail);
  const requested = goldenTestSettings({ scenario, ...ofAll, ...requestedOf[scenario] });
  const { effective } = effectiveSettings(requested, { totalSampleCount: 100, performanceSampleCount: 64 });
  const from = (key: string): number => real.findIndex(([each]) => each === key);
  const results = performanceResults(effective, {
    sampleLatenciesNs: Float64Array.from({ length: 1000 }, (_unused, i) => 1_000_000 + i),
    ...(scenario === 'MultiStream' ? { queryLatenciesNs: new Float64Array(125).fill(1_000_999) } : {}),
    queriesIssued: scenario === 'MultiStream' ? 125 : scenario === 'Offline' ? 1 : 1000,
    maxLatencyS: 0.7,
    finalQueryScheduledTimeS: 1.3,
    finalQueryIssuedTimeS: 1.3,
    finalQueryAllSamplesDoneTimeS: 1.4,
  });

  it('the log opens with the same keys', () => {
    const ours = textOf(programKeys({ name: 'loadrig', version: '1.2.3' }));
    expect(ours.map(([key]) => key)).toEqual(real.slice(0, ours.length).map(([key]) => key));
    expect(ours[0]).toEqual(['loadgen_version', '"loadrig 1.2.3 @ NA"']);
  });

  it('requested and effective settings are the same, key by key and digit by digit', () => {
    const ours = textOf([...requestedKeys(requested), ...effectiveKeys(effective)]);
    expect(ours).toEqual(real.slice(from('requested_scenario'), from('generic_message')));
  });

  it('the requested settings end with those of the tokens where they are judged', () => {
    const keys = requestedKeys({ ...requested, use_token_latencies: true }).map(([key]) => key);
    const bounds = ['requested_server_ttft_latency', 'requested_server_tpot_latency'];
    expect(keys.slice(keys.indexOf('requested_sample_concatenate_permutation') + 1)).toEqual([
      'requested_use_token_latencies',
      ...(scenario === 'Offline' ? [] : bounds),
    ]);
  });

  it('the results have the same keys in the same order and form', () => {
    const ours = textOf(resultKeys(effective, results, 0)).filter(([key]) => key !== 'result_invalid_reason');
    const theirs = real.slice(from('result_validity')).filter(([key]) => key !== 'result_invalid_reason');
    expect(ours.map(([key, value]) => [key, formOf(value)])).toEqual(
      theirs.map(([key, value]) => [key, formOf(value)]),
    );
  });

  it('a line has the same form', () => {
    const file = createCapturedFile();
    createDetailLog(file, () => 703_624).log([['qsl_reported_total_count', 100]]);
    const theirs = detail.split('\n').find((line) => line.includes('"qsl_reported_total_count"'))!;
    const blind = (line: string): string =>
      line
        .trimEnd()
        .replace(/"time_ms": \d+\.\d{6},/, '"time_ms": T,')
        .replace(/"file": "[^"]+"/, '"file": F')
        .replace(/("line_no"|"pid"|"tid"): \d+/g, '$1: N');
    expect(blind(file.text())).toBe(blind(theirs));
  });

  it('the summary has the same lines', () => {
    const blind = (text: string): string =>
      text
        .replace(/(Recommendations|Early Stopping Result):\n[^]*?(?=\n(?:Early Stopping|\n))/g, '$1: …')
        .replace(/(Early Stopping Result):\n[^]*?(?=\n\n)/g, '$1: …')
        .replace(/(latency \(ns\)|overhead|per second|percentile latency \(ns\))(\s*): .*/g, '$1$2: …')
        .replace(/: (VALID|INVALID|Yes|NO)$/gm, ': …')
        .replace(/\nRecommendations: …/, '');
    const ours = summaryText({ sutName: 'TestSUT', mode: requested.mode, effective, results });
    expect(blind(ours + summaryFooter(0, 0))).toBe(blind(readLog(scenario, 'summary')));
  });
});
