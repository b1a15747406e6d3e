// The engine measured on the default data, all variants in turn in one run: the naive way, our sessions driven bare, the same
// sessions under LoadGen and with padding, one question alone, and the build.

import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { availableParallelism } from 'node:os';
import { testSettings } from '../../configs/test-settings.js';
import { openCheckpoint } from '../../engines/bert/checkpoint.js';
import { paddedForm } from '../../engines/bert/graph-form.js';
import { buildBertGraph } from '../../engines/bert/graph.js';
import { writeOnnxFile } from '../../engines/bert/onnx-file.js';
import { encodeModel } from '../../engines/bert/onnx-writer.js';
import type { EngineFile } from '../../engines/onnxruntime/build-engine.js';
import { defaultInt8 } from '../../engines/onnxruntime/default-int8.js';
import { startOnnxRuntimeEngine } from '../../engines/onnxruntime/engine.js';
import { optimizeGraph } from '../../engines/onnxruntime/graph-optimization.js';
import { int8Graph } from '../../engines/onnxruntime/int8-graph.js';
import { sessionOptions } from '../../engines/onnxruntime/session-options.js';
import { connectSut, generateEngine, openDirectInference, startEngine } from '../../engines/index.js';
import type { EngineRequest, TokenizedSamples } from '../../engines/contract.js';
import { logSettings } from '../../scenarios/logs/log-files.js';
import { startTest } from '../../scenarios/start-test.js';
import { createSquadQsl } from '../qsl/open-qsl.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { everyNthByLength, runBare } from './bare-engine.js';
import { BENCH_STRIDE, benchRequest, MEDIAN_LENGTH, openBenchData } from './default-engine.js';
import { firstOfLength, medianLatencyMs } from './one-query.js';
import { ratios, spread, type BenchRow } from './table.js';

/** The naive way is so slow that it runs every 8th of those. */
const NAIVE_STRIDE = 8;

/** Padded samples are all alike: so many tell their rate. */
const PADDED_SAMPLES = 48;
/** A build takes seconds: only every 3rd round has one. */
const BUILD_EVERY = 3;

/** Measures and compares; takes some minutes. */
export async function benchEngine(say: (line: string) => void, rounds: number): Promise<readonly BenchRow[]> {
  const { samples: all, name } = await openBenchData();
  const samples = everyNthByLength(all, BENCH_STRIDE);
  const cores = availableParallelism();
  const request = benchRequest(cores, say);
  const naive = await createNaive(request, samples, cores);
  await using engine = await startEngine(request, samples);
  const sut = await connectSut(engine.sutSpec);
  const padded = paddedSamples(samples, PADDED_SAMPLES);
  await using paddedEngine = await startOnnxRuntimeEngine(request, padded, await buildPadded(request));
  const paddedSut = await connectSut(paddedEngine.sutSpec);
  await using direct = await openDirectInference({ ...request, instances: 1, threads_per_instance: cores });
  const one = firstOfLength(samples, MEDIAN_LENGTH);
  const qsl = createSquadQsl(name, samples.sampleCount, samples.sampleCount);

  const bareLoop = (): Promise<number> => runBare(sut, samples.sampleCount);
  const underLoadGen = async (): Promise<number> => {
    const folder = mkdtempSync(join(tmpdir(), 'loadrig-bench-'));
    const settings = testSettings({
      scenario: 'Offline',
      min_query_count: samples.sampleCount,
      min_duration_ms: 0,
    });
    const { results } = await startTest(sut, qsl, settings, logSettings(folder));
    rmSync(folder, { recursive: true });
    return results?.samplesPerSecond ?? NaN;
  };

  const rates = {
    naive: [] as number[],
    bare: [] as number[],
    loadgen: [] as number[],
    padded: [] as number[],
  };
  const latenciesMs: number[] = [];
  const buildSeconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    say(`engine: round ${round + 1} of ${rounds}`);
    rates.naive.push(await naive());
    rates.bare.push(await bareLoop());
    rates.loadgen.push(await underLoadGen());
    rates.padded.push(await runBare(paddedSut, padded.sampleCount));
    latenciesMs.push(await medianLatencyMs(direct, one));
    if (round % BUILD_EVERY === 0) buildSeconds.push(await buildOnce(request));
  }
  for (const { sutSpec } of [engine, paddedEngine]) for (const port of sutSpec.ports) port.close();

  return [
    {
      what: `naive: fp32, padded to 384, one session over ${cores} cores`,
      unit: 'samples/s',
      ...spread(rates.naive),
      aim: '',
      context: '18.0 with Python',
    },
    {
      what: `int8, ${cores} sessions of 1 thread, bare loops`,
      unit: 'samples/s',
      ...spread(rates.bare),
      aim: '',
      context: "ONNX Runtime's own int8 130, OpenVINO 171",
    },
    {
      what: 'the same sessions under LoadGen, Offline',
      unit: 'samples/s',
      ...spread(rates.loadgen),
      aim: '≥ 171',
      context: 'official reference harness 6.8',
    },
    {
      what: 'LoadGen over naive',
      unit: '×',
      ...spread(ratios(rates.loadgen, rates.naive)),
      aim: '≥ 8',
      context: '',
    },
    {
      what: 'LoadGen over bare loops',
      unit: '×',
      ...spread(ratios(rates.loadgen, rates.bare)),
      aim: '≥ 0.97',
      context: '',
    },
    {
      what: 'bare loops at true lengths over padded to 384, masked',
      unit: '×',
      ...spread(ratios(rates.bare, rates.padded)),
      aim: '≥ 2.5',
      context: '',
    },
    {
      what: `latency of ${MEDIAN_LENGTH} tokens, one int8 session over ${cores} cores`,
      unit: 'ms',
      ...spread(latenciesMs),
      aim: '≤ 6',
      context: "ONNX Runtime's own int8 8.5, OpenVINO 5.4",
    },
    {
      what: 'build of the int8 engine',
      unit: 's',
      ...spread(buildSeconds),
      aim: '≤ 10',
      context: '',
    },
  ];
}

