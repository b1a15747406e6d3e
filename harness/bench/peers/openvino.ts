// `make bench-openvino`: our int8 engine and OpenVINO's on the same samples, in turns; a table, or JSON with --json. What counts
// is the ratio, taken round by round; processor time tells most where the machine does other work.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, constants, cpus, setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { SetupError } from '../../../configs/errors.js';
import { openCheckpoint } from '../../../engines/bert/checkpoint.js';
import { paddedForm } from '../../../engines/bert/graph-form.js';
import { buildBertGraph } from '../../../engines/bert/graph.js';
import { writeOnnxFile } from '../../../engines/bert/onnx-file.js';
import type { TokenizedSamples } from '../../../engines/contract.js';
import { connectSut, openDirectInference, startEngine } from '../../../engines/index.js';
import { openCalibrationData } from '../../calibration/open-calibration-data.js';
import { everyNthByLength, runBare } from '../bare-engine.js';
import {
  BENCH_LENGTHS,
  BENCH_MODEL,
  BENCH_STRIDE,
  benchRequest,
  MEDIAN_LENGTH,
  openBenchData,
} from '../default-engine.js';
import { firstOfLength, medianLatencyMs } from '../one-query.js';
import { formatTable, ratios, spread, type BenchRow } from '../table.js';

const PACKAGES = ['openvino==2026.4.1', 'nncf==3.4.0'];
const FOLDER = 'build/bench-openvino';
const ROUNDS = 5;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const cores = availableParallelism();
const request = benchRequest(cores, say);
const { samples: all } = await openBenchData();
const samples = everyNthByLength(all, BENCH_STRIDE);
const theirs = await openOpenVino();
const rows: BenchRow[] = [];
{
  await using engine = await startEngine(request, samples);
  const sut = await connectSut(engine.sutSpec);
  const rates = { ours: [] as number[], theirs: [] as number[] };
  const processorMs = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    say(`round ${round + 1} of ${ROUNDS}`);
    const before = process.cpuUsage();
    rates.ours.push(await runBare(sut, samples.sampleCount));
    const { user, system } = process.cpuUsage(before);
    processorMs.ours.push((user + system) / 1000 / samples.sampleCount);
    const [rate = NaN, milliseconds = NaN] = await theirs.ask('throughput');
    rates.theirs.push(rate);
    processorMs.theirs.push(milliseconds);
  }
  for (const port of engine.sutSpec.ports) port.close();
  rows.push(
    ...rowsOf('int8 Offline', 'samples/s', rates.ours, rates.theirs, 'ours ÷ OpenVINO', '≥ 1'),
    ...rowsOf(
      'processor time a sample',
      'ms',
      processorMs.ours,
      processorMs.theirs,
      'ours ÷ OpenVINO',
      '≤ 1',
    ),
  );
}
{
  setPriority(constants.priority.PRIORITY_LOW); // as OpenVINO's; threads of the session inherit it
  await using engine = await openDirectInference({ ...request, threads_per_instance: cores, instances: 1 });
  const one = firstOfLength(samples, MEDIAN_LENGTH);
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    times.ours.push(await medianLatencyMs(engine, one));
    const [milliseconds = NaN] = await theirs.ask(`latency ${MEDIAN_LENGTH}`);
    times.theirs.push(milliseconds);
  }
  rows.push(
    ...rowsOf(`latency of ${MEDIAN_LENGTH} tokens`, 'ms', times.ours, times.theirs, 'ours ÷ OpenVINO', '≤ 1'),
  );
}
await theirs.close();
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
else process.stdout.write(`${cpus()[0]?.model ?? ''}, ${cores} cores\n${formatTable(rows)}\n`);

function rowsOf(
  what: string,
  unit: string,
  ours: readonly number[],
  other: readonly number[],
  ratio: string,
  aim: string,
): readonly BenchRow[] {
  return [
    { what: `${what}, ours`, unit, ...spread(ours), aim: '', context: '' },
    { what: `${what}, OpenVINO`, unit, ...spread(other), aim: '', context: '' },
    { what: `${what}, ${ratio}`, unit: '×', ...spread(ratios(ours, other)), aim, context: '' },
  ];
}

interface OpenVino {
  /** The figures of its answer. */
  ask(line: string): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** Installs it where it is not there yet, hands it model and samples, and waits until it is warm. @throws {SetupError} */
async function openOpenVino(): Promise<OpenVino> {
  const python = join(FOLDER, 'venv/bin/python');
  mkdirSync(FOLDER, { recursive: true });
  if (!existsSync(join(FOLDER, 'venv/.installed'))) {
    say(`installing ${PACKAGES.join(' and ')} with pip`);
    try {
      await execa('python3', ['-m', 'venv', join(FOLDER, 'venv')]);
      await execa(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
    } catch (cause) {
      throw new SetupError(
        'OpenVINO cannot be installed: python3 with venv and its package index are needed.',
        {
          cause,
        },
      );
    }
    writeFileSync(join(FOLDER, 'venv/.installed'), PACKAGES.join('\n'));
  }
  using checkpoint = openCheckpoint(BENCH_MODEL);
  const graph = buildBertGraph(checkpoint, { precision: 'fp32', form: paddedForm() });
  writeOnnxFile(graph, join(FOLDER, 'model.onnx'), join(FOLDER, 'model.data'));
  const calibration = await openCalibrationData({
    ...BENCH_LENGTHS,
    dataFile: 'data/squad/calibration.json',
    vocabFile: join(BENCH_MODEL, 'vocab.txt'),
    questionCount: 100,
    sliceQuestionCount: 0,
    seed: 1n,
  });
  writeFileSync(
    join(FOLDER, 'samples.json'),
    JSON.stringify({ cores, samples: plain(samples), calibration: plain(calibration.samples) }),
  );
  say('OpenVINO: quantising with NNCF and warming up');
  const child = spawn(python, ['harness/bench/peers/openvino_int8.py', FOLDER], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown> => {
    for (;;) {
      const next = (await lines.next()) as IteratorResult<string, undefined>;
      if (next.done === true) throw new SetupError('OpenVINO ended early; what it said is above.');
      if (next.value.startsWith('{"value"'))
        return (JSON.parse(next.value) as { readonly value: unknown }).value;
    }
  };
  say(`OpenVINO ${String(await answer())}`);
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      return (await answer()) as readonly number[]; // openvino_int8.py's own
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

function plain({ sampleCount, offsets, tokenIds, segmentStarts }: TokenizedSamples) {
  return Array.from({ length: sampleCount }, (_unused, index) => {
    const ids = Array.from(tokenIds.subarray(offsets[index], offsets[index + 1]));
    return { ids, segments: ids.map((_id, i) => (i < segmentStarts[index]! ? 0 : 1)) };
  });
}
