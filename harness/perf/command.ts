// `loadrig perf`: an engine in a closed loop without LoadGen. Does the timing work of trtexec.

import { basename, dirname, join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { ConfigError, exitCodes } from '../../configs/errors.js';
import { gpuSettingsSchema, type TensorRtAttention, type TensorRtGelu } from '../../configs/gpu-settings.js';
import type { Precision } from '../../configs/engine-choices.js';
import type { EngineFacts, EngineRequest, TokenizedSamples } from '../../engines/contract.js';
import { openPerfEngine } from '../../engines/index.js';
import type { NativeLayerTime, NativeMeasured } from '../../engines/tensorrt/native-run.js';
import type { PerfLoop } from '../../engines/tensorrt/perf.js';
import { createBuildBar } from '../build-bar.js';
import { commandHelp, parseCommandFlags } from '../command-flags.js';
import { buildPath, inputPath } from '../places.js';
import { describeProgram } from '../program.js';
import { openQsl } from '../qsl/open-qsl.js';
import { toJsonText, writeWholeFile } from '../write-file.js';
import { besideLoadGen, loadGenCells, loadGenHead, loadGenText, type LoadGenRow } from './beside-loadgen.js';
import { perfFlags, perfUsage, type PerfFlags } from './flags.js';
import { statisticsOf, type PercentileMethod, type TimeStatistics } from './percentiles.js';

const columns = ['enqueue_ms', 'h2d_ms', 'compute_ms', 'd2h_ms', 'latency_ms'] as const;

interface PerfRow {
  readonly batch_size: number;
  readonly sequence_length: number;
  readonly queries: number;
  readonly samples_per_second: number;
  readonly times: Readonly<Record<(typeof columns)[number], TimeStatistics>>;
  readonly warnings: readonly string[];
  /** With --loadgen. */
  readonly loadgen?: LoadGenRow;
}

/** @throws {ConfigError | SetupError | RunError} */
export async function run(argv: readonly string[]): Promise<number> {
  const { values: flags, isHelp } = parseCommandFlags(perfFlags, perfUsage, argv);
  if (isHelp) {
    process.stdout.write(await commandHelp(perfFlags, perfUsage));
    return exitCodes.valid.code;
  }
  const percents = numbersOf('percentile', flags.percentile ?? '90,95,99');
  // The parser has held it to the choices.
  const method = (flags.percentile_method ?? 'trtexec') as PercentileMethod;
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const batches = numbersOf('batch_size', flags.batch_size ?? '1');
  if (flags.loadgen) refuseBesideLoadGen(flags, batches);
  const rows: PerfRow[] = [];
  let facts: EngineFacts | null = null;
  for (const batch of batches) {
    for (const length of numbersOf('sequence_length', flags.sequence_length ?? '384')) {
      const samples = flags.data === undefined ? undefined : await samplesOf(flags, length, say);
      await using perf = await openPerfEngine({ engine: engineRequest(flags, batch, length, say), samples });
      facts = perf.engine.facts;
      const loop = loopOf(flags);
      const measured = perf.measure(loop);
      const row = rowOf(batch, length, measured, percents, method);
      if (!flags.json) process.stdout.write(`${rowText(row, percents)}\n`);
      for (const warning of row.warnings) say(`  ${warning}`);
      rows.push(row);
      if (flags.export_profile !== undefined)
        writeWholeFile(
          numbered(flags.export_profile, rows.length),
          toJsonText(profileOf(perf.layerTimes(), facts)),
        );
      if (flags.export_times !== undefined)
        writeWholeFile(numbered(flags.export_times, rows.length), timesCsv(measured));
      if (!flags.loadgen) continue;
      const loadgen = await besideLoadGen({
        perf,
        loop,
        sampleCount: samples?.sampleCount,
        samplesPerSecond: row.samples_per_second,
        rounds: flags.rounds ?? 3,
        program: await describeProgram(),
      });
      rows[rows.length - 1] = { ...row, loadgen };
      if (!flags.json) process.stdout.write(`  ${loadGenText(loadgen)}\n`);
    }
  }
  const result = { percentile_method: method, engine: facts, flags, rows };
  if (flags.json) process.stdout.write(toJsonText(result));
  if (flags.csv !== undefined) writeWholeFile(flags.csv, tableCsv(rows, percents));
  return exitCodes.valid.code;
}

/** @throws {ConfigError} when LoadGen has no scenario for what is asked. */
function refuseBesideLoadGen(flags: PerfFlags, batches: readonly number[]): void {
  if (flags.data === undefined && batches.some((batch) => batch !== 1)) {
    throw new ConfigError(
      `--loadgen without --data compares with SingleStream, one sample at a time: --batch_size=1, got ${batches.join(',')}. For batches give --data.`,
    );
  }
  if (flags.data !== undefined && flags.spin) {
    throw new ConfigError(
      '--loadgen with --data compares with Offline, whose threads do not spin: leave --spin out',
    );
  }
}

function loopOf(flags: PerfFlags): PerfLoop {
  return {
    iterations: flags.iterations ?? 10,
    duration_ms: (flags.duration ?? 3) * 1000,
    warm_up_ms: flags.warm_up ?? 200,
    use_graph: flags.use_graph,
    copies: !flags.start_from_device,
    streams: flags.streams ?? 1,
    idle_ms: flags.idle_time ?? 0,
  };
}

/** Whole numbers with commas between. @throws {ConfigError} */
function numbersOf(flag: string, text: string): readonly number[] {
  const values = text.split(',').map(Number);
  if (values.every((value) => value > 0 && (flag === 'percentile' || Number.isInteger(value)))) return values;
  throw new ConfigError(`--${flag} must be positive numbers with commas between, got "${text}"`);
}

function engineRequest(
  flags: PerfFlags,
  batch_size: number,
  length: number,
  report: (line: string) => void,
): EngineRequest {
  const streams = flags.streams ?? 1;
  const isSingleStream = flags.loadgen && flags.data === undefined;
  return {
    engine: 'tensorrt',
    // The parser has held these to the choices.
    precision: (flags.precision ?? 'fp16') as Precision,
    batch_size,
    instances: streams,
    threads_per_instance: 1,
    scenario: flags.spin || isSingleStream ? 'SingleStream' : 'Offline',
    modelDir: inputPath(flags.model ?? 'data/models/minilm-qa'),
    enginesDir: buildPath('engines'),
    mayBuild: true,
    report,
    onProgress: createBuildBar(process.stderr),
    gpu: {
      ...gpuSettingsSchema.parse({}),
      accelerators_per_node: 1,
      max_seq_length: length,
      fixed_shape:
        flags.data === undefined &&
        flags.bert_opt_seqlen === undefined &&
        flags.least_batch_size === undefined,
      bert_opt_seqlen: flags.bert_opt_seqlen ?? length,
      length_buckets: flags.data === undefined ? String(length) : (flags.length_buckets ?? ''),
      // A fixed shape is captured by the loop itself.
      use_graphs: flags.use_graph && (flags.data !== undefined || flags.loadgen),
      graph_specs: isSingleStream ? `(${length}, ${length}, ${length}, 1)` : '',
      least_batch_size: flags.least_batch_size ?? 1,
      gpu_inference_streams: streams,
      start_from_device: flags.start_from_device,
      variable_length: !flags.no_variable_length,
      tensorrt_attention: (flags.tensorrt_attention ?? 'auto') as TensorRtAttention,
      tensorrt_gelu: (flags.tensorrt_gelu ?? 'auto') as TensorRtGelu,
      tensorrt_lib: flags.tensorrt_lib ?? '',
      builder_optimization_level: flags.builder_optimization_level ?? 3,
    },
  };
}

async function samplesOf(
  flags: PerfFlags,
  length: number,
  report: (line: string) => void,
): Promise<TokenizedSamples> {
  const { samples } = await openQsl({
    dataFile: inputPath(flags.data ?? ''),
    vocabFile: join(inputPath(flags.model ?? 'data/models/minilm-qa'), 'vocab.txt'),
    cacheDir: buildPath('preprocessed_data'),
    maxSequenceLength: length,
    docStride: 128,
    maxQueryLength: 64,
    report,
  });
  return samples;
}

/** trtexec's own warnings: a host that launches too slowly, copies that take longer than the work, unsteady clocks. */
function rowOf(
  batch_size: number,
  sequence_length: number,
  measured: NativeMeasured,
  percents: readonly number[],
  method: PercentileMethod,
): PerfRow {
  const of = (column: (typeof columns)[number]): TimeStatistics =>
    statisticsOf(measured[column], percents, method);
  const times = {
    enqueue_ms: of('enqueue_ms'),
    h2d_ms: of('h2d_ms'),
    compute_ms: of('compute_ms'),
    d2h_ms: of('d2h_ms'),
    latency_ms: of('latency_ms'),
  };
  const { enqueue_ms, compute_ms, h2d_ms, d2h_ms } = times;
  return {
    batch_size,
    sequence_length,
    queries: measured.latency_ms.length,
    samples_per_second: (measured.samples / measured.wall_ms) * 1000,
    times,
    warnings: [
      ...(enqueue_ms.median > 0.8 * compute_ms.median
        ? ['the host launches hardly faster than the GPU computes: --use_graph']
        : []),
      ...(h2d_ms.median + d2h_ms.median >= compute_ms.median ? ['copies take as long as the work'] : []),
      ...(compute_ms.variation > 0.025
        ? [`GPU times vary by ${(100 * compute_ms.variation).toFixed(1)} %: lock the clocks`]
        : []),
    ],
  };
}

function rowText(
  { batch_size, sequence_length, queries, samples_per_second, times }: PerfRow,
  percents: readonly number[],
): string {
  const ms = (value: number): string => value.toFixed(3);
  const tail = percents.map((p) => `p${p} ${ms(times.latency_ms.percentiles[`p${p}`]!)}`).join(', ');
  const of = (column: (typeof columns)[number]): string => ms(times[column].median);
  return (
    `${batch_size} × ${sequence_length}: ${samples_per_second.toFixed(1)} samples/s, ${queries} queries; median ms: ` +
    `enqueue ${of('enqueue_ms')}, H2D ${of('h2d_ms')}, GPU compute ${of('compute_ms')}, D2H ${of('d2h_ms')}, latency ${of('latency_ms')} (${tail})`
  );
}

function profileOf(layers: readonly NativeLayerTime[], facts: EngineFacts) {
  const total = layers.reduce((sum, { ms }) => sum + ms, 0);
  return {
    engine: facts.engine_file === null ? null : basename(dirname(facts.engine_file)),
    total_ms: total,
    layers: layers.map(({ layer, ms }) => ({ layer, ms, share: total === 0 ? 0 : ms / total })),
  };
}

function timesCsv(measured: NativeMeasured): string {
  const rows = Array.from(measured.latency_ms, (_unused, query) => [
    query,
    ...columns.map((column) => measured[column][query]),
  ]);
  return stringify([['query', ...columns], ...rows]);
}

function tableCsv(rows: readonly PerfRow[], percents: readonly number[]): string {
  const parts = ['min', 'mean', 'median', 'max', ...percents.map((p) => `p${p}`)];
  const head = columns.flatMap((column) => parts.map((part) => `${column.replace(/_ms$/, '')}_${part}_ms`));
  const cells = ({ times }: PerfRow): readonly number[] =>
    columns.flatMap((column) => {
      const { min, mean, median, max, percentiles } = times[column];
      return [min, mean, median, max, ...percents.map((p) => percentiles[`p${p}`]!)];
    });
  const [first] = rows;
  return stringify([
    [
      'batch_size',
      'sequence_length',
      'queries',
      'samples_per_second',
      ...head,
      ...loadGenHead(first?.loadgen),
    ],
    ...rows.map((row) => [
      row.batch_size,
      row.sequence_length,
      row.queries,
      row.samples_per_second,
      ...cells(row),
      ...loadGenCells(row.loadgen),
    ]),
  ]);
}

/** layers.json, then layers-2.json … */
function numbered(path: string, place: number): string {
  return place === 1 ? path : path.replace(/(\.[^./]*)?$/, `-${place}$1`);
}
