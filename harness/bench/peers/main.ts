// `make bench-peers`: our driver and the C++ LoadGen on the same workloads, in turns, each run in a process of its own; a table,
// or JSON with --json. What counts is the ratio, taken round by round.

import { cpus, loadavg } from 'node:os';
import { SetupError } from '../../../configs/errors.js';
import { runOurs } from '../run-ours.js';
import { spread } from '../table.js';
import { offline, offlineAccuracy, server, singleStream } from '../workloads.js';
import { CPP_LOADGEN_VERSION, openCppLoadGen, type CppLoadGen } from './cpp-loadgen.js';
import { formatPeerTable, type PeerRow } from './peer-table.js';
import type { Workload, WorkloadFigures } from '../workloads.js';

const BUILD_FOLDER = 'build/bench-peers';
const OFFLINE_SAMPLES = 4_000_000;
const ACCURACY_SAMPLES = 50_000;

/** A figure of a workload and what its ratio ours ÷ theirs should be. */
interface Comparison {
  readonly what: string;
  readonly unit: string;
  readonly of: (figures: WorkloadFigures) => number;
  readonly aim: string;
}

interface Contest {
  readonly name: string;
  readonly workload: Workload;
  readonly comparisons: readonly Comparison[];
}

const bytesPerQuery = (count: number): Comparison => ({
  what: 'memory per query',
  unit: 'B',
  of: ({ added_kib }) => (added_kib * 1024) / count,
  aim: '≤ 0.5',
});
const generation: Comparison = {
  what: 'generation of the queries',
  unit: 'ms',
  of: ({ generation_s }) => generation_s * 1000,
  aim: '≤ 0.5',
};
const latency = (name: 'p50_ns' | 'p99_ns' | 'max_ns', aim: string): Comparison => ({
  what: `latency of a null SUT, ${name.slice(0, 3)}`,
  unit: 'µs',
  of: (figures) => figures[name] / 1000,
  aim,
});
const valid: Comparison = {
  what: 'VALID (1 = yes)',
  unit: '',
  of: (figures) => Number(figures.valid),
  aim: '',
};

const contests: readonly Contest[] = [
  {
    name: 'SingleStream, 1 M queries',
    workload: singleStream,
    comparisons: [
      { what: 'issue rate', unit: 'queries/s', of: (figures) => figures.qps_with_overhead, aim: '≥ 2' },
      generation,
      bytesPerQuery(singleStream.min_query_count),
    ],
  },
  {
    name: `Offline, ${OFFLINE_SAMPLES / 1e6} M samples`,
    workload: offline(OFFLINE_SAMPLES),
    comparisons: [
      { what: 'whole test', unit: 'samples/s', of: ({ wall_s }) => OFFLINE_SAMPLES / wall_s, aim: '≥ 1.5' },
      bytesPerQuery(OFFLINE_SAMPLES),
    ],
  },
  {
    name: `Offline AccuracyOnly, ${ACCURACY_SAMPLES} samples, 3,072 B responses`,
    workload: offlineAccuracy(ACCURACY_SAMPLES),
    comparisons: [
      { what: 'whole test', unit: 'samples/s', of: ({ wall_s }) => ACCURACY_SAMPLES / wall_s, aim: '≥ 1.5' },
      bytesPerQuery(ACCURACY_SAMPLES),
    ],
  },
  ...[1_000, 10_000, 100_000].map((rate) => ({
    name: `Server at ${rate.toLocaleString('en-US')} queries/s`,
    workload: server(rate, rate < 10_000 ? 10 : 3), // 10,000 queries at least: a hundredth of them are 100
    comparisons: [valid, latency('p50_ns', '≤ 2 µs'), latency('p99_ns', '≤ 50 µs'), latency('max_ns', '')],
  })),
  {
    name: 'Server at 333,333 queries/s, 1 M queries',
    workload: server(333_333, 3),
    comparisons: [valid, latency('p50_ns', ''), latency('p99_ns', ''), generation, bytesPerQuery(1_000_000)],
  },
  {
    name: 'Server at 1,000,000 queries/s',
    workload: server(1_000_000, 2),
    comparisons: [valid, latency('p50_ns', ''), latency('p99_ns', '')],
  },
];

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const argument = (name: string): string | undefined =>
  process.argv.find((each) => each.startsWith(`--${name}=`))?.slice(name.length + 3);

try {
  const rounds = Number(argument('rounds') ?? 5);
  const only = argument('only') ?? '';
  const runCpp = await openCppLoadGen(BUILD_FOLDER, say);
  const rows: PeerRow[] = [];
  for (const contest of contests.filter(({ name }) => name.includes(only))) {
    rows.push(...(await hold(contest, runCpp, rounds)));
  }
  const machine = {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    load_average: loadavg()[0]?.toFixed(1),
    peer: `mlcommons-loadgen ${CPP_LOADGEN_VERSION}, g++ -O3, null SUT in C++`,
    rounds,
  };
  process.stdout.write(
    process.argv.includes('--json')
      ? `${JSON.stringify({ machine, rows }, null, 2)}\n`
      : `${Object.values(machine).join(', ')}\n\n${formatPeerTable(rows)}\n`,
  );
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 3;
}

/** Both on one workload, round by round; who begins alternates. */
async function hold(contest: Contest, runCpp: CppLoadGen, rounds: number): Promise<readonly PeerRow[]> {
  const ours: WorkloadFigures[] = [];
  const theirs: WorkloadFigures[] = [];
  for (let round = 0; round < rounds; round++) {
    say(`${contest.name}: round ${round + 1} of ${rounds}`);
    const turns = [
      async () => ours.push(await runOurs(contest.workload)),
      async () => theirs.push(await runCpp(contest.workload)),
    ];
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
  }
  return contest.comparisons.map(({ what, unit, of, aim }) => ({
    contest: contest.name,
    what,
    unit,
    ours: spread(ours.map(of)),
    theirs: spread(theirs.map(of)),
    ratio: spread(ours.map((figures, round) => of(figures) / of(theirs[round]!))),
    aim,
  }));
}
