// The engines there are: an explicit list. `startEngine` on the main thread, `connectSut` on the driver's.

import { ConfigError } from '../configs/errors.js';
import { gpuSettingsSchema } from '../configs/gpu-settings.js';
import type { SystemUnderTest } from '../scenarios/contract.js';
import type {
  BuiltEngine,
  DirectInference,
  Engine,
  EngineBuildRequest,
  EngineFileRequest,
  EngineRequest,
  GpuRequest,
  RuntimeHere,
  SutSpec,
  TokenizedSamples,
} from './contract.js';
import { connectNullSut, startNullEngine } from './null.js';
import type { EngineFile } from './onnxruntime/build-engine.js';
import type { ForeignModel } from './onnxruntime/foreign-model.js';
import type { NetworkFile, NetworkFileRequest } from './tensorrt/build-file.js';
import type { PerfEngine, PerfRequest } from './tensorrt/perf.js';
import type { TensorRtParts } from './tensorrt/parts.js';

/** Names for --engine. */
export const engineNames = ['onnxruntime', 'tensorrt', 'null'] as const;

/** Starts the engine that the request names. @throws {ConfigError | SetupError | RunError} */
export async function startEngine(request: EngineRequest, samples: TokenizedSamples): Promise<Engine> {
  switch (request.engine) {
    case 'null':
      return startNullEngine(request);
    case 'onnxruntime':
      // Loaded on demand: other engines must not need its library.
      return (await import('./onnxruntime/engine.js')).startOnnxRuntimeEngine(
        request,
        samples,
        await wrappedPlan(request),
      );
    case 'tensorrt':
      return (await import('./tensorrt/engine.js')).startTensorRtEngine(request, samples, tensorRtParts);
    default:
      throw unknownEngine(request.engine);
  }
}

/** Why engine tensorrt cannot run on this machine, as a sentence; undefined where it can. @param folder As --tensorrt_lib. */
export async function whyNoTensorRt(folder: string): Promise<string | undefined> {
  return (await import('./tensorrt/runtime.js')).whyNoTensorRt(folder);
}

/** Builds what an engine needs on disk, and starts nothing. @throws {ConfigError | SetupError} */
export async function generateEngine(request: EngineRequest): Promise<void> {
  switch (request.engine) {
    case 'null':
      request.report('the null engine needs no file');
      return;
    case 'onnxruntime': {
      const { path, built } =
        (await wrappedPlan(request)) ??
        (await (await import('./onnxruntime/build-engine.js')).buildEngine(request));
      request.report(`${path}: ${built ? 'built' : 'there already, unchanged'}`);
      return;
    }
    case 'tensorrt':
      await (await import('./tensorrt/engine.js')).generateTensorRtEngine(request, tensorRtParts);
      return;
    default:
      throw unknownEngine(request.engine);
  }
}

/** Builds the engine file that `loadrig build` hands out, or finds it unchanged. @throws {ConfigError | SetupError} */
export async function buildEngineFile(request: EngineBuildRequest): Promise<BuiltEngine> {
  switch (request.engine) {
    case 'onnxruntime':
      return (await import('./onnxruntime/build-file.js')).buildOnnxRuntimeFile(request);
    case 'tensorrt':
      return (await import('./tensorrt/build-file.js')).buildTensorRtFile(request, tensorRtParts);
    default:
      throw unknownEngine(request.engine);
  }
}

/** Writes the network that engine tensorrt would build, as ONNX; needs no GPU. @throws {ConfigError | SetupError} */
export async function writeTensorRtOnnx(request: NetworkFileRequest): Promise<NetworkFile> {
  return (await import('./tensorrt/build-file.js')).writeTensorRtNetwork(request, tensorRtParts);
}

/** Makes the SUT of a started engine on this thread. */
export async function connectSut(spec: SutSpec): Promise<SystemUnderTest> {
  switch (spec.engine) {
    case 'null':
      return connectNullSut();
    case 'onnxruntime':
      return (await import('./onnxruntime/sut.js')).connectOnnxRuntimeSut(spec);
    case 'tensorrt':
      return (await import('./tensorrt/sut.js')).connectTensorRtSut(spec);
    default:
      throw unknownEngine(spec.engine);
  }
}

/** Opens an engine for inference outside LoadGen. @throws {ConfigError | SetupError} */
export async function openDirectInference(request: EngineRequest): Promise<DirectInference> {
  switch (request.engine) {
    case 'null':
      throw new ConfigError(
        'the null engine computes nothing, so it has no answers. Use --engine=onnxruntime.',
      );
    case 'onnxruntime':
      return (await import('./onnxruntime/direct.js')).openOnnxRuntimeDirect(request);
    case 'tensorrt':
      return (await import('./tensorrt/direct.js')).openTensorRtDirect(request, tensorRtParts);
    default:
      throw unknownEngine(request.engine);
  }
}

