// The driver measured with a SUT that does nothing, beside what the C++ LoadGen reached on a machine of this kind.

import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { TestSettingsInput } from '../../configs/test-settings.js';
import { runNull, type Timed } from './null-run.js';
import type { ServerMemory } from './server-memory.js';
import { spread, type BenchRow } from './table.js';

async function repeat(times: number, settings: TestSettingsInput): Promise<readonly Timed[]> {
  const runs: Timed[] = [];
  for (let i = 0; i < times; i++) runs.push(await runNull(settings));
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
  const server = await runNull({
    scenario: 'Server',
    server_target_qps: 100_000,
    server_target_latency_ns: 10_000_000,
    min_duration_ms: 10_000,
  });
  say('driver: Server, 10 M queries, memory (a process of its own)');
  const { stdout } = await execa(process.execPath, [
    fileURLToPath(new URL('./server-memory.js', import.meta.url)),
  ]);
  const large = JSON.parse(stdout) as ServerMemory;

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
      what: `Server, ${large.queries} queries: peak memory of the process`,
      unit: 'MiB',
      ...spread([large.peak_mib]),
      aim: '≤ 1024',
      context: 'C++ LoadGen 0.3 kB a query: 3,000',
    },
  ];
}
