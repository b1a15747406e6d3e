// The TensorRT engine against a played addon: what it opens, how scenarios reach the GPU, and what breaks.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { gpuSettingsSchema } from '../../../configs/gpu-settings.js';
import { ConfigError, RunError, SetupError } from '../../../configs/errors.js';
import { scenarios } from '../../../configs/test-settings.js';
import type { DirectInference, EngineRequest, TokenizedSamples } from '../../../engines/contract.js';
import { generateTensorRtEngine, startTensorRtEngine } from '../../../engines/tensorrt/engine.js';
import { openTensorRtDirect } from '../../../engines/tensorrt/direct.js';
import { openPerfEngine } from '../../../engines/tensorrt/perf.js';
import type { NativeMeasure } from '../../../engines/tensorrt/native-run.js';
import type { Sidecar } from '../../../engines/tensorrt/sidecar.js';
import type { RunBuild } from '../../../engines/tensorrt/run-build.js';
import type { TensorRtParts } from '../../../engines/tensorrt/parts.js';
import { connectTensorRtSut } from '../../../engines/tensorrt/sut.js';
import { temporaryFolder } from '../../built.js';
import { createTinyQsl } from '../../fakes/fake-suts.js';
import {
  createFakeTensorRt,
  fakeLogits,
  h100,
  nativeError,
  type FakeTensorRt,
} from '../../fakes/fake-tensorrt.js';
import { runFailingTest, runTest } from '../../fakes/run-test.js';
import { tinyTensors, wideHeadConfig, writeTinyBert } from '../../fakes/tiny-bert.js';
import { tokenizedSamples } from '../../fakes/tokenized-samples.js';

const samples = tokenizedSamples(
  Array.from({ length: 20 }, (_unused, i) => ({
    ids: [2, ...Array.from({ length: 4 + (i % 5) * 7 }, (_none, j) => 4 + ((i + j) % 26)), 3],
    segmentStart: 3,
  })),
);
const modelDir = writeTinyBert(tinyTensors(7n, wideHeadConfig), wideHeadConfig);
const gpu = { ...gpuSettingsSchema.parse({}), accelerators_per_node: 1, max_seq_length: 384 };
let request: EngineRequest;
let addon: FakeTensorRt;
let builds: number;
let parts: TensorRtParts;

const runBuild: RunBuild = ({ build }) => {
  builds++;
  expect(existsSync(build.onnx_file)).toBe(true);
  writeFileSync(build.plan_file, 'a plan');
  return Promise.resolve({ plan_bytes: 6, parse_s: 0, build_s: 1, warnings: [] });
};

