// The driver measured with a SUT that does nothing, beside what the C++ LoadGen reached on another machine (published context;
// `make bench-peers` measures it here, in the same run).

import type { OurFigures } from './null-process.js';
import { runOurs } from './run-ours.js';
import { spread, type BenchRow } from './table.js';
import { offline, offlineAccuracy, server, singleStream, type Workload } from './workloads.js';

const OFFLINE_SAMPLES = 10_000_000;
const ACCURACY_SAMPLES = 50_000;
const RATES = [1_000, 10_000, 100_000, 300_000] as const;
/** C++ LoadGen 6.0.17, null SUT: latency p50 and p99 in µs, by target rate. */
const PUBLISHED = {
  1_000: '108 / 467',
  10_000: '90 / 301',
  100_000: '53 / 778',
  300_000: '58 / 1,201',
} as const;

/** Measures and compares with what is published; takes about a minute. */
export async function benchDriver(say: (line: string) => void): Promise<readonly BenchRow[]> {
  const repeat = async (times: number, what: string, workload: Workload): Promise<readonly OurFigures[]> => {
    say(`driver: ${what}`);
    const runs: OurFigures[] = [];
    for (let i = 0; i < times; i++) runs.push(await runOurs(workload));
    return runs;
  };
  const single = await repeat(5, 'SingleStream, 1 M queries', singleStream);
  const large = await repeat(3, 'Offline, 10 M samples', offline(OFFLINE_SAMPLES));
  const accuracy = await repeat(3, 'Offline AccuracyOnly, 3 KB responses', offlineAccuracy(ACCURACY_SAMPLES));
  const servers: BenchRow[] = [];
  for (const rate of RATES) {
    const runs = await repeat(3, `Server, ${rate} queries/s`, server(rate, 3));
    servers.push(...serverRows(rate, runs));
  }
  const [memory] = await repeat(1, 'Server, 10 M queries', server(1_000_000, 10));
  return [
    {
      what: 'SingleStream, null SUT inline, 1 M queries',
      unit: 'queries/s',
      ...spread(single.map((run) => run.qps_with_overhead)),
      aim: '≥ 1.45 M',
      context: 'C++ LoadGen 0.72 M',
    },
    {
      what: 'generation of 1 M queries, SingleStream',
      unit: 'ms',
      ...spread(single.map((run) => run.generation_s * 1000)),
      aim: '≤ 359',
      context: 'C++ LoadGen 718',
    },
    {
      what: 'Offline, 10 M samples, self-test, generation and logs included',
      unit: 'samples/s',
      ...spread(large.map((run) => OFFLINE_SAMPLES / run.wall_s)),
      aim: '≥ 4.3 M',
      context: 'C++ LoadGen 2.9 M (1 M samples)',
    },
    {
      what: 'Offline AccuracyOnly, 3,072 B responses, logs included',
      unit: 'samples/s',
      ...spread(accuracy.map((run) => ACCURACY_SAMPLES / run.wall_s)),
      aim: '',
      context: 'C++ LoadGen 1.3 M without response data',
    },
    ...servers,
    {
      what: `Server, ${memory?.queries ?? NaN} queries: memory beyond the program's own`,
      unit: 'B/query',
      ...spread(memory === undefined ? [] : [(memory.added_kib * 1024) / memory.queries]),
      aim: '≤ 150',
      context: 'C++ LoadGen 300',
    },
  ];
}

function serverRows(rate: (typeof RATES)[number], runs: readonly OurFigures[]): readonly BenchRow[] {
  const valid = runs.filter((run) => run.valid).length;
  const lateness = (pick: (delay: NonNullable<OurFigures['issue_delay']>) => number) =>
    spread(runs.map(({ issue_delay }) => (issue_delay === null ? NaN : pick(issue_delay) / 1000)));
  return [
    {
      what: `Server at ${rate.toLocaleString('en-US')} queries/s (${valid} of ${runs.length} VALID): lateness p50`,
      unit: 'µs',
      ...lateness((delay) => delay.p50_ns),
      aim: '≤ 2',
      context: `C++ LoadGen p50 / p99 ${PUBLISHED[rate]} (latency)`,
    },
    {
      what: '  lateness p99',
      unit: 'µs',
      ...lateness((delay) => delay.p99_ns),
      aim: '≤ 50',
      context: '',
    },
  ];
}