/** Seconds from the checkpoint to the engine file. */
async function buildOnce(request: EngineRequest): Promise<number> {
  const enginesDir = mkdtempSync(join(tmpdir(), 'loadrig-bench-'));
  const fromMs = performance.now();
  await generateEngine({ ...request, enginesDir, report: () => undefined });
  const seconds = (performance.now() - fromMs) / 1000;
  rmSync(enginesDir, { recursive: true });
  return seconds;
}

/** The same weights and the same int8 with a mask, as padded samples need it. */
async function buildPadded({ modelDir, enginesDir }: EngineRequest): Promise<EngineFile> {
  using checkpoint = openCheckpoint(modelDir);
  const { int8 } = defaultInt8(checkpoint, modelDir, enginesDir);
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-bench-'));
  const file = (name: string): string => join(folder, name);
  const graph = buildBertGraph(checkpoint, { ...int8Graph(int8), form: paddedForm() });
  writeOnnxFile(graph, file('model.onnx'), file('model.data'));
  await optimizeGraph(file('model.onnx'), file('engine.onnx'), undefined);
  const { model_sha256 } = checkpoint;
  return { path: file('engine.onnx'), dataFiles: [], sha256: '', model_sha256, built: true, seconds: 0 };
}

/** `count` samples of the longest length: what a padded sample costs does not depend on its tokens. */
function paddedSamples(
  { tokenIds, offsets, segmentStarts, maxSequenceLength }: TokenizedSamples,
  count: number,
): TokenizedSamples {
  const shared = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4));
  const ids = shared(count * maxSequenceLength);
  for (let place = 0; place < count; place++)
    ids.set(tokenIds.subarray(offsets[place], offsets[place + 1]), place * maxSequenceLength);
  return {
    sampleCount: count,
    tokenIds: ids,
    offsets: shared(count + 1).map((_unused, place) => place * maxSequenceLength),
    segmentStarts: shared(count).map((_unused, place) => segmentStarts[place]!),
    maxSequenceLength,
  };
}

/** fp32, one session over all cores, every sample padded to the longest length with its mask, in a loop. */
async function createNaive(
  request: EngineRequest,
  samples: TokenizedSamples,
  cores: number,
): Promise<() => Promise<number>> {
  using checkpoint = openCheckpoint(request.modelDir);
  const model = Buffer.concat(
    encodeModel(buildBertGraph(checkpoint, { precision: 'fp32', form: paddedForm() }), 'loadrig'),
  );
  const session = await InferenceSession.create(model, sessionOptions({ threads: cores, optimize: true }));
  const { offsets, tokenIds, maxSequenceLength, sampleCount } = samples;
  const chosen = Array.from(
    { length: Math.ceil(sampleCount / NAIVE_STRIDE) },
    (_unused, i) => i * NAIVE_STRIDE,
  );
  return async () => {
    const from = performance.now();
    for (const index of chosen) {
      const ids = new Int32Array(maxSequenceLength);
      ids.set(tokenIds.subarray(offsets[index], offsets[index + 1]));
      const shape = [1, maxSequenceLength];
      await session.run({
        input_ids: new Tensor('int32', ids, shape),
        token_type_ids: new Tensor('int32', new Int32Array(maxSequenceLength), shape),
        attention_mask: new Tensor(
          'int32',
          ids.map((id) => (id === 0 ? 0 : 1)),
          shape,
        ),
      });
    }
    return chosen.length / ((performance.now() - from) / 1000);
  };
}
