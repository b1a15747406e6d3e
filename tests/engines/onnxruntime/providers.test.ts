// Execution providers: what is said where one is missing, and the proof that one has computed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { SetupError } from '../../../configs/errors.js';
import type { EngineRequest } from '../../../engines/contract.js';
import { openCheckpoint } from '../../../engines/bert/checkpoint.js';
import { buildBertGraph } from '../../../engines/bert/graph.js';
import { paddedForm } from '../../../engines/bert/graph-form.js';
import { writeOnnxFile } from '../../../engines/bert/onnx-file.js';
import { buildEngine } from '../../../engines/onnxruntime/build-engine.js';
import { writePlanWrapper } from '../../../engines/onnxruntime/ep-context.js';
import { createInference } from '../../../engines/onnxruntime/inference.js';
import { nodeRuns, proveProvider, type NodeRun } from '../../../engines/onnxruntime/provider-proof.js';
import { explainedProviderError, requireProvider } from '../../../engines/onnxruntime/providers.js';
import { importBuilt, temporaryFolder } from '../../built.js';
import { writeTinyBert } from '../../fakes/tiny-bert.js';
import { tokenizedSamples } from '../../fakes/tokenized-samples.js';

const modelDir = writeTinyBert();
const enginesDir = temporaryFolder();
const request: EngineRequest = {
  engine: 'onnxruntime',
  precision: 'fp32',
  batch_size: 1,
  instances: 1,
  threads_per_instance: 1,
  scenario: 'Offline',
  modelDir,
  enginesDir,
  mayBuild: true,
  report: () => undefined,
};
const samples = tokenizedSamples([
  { ids: [2, 9, 14, 30, 3, 5, 6, 3], segmentStart: 5 },
  { ids: [2, 4, 3, 7, 3], segmentStart: 3 },
  { ids: [2, 8, 8, 3, 11, 12, 13, 14, 15, 3], segmentStart: 4 },
]);

/** The engine file of a provider, and the profile of a run of it on the CPU. */
async function runsOnCpu(provider: EngineRequest['provider']): Promise<readonly NodeRun[]> {
  const { path } = await buildEngine({ ...request, ...(provider && { provider }) });
  const inference = await createInference(path, 1, 1, { isProfiled: true });
  await inference.run(samples, 1, () => 0);
  const runs = inference.nodeRuns();
  await inference.release();
  return runs;
}

describe('a provider whose library is not there', () => {
  it.each(['cuda', 'tensorrt'] as const)('%s is a setup error that names the library', (name) => {
    const wanted = new RegExp(`/empty has no .*libonnxruntime_providers_${name}\\.so\\. .*NuGet.*CUDA 12`);
    expect(() => requireProvider(name, '/empty')).toThrow(wanted);
    expect(() => requireProvider(name, '/empty')).toThrow(SetupError);
  });

  it('stops an engine before it is built', async () => {
    const engines = await importBuilt<typeof import('../../../engines/index.js')>('engines/index.js');
    const starting = engines.startEngine({ ...request, provider: { name: 'cuda', devices: 1 } }, samples);
    await expect(starting).rejects.toMatchObject({
      name: 'SetupError',
      message: expect.stringContaining('libonnxruntime_providers_cuda.so') as string,
    });
  });

  // Real messages of ONNX Runtime 1.30 on a machine without.
  it.each([
    [
      'cuda',
      'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library',
      /could not load its cuda provider.*ldd/,
    ],
    [
      'webgpu',
      'webgpu_context.cc:136 adapter_result.status == wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters\n',
      /found no GPU \(Failed to get a WebGPU adapter: No supported adapters\).*libvulkan1/,
    ],
  ] as const)('%s: what ONNX Runtime says becomes what to do', (name, message, said) => {
    const error = explainedProviderError(new Error(message), { name, device: 0 });
    expect(error).toBeInstanceOf(SetupError);
    expect((error as Error).message).toMatch(said);
  });
});

