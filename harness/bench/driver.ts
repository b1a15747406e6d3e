// The driver measured with a SUT that does nothing, beside what the C++ LoadGen reached on a machine of this kind.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testSettings, type TestSettingsInput } from '../../configs/test-settings.js';
import { connectNullSut } from '../../engines/null.js';
import type { QuerySampleLibrary } from '../../scenarios/contract.js';
import { logSettings } from '../../scenarios/logs/log-files.js';
import { startTest, type TestResult } from '../../scenarios/start-test.js';
import { spread, type BenchRow } from './table.js';

const SAMPLES = 1024;
const qsl: QuerySampleLibrary = {
  name: 'bench',
  totalSampleCount: SAMPLES,
  performanceSampleCount: SAMPLES,
  loadSamplesToRam: () => undefined,
  unloadSamplesFromRam: () => undefined,
};

interface Timed {
  readonly result: TestResult;
  /** The whole of startTest: generation, issuing, logs. */
  readonly wallS: number;
}

async function run(settings: TestSettingsInput): Promise<Timed> {
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-bench-'));
  try {
    const from = performance.now();
    const result = await startTest(connectNullSut(), qsl, testSettings(settings), logSettings(folder));
    return { result, wallS: (performance.now() - from) / 1000 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function repeat(times: number, settings: TestSettingsInput): Promise<readonly Timed[]> {
  const runs: Timed[] = [];
  for (let i = 0; i < times; i++) runs.push(await run(settings));
  return runs;
}

/** C++ LoadGen 6.0.17 figures: published context, from another run on another machine. */
export async function benchDriver(say: (line: string) => void): Promise<readonly BenchRow[]> {
  say('driver: SingleStream, 2 M queries');
  const single = await repeat(5, {
    scenario: 'SingleStream',
    single_stream_expected_latency_ns: 1000,
    min_query_count: 2_000_000,
    min_duration_ms: 0,
  });
  say('driver: Offline, 10 M samples');
  const offline = await repeat(3, { scenario: 'Offline', min_query_count: 10_000_000, min_duration_ms: 0 });
  say('driver: Server, 100,000 queries/s for 10 s');
  const server = await run({
    scenario: 'Server',
    server_target_qps: 100_000,
    server_target_latency_ns: 10_000_000,
    min_duration_ms: 10_000,
  });
  say('driver: Server, 10 M queries, memory');
  const beforeBytes = process.memoryUsage().rss;
  const large = await run({
    scenario: 'Server',
    server_target_qps: 1_000_000,
    server_target_latency_ns: 1_000_000_000,
    min_duration_ms: 10_000,
  });
  const peakBytes = process.resourceUsage().maxRSS * 1024;

  const delay = server.result.issueDelay ?? { p50_ns: NaN, p99_ns: NaN, max_ns: NaN };
  return [
    {
      what: 'SingleStream, null SUT inline',
      unit: 'queries/s',
      ...spread(single.map(({ result }) => result.results?.qpsWithOverhead ?? NaN)),
      aim: '≥ 1.5 M',
      context: 'C++ LoadGen 0.72 M',
    },
    {
      what: 'Offline, 10 M samples, generation and logs included',
      unit: 'samples/s',
      ...spread(offline.map(({ wallS }) => 10_000_000 / wallS)),
      aim: '≥ 3 M',
      context: 'C++ LoadGen 2.9 M (1 M samples)',
    },
    {
      what: `Server at 100,000 queries/s: ${server.result.results?.isValid === true ? 'VALID' : 'INVALID'}, lateness p50`,
      unit: 'µs',
      ...spread([delay.p50_ns / 1000]),
      aim: '≤ 5',
      context: 'C++ LoadGen 53 (latency of a null SUT)',
    },
    {
      what: 'Server at 100,000 queries/s, lateness p99',
      unit: 'µs',
      ...spread([delay.p99_ns / 1000]),
      aim: '',
      context: 'C++ LoadGen 497–974',
    },
    {
      what: `Server, ${large.result.performance?.queriesIssued ?? 0} queries: peak memory of the process`,
      unit: 'MiB',
      ...spread([peakBytes / 2 ** 20]),
      aim: '≤ 1024',
      context: `before: ${Math.round(beforeBytes / 2 ** 20)} MiB; C++ LoadGen 0.3 kB/query`,
    },
  ];
}
