// What LoadGen costs: the closed loop and LoadGen by turns on one open engine. Offline runs the same batches in the same
// order; SingleStream one sample again and again.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunError } from '../../configs/errors.js';
import { testSettings, type TestSettings } from '../../configs/test-settings.js';
import type { PerfEngine, PerfLoop } from '../../engines/tensorrt/perf.js';
import { reportedPercentiles } from '../../scenarios/latency-statistics.js';
import { logSettings } from '../../scenarios/logs/log-files.js';
import type { PerformanceResults } from '../../scenarios/results.js';
import { spread, type Spread } from '../bench/table.js';
import { startDriverThread, type DriverThread } from '../driver-thread.js';
import type { Program } from '../program.js';
import { statisticsOf } from './percentiles.js';

export interface BesideLoadGen {
  readonly perf: PerfEngine;
  readonly loop: PerfLoop;
  /** Of the data set; undefined: SingleStream on one made-up sample of the full length. */
  readonly sampleCount: number | undefined;
  /** Of the closed loop, found before: sizes the rounds. */
  readonly samplesPerSecond: number;
  readonly rounds: number;
  readonly program: Program;
}

export type LoadGenRow =
  | {
      readonly scenario: 'Offline';
      /** samples/s */
      readonly bare: Spread;
      readonly loadgen: Spread;
      /** LoadGen over the closed loop, of each round. */
      readonly ratio: Spread;
      readonly rounds: number;
    }
  | {
      readonly scenario: 'SingleStream';
      /** Medians, µs. */
      readonly bare: Spread;
      readonly loadgen: Spread;
      /** LoadGen less the closed loop, of each round, µs. */
      readonly added: Spread;
      readonly rounds: number;
    };

/** Nothing completes for so long: the run is given up. */
const STALL_TIMEOUT_MS = 60_000;

/** @throws {RunError} when the engine breaks. */
export async function besideLoadGen(request: BesideLoadGen): Promise<LoadGenRow> {
  const { perf, sampleCount, rounds, program } = request;
  const count = sampleCount ?? 1;
  await using driver = await startDriverThread(perf.engine, {
    qsl: { name: 'perf', totalSampleCount: count, performanceSampleCount: count },
    program,
  });
  const turn = sampleCount === undefined ? singleStreamTurn : offlineTurn;
  const bare: number[] = [];
  const loadgen: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const figures = await turn(request, driver);
    bare.push(figures.bare);
    loadgen.push(figures.loadgen);
  }
  const both = { bare: spread(bare), loadgen: spread(loadgen), rounds };
  return sampleCount === undefined
    ? { scenario: 'SingleStream', ...both, added: spread(loadgen.map((us, round) => us - bare[round]!)) }
    : { scenario: 'Offline', ...both, ratio: spread(loadgen.map((rate, round) => rate / bare[round]!)) };
}

interface Turn {
  readonly bare: number;
  readonly loadgen: number;
}

async function offlineTurn(
  { perf, loop, sampleCount = 1, samplesPerSecond }: BesideLoadGen,
  driver: DriverThread,
): Promise<Turn> {
  const passes = Math.max(1, Math.ceil((samplesPerSecond * loop.duration_ms) / 1000 / sampleCount));
  const { samples, wall_ms } = perf.measurePasses(loop, passes);
  const results = await underLoadGen(
    driver,
    testSettings({
      scenario: 'Offline',
      min_query_count: sampleCount * passes,
      min_duration_ms: 0,
      sample_concatenate_permutation: true,
    }),
  );
  return { bare: (samples / wall_ms) * 1000, loadgen: results.samplesPerSecond };
}

async function singleStreamTurn({ perf, loop }: BesideLoadGen, driver: DriverThread): Promise<Turn> {
  const { latency_ms } = perf.measure({ ...loop, streams: 1 });
  const bareMs = statisticsOf(latency_ms, [], 'trtexec').median;
  const results = await underLoadGen(
    driver,
    testSettings({
      scenario: 'SingleStream',
      min_query_count: loop.iterations,
      min_duration_ms: loop.duration_ms,
      single_stream_expected_latency_ns: Math.max(1, bareMs * 1e6),
    }),
  );
  const p50Ns = results.sampleLatency.percentiles_ns[reportedPercentiles.indexOf(0.5)] ?? NaN;
  return { bare: bareMs * 1000, loadgen: p50Ns / 1000 };
}

/** The logs are of no use to anybody: the figures are compared, not kept. */
async function underLoadGen(driver: DriverThread, settings: TestSettings): Promise<PerformanceResults> {
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-perf-'));
  try {
    const { results, errors } = await driver.run({
      settings,
      logSettings: logSettings(folder),
      stallTimeoutMs: STALL_TIMEOUT_MS,
      rules: 'v6.1',
    });
    if (results !== undefined && errors.length === 0) return results;
    throw new RunError(`LoadGen beside the closed loop: ${errors.join('; ') || 'it measured nothing'}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** For people, one line. */
export function loadGenText(row: LoadGenRow): string {
  const shown = ({ min, median, max }: Spread, digits: number): string =>
    `${median.toFixed(digits)} (${min.toFixed(digits)} … ${max.toFixed(digits)})`;
  return row.scenario === 'Offline'
    ? `LoadGen Offline ${shown(row.loadgen, 1)} samples/s, closed loop over the same batches ${shown(row.bare, 1)}: ` +
        `ratio ${shown(row.ratio, 4)}, ${row.rounds} rounds by turns`
    : `LoadGen SingleStream p50 ${shown(row.loadgen, 1)} µs, closed loop's median latency ${shown(row.bare, 1)}: ` +
        `${shown(row.added, 1)} µs added, ${row.rounds} rounds by turns`;
}

/** Columns of a table whose rows have this one's scenario; none without. */
export function loadGenHead(row: LoadGenRow | undefined): readonly string[] {
  if (row === undefined) return [];
  const names =
    row.scenario === 'Offline'
      ? ['offline_samples_per_second', 'closed_loop_samples_per_second', 'offline_over_closed_loop']
      : ['single_stream_p50_us', 'closed_loop_median_us', 'single_stream_added_us'];
  return ['loadgen_rounds', ...names.flatMap((name) => [name, `${name}_min`, `${name}_max`])];
}

/** Median, least and most of what `loadGenHead` names. */
export function loadGenCells(row: LoadGenRow | undefined): readonly number[] {
  if (row === undefined) return [];
  const { bare, loadgen, rounds } = row;
  const compared = row.scenario === 'Offline' ? row.ratio : row.added;
  return [rounds, ...[loadgen, bare, compared].flatMap(({ median, min, max }) => [median, min, max])];
}
