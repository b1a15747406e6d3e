// The engine measured on the default data, all variants in turn in one run: the naive way, our sessions driven bare, and
// the same sessions under LoadGen.

import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { availableParallelism } from 'node:os';
import { testSettings } from '../../configs/test-settings.js';
import { openCheckpoint } from '../../engines/bert/checkpoint.js';
import { paddedForm } from '../../engines/bert/graph-form.js';
import { buildBertGraph } from '../../engines/bert/graph.js';
import { encodeModel } from '../../engines/bert/onnx-writer.js';
import { sessionOptions } from '../../engines/onnxruntime/session-options.js';
import { connectSut, startEngine } from '../../engines/index.js';
import type { EngineRequest, TokenizedSamples } from '../../engines/contract.js';
import { logSettings } from '../../scenarios/logs/log-files.js';
import { startTest } from '../../scenarios/start-test.js';
import { createSquadQsl } from '../qsl/open-qsl.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { everyNthByLength, runBare } from './bare-engine.js';
import { BENCH_STRIDE, benchRequest, openBenchData } from './default-engine.js';
import { spread, type BenchRow } from './table.js';

/** Many short rounds: a machine's speed drifts within seconds, and only figures of one round are compared. */
const ROUNDS = 9;
/** The naive way is so slow that it runs every 8th of those. */
const NAIVE_STRIDE = 8;

/** Measures and compares; takes about a minute. */
export async function benchEngine(say: (line: string) => void): Promise<readonly BenchRow[]> {
  const { samples: all, name } = await openBenchData();
  const samples = everyNthByLength(all, BENCH_STRIDE);
  const cores = availableParallelism();
  const request = benchRequest(cores, say);
  const naive = await createNaive(request, samples, cores);
  await using engine = await startEngine(request, samples);
  const sut = await connectSut(engine.sutSpec);
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

  const rates = { naive: [] as number[], bare: [] as number[], loadgen: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    say(`engine: round ${round + 1} of ${ROUNDS}`);
    rates.naive.push(await naive());
    rates.bare.push(await bareLoop());
    rates.loadgen.push(await underLoadGen());
  }
  for (const port of engine.sutSpec.ports) port.close();

  const ratios = (top: readonly number[], bottom: readonly number[]): readonly number[] =>
    top.map((value, round) => value / bottom[round]!);
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
  ];
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
