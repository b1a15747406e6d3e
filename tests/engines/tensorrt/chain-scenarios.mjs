// The whole TensorRT engine on the real addon, in a process of its own (tests/fakes/native/child.mjs): network, build, check,
// warm-up, LoadGen.

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gpuSettingsSchema } from '../../../build/js/configs/gpu-settings.js';
import { testSettings } from '../../../build/js/configs/test-settings.js';
import { startTensorRtEngine } from '../../../build/js/engines/tensorrt/engine.js';
import { openPerfEngine } from '../../../build/js/engines/tensorrt/perf.js';
import { connectTensorRtSut } from '../../../build/js/engines/tensorrt/sut.js';
import { besideLoadGen } from '../../../build/js/harness/perf/beside-loadgen.js';
import { logSettings } from '../../../build/js/scenarios/logs/log-files.js';
import { startTest } from '../../../build/js/scenarios/start-test.js';

const COUNT = 30;
const LONGEST = 60;
const VOCABULARY = 40;

const shared = (values) => {
  const array = new Int32Array(new SharedArrayBuffer(values.length * 4));
  array.set(values);
  return array;
};

function makeSamples() {
  const lengths = Array.from({ length: COUNT }, (_, i) => 3 + ((i * 17) % (LONGEST - 3)));
  const offsets = [0];
  for (const length of lengths) offsets.push(offsets.at(-1) + length);
  return {
    sampleCount: COUNT,
    tokenIds: shared(Array.from({ length: offsets.at(-1) }, (_, i) => (i * 7) % VOCABULARY)),
    offsets: shared(offsets),
    segmentStarts: shared(lengths.map((length) => 1 + (length >> 1))),
    maxSequenceLength: LONGEST,
  };
}

/** What the fake TensorRT answers; tests/fakes/native/logits.ts. */
function expectedLogits({ tokenIds, offsets, segmentStarts }, index) {
  const from = offsets[index];
  const length = offsets[index + 1] - from;
  const logits = new Float32Array(length * 2);
  for (let position = 0; position < length; position++) {
    const id = tokenIds[from + position];
    const segment = position < segmentStarts[index] ? 0 : 1;
    logits[2 * position] = ((id * 31 + position * 7 + segment * 3 + length) % 1009) / 64 - 8;
    logits[2 * position + 1] = ((id * 17 + position * 13 + segment * 5 + length * 3) % 1013) / 64 - 8;
  }
  return logits;
}

function makeParts(native) {
  // There is no cuBLAS beside the fakes; their attention needs none.
  const addon = { ...native, whyNotLoadable: () => null };
  return {
    addon,
    runBuild: ({ build }, report) => Promise.resolve(addon.build(build, report)),
    openReference: () =>
      Promise.resolve({
        facts: { runtime: 'what the fake answers' },
        run: (picked) =>
          Promise.resolve(Array.from({ length: picked.sampleCount }, (_, i) => expectedLogits(picked, i))),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
}

function makeRequest(scenario, { folder, modelDir, form, attention = 'auto', useGraphs, gpus = 1 }) {
  return {
    engine: 'tensorrt',
    precision: 'fp16',
    batch_size: scenario === 'SingleStream' ? 1 : 6,
    instances: gpus,
    threads_per_instance: 1,
    scenario,
    modelDir,
    enginesDir: mkdtempSync(join(tmpdir(), 'loadrig-chain-')),
    mayBuild: true,
    report: () => undefined,
    gpu: {
      ...gpuSettingsSchema.parse({ bert_opt_seqlen: LONGEST, graphs_max_seqlen: LONGEST }),
      accelerators_per_node: gpus,
      max_seq_length: LONGEST,
      tensorrt_lib: folder,
      variable_length: form === 'packed',
      tensorrt_attention: attention,
      use_graphs: useGraphs,
      gpu_inference_streams: 2,
    },
  };
}

/** Runs an accuracy test of each scenario; says how many answers are right and what the engine says of itself. */
export async function everyScenario(native, args) {
  const parts = makeParts(native);
  const samples = makeSamples();
  const results = [];
  const asked = ['SingleStream', 'MultiStream', 'Server', 'Offline'].map((scenario) => [scenario, 0]);
  for (const [scenario, threads] of [...asked, ['Server', 2]]) {
    const engine = await startTensorRtEngine(makeRequest(scenario, args), samples, parts);
    const logs = mkdtempSync(join(tmpdir(), 'loadrig-chain-'));
    const qsl = {
      name: 'chain',
      totalSampleCount: COUNT,
      performanceSampleCount: COUNT,
      loadSamplesToRam: () => undefined,
      unloadSamplesFromRam: () => undefined,
    };
    const settings = {
      scenario,
      mode: 'AccuracyOnly',
      server_target_qps: 2000,
      server_num_issue_query_threads: threads,
      multi_stream_samples_per_query: 5,
    };
    const sut = connectTensorRtSut(engine.sutSpec, parts.addon);
    const { errors } = await startTest(sut, qsl, testSettings(settings), logSettings(logs));
    const answers = JSON.parse(readFileSync(join(logs, 'mlperf_log_accuracy.json'), 'utf8'));
    const right = answers.filter(
      ({ qsl_idx, data }) =>
        data === Buffer.from(expectedLogits(samples, qsl_idx).buffer).toString('hex').toUpperCase(),
    );
    const { form: used, graph_launches, batches, logit_cosine } = engine.facts.notes;
    results.push({
      scenario,
      threads,
      errors,
      answers: answers.length,
      right: right.length,
      form: used,
      graph_launches,
      batches,
      logit_cosine,
    });
    await engine.close();
  }
  return results;
}

/** LoadGen and the closed loop by turns on one open engine, LoadGen on a driver's thread of its own. */
export async function byTurns(native, { isOffline, ...args }) {
  const samples = isOffline ? makeSamples() : undefined;
  const engine = makeRequest(isOffline ? 'Offline' : 'SingleStream', args);
  const perf = await openPerfEngine({ engine, samples }, makeParts(native));
  const row = await besideLoadGen({
    perf,
    loop: {
      iterations: 5,
      duration_ms: 20,
      warm_up_ms: 0,
      use_graph: args.useGraphs,
      copies: true,
      streams: 2,
      idle_ms: 0,
    },
    sampleCount: samples?.sampleCount,
    samplesPerSecond: 100,
    rounds: 3,
    program: { name: 'test', version: '0', commit: 'NA' },
  });
  await perf.engine.close();
  return row;
}