function reference(answer: (ids: Int32Array) => Float32Array): TensorRtParts['openReference'] {
  return ({ precision }) =>
    Promise.resolve({
      facts: { runtime: `reference ${precision}` } as DirectInference['facts'],
      run: ({ sampleCount, tokenIds, offsets }: TokenizedSamples) =>
        Promise.resolve(
          Array.from({ length: sampleCount }, (_unused, i) =>
            answer(tokenIds.subarray(offsets[i], offsets[i + 1])),
          ),
        ),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
}

beforeEach(() => {
  builds = 0;
  addon = createFakeTensorRt();
  parts = { addon, runBuild, openReference: reference(fakeLogits) };
  request = {
    engine: 'tensorrt',
    precision: 'fp16',
    batch_size: 4,
    instances: 1,
    threads_per_instance: 1,
    scenario: 'Offline',
    modelDir,
    enginesDir: temporaryFolder(),
    mayBuild: true,
    report: () => undefined,
    gpu,
  };
});

describe.each(scenarios)('%s on TensorRT', (scenario) => {
  it('answers every sample once, with the logits of its tokens', async () => {
    await using engine = await startTensorRtEngine({ ...request, scenario }, samples, parts);
    const sut = connectTensorRtSut(engine.sutSpec, addon);
    const { accuracy, result } = await runTest(sut, createTinyQsl(20, 20), {
      scenario,
      mode: 'AccuracyOnly',
      server_target_qps: 100_000,
      multi_stream_samples_per_query: 6,
    });
    expect(result.errors).toEqual([]);
    expect(new Set(accuracy.map(({ qsl_idx }) => qsl_idx)).size).toBe(20);
    for (const { qsl_idx, data } of accuracy) {
      const ids = samples.tokenIds.subarray(samples.offsets[qsl_idx], samples.offsets[qsl_idx + 1]);
      expect(data).toBe(Buffer.from(fakeLogits(ids).buffer).toString('hex').toUpperCase());
    }
    const ownCall = scenario === 'SingleStream' || scenario === 'MultiStream';
    expect(addon.calls.includes('runInCall')).toBe(ownCall);
    expect(engine.facts.notes['tokens']).toBeGreaterThanOrEqual(samples.tokenIds.length); // MultiStream fills up
  });

  it('ends a run whose GPU breaks with what CUDA said; the logs are kept', async () => {
    await using engine = await startTensorRtEngine({ ...request, scenario }, samples, parts);
    const sut = connectTensorRtSut(engine.sutSpec, addon);
    if (sut.completionPlace === 'in-call') addon.breakNext('runInCall', 'ERR_CUDA', 'cuLaunch: device lost');
    const broken = {
      ...sut,
      startPhase: async (records: Parameters<NonNullable<typeof sut.startPhase>>[0]) => {
        await sut.startPhase?.(records);
        if (sut.completionPlace !== 'in-call') addon.breakPhase('cuLaunch: device lost');
      },
    };
    const { error, detail } = await runFailingTest(broken, createTinyQsl(20, 20), {
      scenario,
      mode: 'AccuracyOnly',
      server_target_qps: 100_000,
      multi_stream_samples_per_query: 6,
    });
    expect(error).toBeInstanceOf(RunError);
    expect(error.message).toContain('device lost');
    expect(error.message).toContain('What was logged so far is kept');
    expect(detail.length).toBeGreaterThan(0);
  });
});

describe('the engine of a request', () => {
  it('is built once and found again; its sidecar tells what it is', async () => {
    for (let round = 0; round < 2; round++) {
      await using engine = await startTensorRtEngine(request, samples, parts);
      expect(engine.facts).toMatchObject({
        engine: 'tensorrt',
        runtime: 'TensorRT 10.6.0',
        notes: { gpu: h100.name, driver_cuda: '13.0', logit_cosine: 1, answers_agreeing: 1 },
      });
    }
    expect(builds).toBe(1);
    expect(addon.calls.filter((call) => call === 'run')).toHaveLength(5); // compared once: 20 samples in batches of 4
    expect(addon.open_handles.size).toBe(0);
  });

  it.each([
    ['another GPU', { devices: [{ ...h100, name: 'NVIDIA H200' }] }],
    ['another version of TensorRT', { version: '10.7.0' }],
    ['another driver', { devices: [{ ...h100, cuda_driver_version: 12_080 }] }],
  ])('is built again for %s', async (_what, options) => {
    await generateTensorRtEngine(request, parts);
    await generateTensorRtEngine(request, { ...parts, addon: createFakeTensorRt(options) });
    expect(builds).toBe(2);
  });

  it('is built again when its file was cut short, and refused by name where building is forbidden', async () => {
    await generateTensorRtEngine(request, parts);
    const [folder = ''] = readdirSync(request.enginesDir);
    writeFileSync(join(request.enginesDir, folder, 'engine.plan'), 'a p');
    const lines: string[] = [];
    await expect(generateTensorRtEngine({ ...request, mayBuild: false }, parts)).rejects.toThrow(
      /engine\.plan has changed since it was built.*make generate_engines/,
    );
    await generateTensorRtEngine({ ...request, report: (line) => void lines.push(line) }, parts);
    expect(lines.join('\n')).toContain('again, since engine.plan has changed');
    expect(builds).toBe(2);
  });

  it('is opened on every GPU, each with its CPUs', async () => {
    const devices = [0, 1].map((index) => ({ ...h100, index }));
    const two = createFakeTensorRt({ devices });
    await using engine = await startTensorRtEngine(
      {
        ...request,
        gpu: { ...gpu, accelerators_per_node: 2, gpu_inference_streams: 2, numa_config: '0:0-3&1:4-7' },
      },
      samples,
      { ...parts, addon: two },
    );
    const running = two.opened.slice(-2);
    expect(running.map(({ device, cpus, streams }) => ({ device, cpus, streams }))).toEqual([
      { device: 0, cpus: [0, 1, 2, 3], streams: 2 },
      { device: 1, cpus: [4, 5, 6, 7], streams: 2 },
    ]);
    expect(engine.facts.instances).toBe(4);
  });

  it('is never timed when its logits are NaN or not the model’s', async () => {
    const wrong = {
      ...parts,
      openReference: reference((ids) => fakeLogits(ids).map((_value, i) => (i % 7) - 3)),
    };
    await expect(startTensorRtEngine(request, samples, wrong)).rejects.toThrow(
      /does not answer as the model does.*their cosine is/,
    );
    addon.run = (_engine, indices) => {
      const tokens = indices.reduce((sum, i) => sum + samples.offsets[i + 1]! - samples.offsets[i]!, 0);
      return new Float32Array(2 * tokens).fill(NaN);
    };
    const nan = startTensorRtEngine(request, samples, parts);
    await expect(nan).rejects.toThrow(RunError);
    await expect(nan).rejects.toThrow(/logits are NaN or infinite/);
    expect(addon.open_handles.size).toBe(0);
  });

  it('says in its facts that copies are left out', async () => {
    await using engine = await startTensorRtEngine(
      { ...request, gpu: { ...gpu, start_from_device: true } },
      samples,
      parts,
    );
    expect(engine.facts.notes).toMatchObject({ start_from_device: true, copies_timed: false });
    expect(addon.opened.at(-1)?.start_from_device).toBe(true);
  });

  it('names in its facts the settings that change nothing, where they were asked for', async () => {
    await using usual = await startTensorRtEngine(request, samples, parts);
    expect(usual.facts.notes).not.toHaveProperty('without_effect');
    await using asked = await startTensorRtEngine(
      { ...request, gpu: { ...gpu, soft_drop: 0.993, active_sms: 60 } },
      samples,
      parts,
    );
    expect(asked.facts.notes['without_effect']).toBe(
      'soft_drop 0.993: every sample is answered in turn; active_sms 60: kernels are timed on the whole GPU',
    );
  });

  it('answers questions outside a run, batch by batch', async () => {
    await using direct = await openTensorRtDirect(request, parts);
    const logits = await direct.run(samples);
    expect(logits).toHaveLength(20);
    expect(logits[7]).toEqual(fakeLogits(samples.tokenIds.subarray(samples.offsets[7], samples.offsets[8])));
  });
});

describe('an engine that is kept without its weights', () => {
  const stripped = (): EngineRequest => ({ ...request, gpu: { ...request.gpu!, strip_plan: true } });

  it('gets them from the model each time it is opened, and leaves nothing beside it', async () => {
    const weights: (string | null)[] = [];
    const open = addon.open.bind(addon);
    addon.open = (wanted) => {
      weights.push(wanted.weights_file);
      expect(wanted.weights_file === null || existsSync(wanted.weights_file)).toBe(true);
      return open(wanted);
    };
    await using engine = await startTensorRtEngine(stripped(), samples, parts);
    const [whenBuilt, whenOpened] = weights;
    expect(whenBuilt).toMatch(/model\.onnx$/);
    expect(whenOpened).toMatch(/weights-\d+\.onnx$/);
    const folder = engine.facts.engine_file!.replace(/[^/]+$/, '');
    expect(readdirSync(folder).sort()).toEqual(['engine.json', 'engine.plan', 'layers.json']);
    const sidecar = JSON.parse(readFileSync(join(folder, 'engine.json'), 'utf8')) as Sidecar;
    expect(sidecar.built_from['options']).toMatchObject({ strip_plan: true, refit: false });
  });

  it('is another engine than the whole one', async () => {
    await generateTensorRtEngine(request, parts);
    await generateTensorRtEngine(stripped(), parts);
    await generateTensorRtEngine({ ...request, gpu: { ...request.gpu!, refit: true } }, parts);
    expect(builds).toBe(3);
  });
});

describe('measured without LoadGen', () => {
  const loop = {
    iterations: 1,
    duration_ms: 0,
    warm_up_ms: 0,
    use_graph: true,
    copies: true,
    streams: 1,
    idle_ms: 0,
  };

  /** What every call of `measure` was asked for. */
  function watchMeasure(): NativeMeasure[] {
    const asked: NativeMeasure[] = [];
    const measure = addon.measure.bind(addon);
    addon.measure = (engine, wanted) => {
      asked.push(wanted);
      return measure(engine, wanted);
    };
    return asked;
  }
  const lengthsOf = (order: Int32Array | null): readonly number[] =>
    Array.from(order ?? [], (index) => samples.offsets[index + 1]! - samples.offsets[index]!);

  it('gives the times of each query, of made-up tokens or of a data set longest first', async () => {
    const asked = watchMeasure();
    {
      await using perf = await openPerfEngine({ engine: request, samples }, parts);
      expect(perf.measure(loop).latency_ms).toHaveLength(3);
      const lengths = lengthsOf(asked[0]!.sample_order);
      expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
      expect(asked[0]!.one_pass).toBe(false);
    }
    await using perf = await openPerfEngine({ engine: request, samples: undefined }, parts);
    perf.measure(loop);
    expect(asked[1]!.sample_order).toBeNull();
    await perf.engine.close();
    expect(addon.open_handles.size).toBe(0);
  });

  it('runs in passes what Offline runs: the same samples in the same order, parted at the same lengths', async () => {
    const asked = watchMeasure();
    await using perf = await openPerfEngine({ engine: request, samples }, parts);
    perf.measurePasses(loop, 2);
    expect(asked[0]!.one_pass).toBe(true);
    await runTest(connectTensorRtSut(perf.engine.sutSpec, addon), createTinyQsl(20, 20), {
      scenario: 'Offline',
      min_query_count: 40,
      min_duration_ms: 0,
      sample_concatenate_permutation: true,
    });
    const [phase] = addon.phases;
    const offline = Int32Array.from(phase!.order!, (sample) => phase!.sampleIndices[sample]!);
    expect(lengthsOf(asked[0]!.sample_order)).toEqual(lengthsOf(offline));
    expect([...asked[0]!.sample_order!].sort()).toEqual([...offline].sort());
    expect(asked[0]!.length_boundaries).toEqual(phase!.length_boundaries);
    expect(asked[0]!.batch).toBe(phase!.max_batch);
  });
});

describe('what cannot be', () => {
  it('out of GPU memory: the batch to try is named', async () => {
    await generateTensorRtEngine(request, parts);
    addon.breakNext('open', 'ERR_CUDA_MEMORY', 'asked for 12 GiB, 3 GiB are free');
    const start = startTensorRtEngine(request, samples, parts);
    await expect(start).rejects.toThrow(SetupError);
    await expect(start).rejects.toThrow(/asked for 12 GiB.*--gpu_batch_size=2 in place of 4/);
  });

  it('a plan that TensorRT refuses: build it again', async () => {
    await generateTensorRtEngine(request, parts);
    addon.breakNext('open', 'ERR_TENSORRT_ENGINE', 'the plan was built for another GPU');
    await expect(startTensorRtEngine(request, samples, parts)).rejects.toThrow(/make generate_engines/);
  });

  it('a builder that refuses or crashes leaves nothing half built', async () => {
    const crash: RunBuild = () => Promise.reject(new RunError('by signal SIGSEGV'));
    await expect(generateTensorRtEngine(request, { ...parts, runBuild: crash })).rejects.toThrow('SIGSEGV');
    expect(readdirSync(request.enginesDir)).toEqual([]);
  });

  it('fewer GPUs than asked for, or GPUs of two kinds', async () => {
    const two = { ...request, gpu: { ...gpu, accelerators_per_node: 2 } };
    await expect(generateTensorRtEngine(two, parts)).rejects.toThrow('2 GPUs asked for, the driver shows 1');
    const mixed = createFakeTensorRt({ devices: [h100, { ...h100, index: 1, name: 'NVIDIA L4' }] });
    const start = generateTensorRtEngine(two, { ...parts, addon: mixed });
    await expect(start).rejects.toThrow(ConfigError);
    await expect(start).rejects.toThrow(/GPUs of one kind, got NVIDIA H100.*NVIDIA L4/);
  });

  it.each([
    ['ERR_TENSORRT_LIBRARY', 'load', /--tensorrt_lib=FOLDER.*--engine=onnxruntime/],
    ['ERR_TENSORRT_VERSION', 'load', /make tensorrt TENSORRT_INCLUDE/],
    ['ERR_CUDA_LIBRARY', 'devices', /--engine=onnxruntime/],
    ['ERR_CUDA_DEVICE', 'devices', /nvidia-smi must list the GPU/],
  ] as const)('%s says what to install', async (code, call, advice) => {
    addon.breakNext(call, code, 'no such thing');
    const start = generateTensorRtEngine(request, parts);
    await expect(start).rejects.toThrow(SetupError);
    await expect(start).rejects.toThrow(advice);
  });

  it('int8 of a model without ranges: what brings them, and what runs without', async () => {
    await expect(generateTensorRtEngine({ ...request, precision: 'int8' }, parts)).rejects.toThrow(
      /needs ranges of activations.*quantisation-aware training.*--precision=fp16/,
    );
  });

  it('two builders at once build once', async () => {
    const lines: string[] = [];
    let otherWaits = (): void => undefined;
    const somebodyWaits = new Promise<void>((resolve) => (otherWaits = resolve));
    const slow: RunBuild = async (task, report) => {
      await somebodyWaits;
      return runBuild(task, report);
    };
    const both = {
      ...request,
      report(line: string) {
        lines.push(line);
        if (line.startsWith('waiting for another build')) otherWaits();
      },
    };
    await Promise.all([
      generateTensorRtEngine(both, { ...parts, runBuild: slow }),
      generateTensorRtEngine(both, { ...parts, runBuild: slow }),
    ]);
    expect(builds).toBe(1);
    expect(lines.join('\n')).toContain('waiting for another build');
  });

  it('an unknown error of the addon is shown as it is', async () => {
    addon.open = () => {
      throw nativeError('ERR_ARGUMENT', 'streams must be positive');
    };
    await expect(generateTensorRtEngine(request, parts)).rejects.toThrow('streams must be positive');
  });
});

describe('the sidecar', () => {
  it('holds the version, the GPU, the hash of the network and the comparison', async () => {
    await using engine = await startTensorRtEngine(request, samples, parts);
    const [folder = ''] = readdirSync(request.enginesDir);
    const sidecar = JSON.parse(
      readFileSync(join(request.enginesDir, folder, 'engine.json'), 'utf8'),
    ) as Record<string, unknown>;
    expect(sidecar).toMatchObject({
      built_from: { tensorrt: '10.6.0', gpu: h100.name, driver_cuda_major: 13 },
      network: { form: 'packed', attention: 'plugin_fp16' },
      logit_check: { reference: 'reference fp32', samples: 20, not_finite: 0 },
    });
    expect(engine.facts.engine_sha256).toBe((sidecar['sha256'] as Record<string, string>)['engine.plan']);
    expect(readdirSync(join(request.enginesDir, folder)).sort()).toEqual([
      'engine.json',
      'engine.plan',
      'layers.json',
    ]);
  });
});