/** Opens engine tensorrt for closed loops without LoadGen. @throws {ConfigError | SetupError | RunError} */
export async function openPerfEngine(request: PerfRequest): Promise<PerfEngine> {
  return (await import('./tensorrt/perf.js')).openPerfEngine(request, tensorRtParts);
}

/** @throws {ConfigError | SetupError} when it cannot be loaded. */
export async function openEngineFile(
  engine: string,
  request: EngineFileRequest,
): Promise<Omit<DirectInference, 'facts'>> {
  switch (engine) {
    case 'onnxruntime': {
      const { path, threads, batch_size } = request;
      return (await import('./onnxruntime/direct.js')).openDirectSession(path, threads, batch_size);
    }
    case 'tensorrt':
      return (await import('./tensorrt/plan-file.js')).openPlanFile(request);
    default:
      throw unknownEngine(engine);
  }
}

/** Opens an ONNX model that others have built, with the inputs and outputs it has. @throws {ConfigError} */
export async function openForeignModel(
  file: string,
  threads: number,
  batchSize: number,
): Promise<ForeignModel> {
  return (await import('./onnxruntime/foreign-model.js')).openForeignModel(file, threads, batchSize);
}

/** SHA-256 of the model behind a plan; undefined where nothing tells. @throws {SetupError} when the plan is damaged. */
export async function modelOfPlan(planFile: string): Promise<string | undefined> {
  return (await import('./tensorrt/plan-file.js')).modelOfPlan(planFile);
}

/** @throws {SetupError} when the runtime, or a GPU that it needs, is not there. */
export async function runtimeHere(engine: string): Promise<RuntimeHere> {
  switch (engine) {
    case 'onnxruntime':
      return {
        runtime: `onnxruntime-node ${(await import('./onnxruntime/build-engine.js')).runtimeVersion}`,
      };
    case 'tensorrt': {
      const { findGpus, openTensorRt } = await import('./tensorrt/runtime.js');
      const { libraries, device } = findGpus(openTensorRt(), 1);
      return { runtime: `TensorRT ${libraries.version}`, gpu: device.name };
    }
    default:
      throw unknownEngine(engine);
  }
}

/** Engines do not know one another: what one needs of another is handed to it here. */
const tensorRtParts: TensorRtParts = {
  openReference: async (request) => (await import('./onnxruntime/direct.js')).openOnnxRuntimeDirect(request),
  calibratedRanges: async ({ modelDir, model_sha256, enginesDir }) => {
    const { findCalibration, rangesOf, describeCalibration } =
      await import('./calibration/calibration-file.js');
    const found = findCalibration(enginesDir, modelDir, model_sha256)?.calibration;
    return (
      found && { ranges: rangesOf(found), kept: new Set(found.kept), source: describeCalibration(found) }
    );
  },
};

/**
 * The engine file of ONNX Runtime's provider tensorrt: our plan of the padded network, with one profile for every shape (the
 * provider runs no other), wrapped. Undefined for every other provider.
 */
async function wrappedPlan(request: EngineRequest): Promise<EngineFile | undefined> {
  if (request.provider?.name !== 'tensorrt') return undefined;
  (await import('./onnxruntime/providers.js')).requireProvider('tensorrt');
  const gpu: GpuRequest = {
    ...gpuSettingsSchema.parse({}),
    variable_length: false,
    tensorrt_attention: 'network',
    length_buckets: '384',
    accelerators_per_node: request.provider.devices,
    max_seq_length: 384,
  };
  const { findPlan } = await import('./tensorrt/find-plan.js');
  const { plan, tensorRt } = await findPlan({ ...request, gpu }, tensorRtParts);
  const { writePlanWrapper } = await import('./onnxruntime/ep-context.js');
  const tokens = ['batch', 'sequence'];
  const path = writePlanWrapper(plan.path, {
    inputs: ['input_ids', 'token_type_ids', 'attention_mask'].map((name) => ({
      name,
      type: 'int32',
      shape: tokens,
    })),
    outputs: [{ name: 'logits', type: 'float32', shape: [...tokens, 2] }],
    computeCapability: tensorRt.device.compute_capability.replace('.', ''),
  });
  const { sha256, model_sha256, built, seconds } = plan;
  return { path, dataFiles: [plan.path], sha256, model_sha256, built, seconds };
}

function unknownEngine(name: string): ConfigError {
  return new ConfigError(`unknown engine "${name}"; there are: ${engineNames.join(', ')}`);
}