describe('the proof of a provider', () => {
  it('counts every node of a real profiled run', async () => {
    const counts = proveProvider(await runsOnCpu(undefined), 'cpu');
    expect(Object.keys(counts)).toEqual(['CPUExecutionProvider']);
    expect(counts['CPUExecutionProvider']).toBeGreaterThan(20);
  });

  it('refuses a run that went back to the CPU, naming nodes', async () => {
    const runs = await runsOnCpu({ name: 'cuda', devices: 1 });
    expect(() => proveProvider(runs, 'cuda')).toThrow(SetupError);
    expect(() => proveProvider(runs, 'cuda')).toThrow(
      /does not run on provider cuda: .* CPUExecutionProvider \d+ \(.* on CPUExecutionProvider/,
    );
  });

  it('refuses one node that computes on the CPU, and takes shape arithmetic there', async () => {
    // A GPU's profile as ONNX Runtime would write it: what makes int64 alone stays on the CPU.
    const runs = (await runsOnCpu({ name: 'cuda', devices: 1 })).map((run) =>
      run.isShapeArithmetic ? run : { ...run, provider: 'CUDAExecutionProvider' },
    );
    expect(runs.some(({ isShapeArithmetic }) => isShapeArithmetic)).toBe(true);
    expect(proveProvider(runs, 'cuda')['CPUExecutionProvider']).toBeLessThan(10);
    const strayed = runs.findIndex(({ isShapeArithmetic }) => !isShapeArithmetic);
    const withOne = runs.with(strayed, { ...runs[strayed]!, provider: 'CPUExecutionProvider' });
    expect(() => proveProvider(withOne, 'cuda')).toThrow(runs[strayed]!.node);
  });

  it('takes nothing but whole profiles', () => {
    expect(() => nodeRuns('[{"name": "x_kernel_time"')).toThrow();
    expect(nodeRuns('[{"name":"session_initialization","args":{}}]')).toEqual([]);
    expect(() => proveProvider([], 'cpu')).toThrow('no node at all');
  });

  it('stands in the facts of a started engine', async () => {
    const engines = await importBuilt<typeof import('../../../engines/index.js')>('engines/index.js');
    await using engine = await engines.startEngine(request, samples);
    expect(engine.facts.notes).toMatchObject({
      execution_provider: 'cpu',
      nodes_by_provider: expect.stringMatching(/^CPUExecutionProvider \d+$/) as string,
    });
    for (const port of engine.sutSpec.ports) port.close();
  });
});

describe('a model with a mask', () => {
  it.each([{}, { batch: 4, sequence: 16 }])(
    'answers samples of different lengths in one batch as it does alone (sizes %o)',
    async (sizes) => {
      using checkpoint = openCheckpoint(modelDir);
      const folder = temporaryFolder();
      const path = join(folder, 'padded.onnx');
      const graph = buildBertGraph(checkpoint, { precision: 'fp32', form: paddedForm(sizes) });
      writeOnnxFile(graph, path, join(folder, 'padded.data'));
      const padded = await createInference(path, 1, 3);
      const alone = await createInference((await buildEngine(request)).path, 1, 1);
      expect([padded.isPadded, alone.isPadded]).toEqual([true, false]);
      await padded.run(samples, 3, (place) => place);
      for (const place of [0, 1, 2]) {
        await alone.run(samples, 1, () => place);
        const got = new Float32Array(padded.response(place).slice().buffer);
        const expected = new Float32Array(alone.response(0).slice().buffer);
        expect(got).toHaveLength(expected.length);
        for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
      }
      await Promise.all([padded.release(), alone.release()]);
    },
  );
});

describe('the wrapper of a TensorRT plan', () => {
  it('is a model that ONNX Runtime accepts and leaves to the tensorrt provider alone', async () => {
    const planFile = join(temporaryFolder(), 'bert.plan');
    const tokens = ['batch', 'sequence'];
    const wrapper = writePlanWrapper(planFile, {
      inputs: ['input_ids', 'token_type_ids', 'attention_mask'].map((name) => ({
        name,
        type: 'int32',
        shape: tokens,
      })),
      outputs: [{ name: 'logits', type: 'float32', shape: [...tokens, 2] }],
      computeCapability: '90',
    });
    expect(wrapper).toBe(`${planFile}.onnx`);
    expect(readFileSync(wrapper).includes('bert.plan')).toBe(true);
    // It passes the checks of operators and attributes, and fails only for want of the provider that runs it.
    await expect(createInference(wrapper, 1, 1)).rejects.toThrow(
      /EPContext node generated by 'TensorrtExecutionProvider' is not compatible with any execution provider/,
    );
  });
});
