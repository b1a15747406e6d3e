// `loadrig build --engine=tensorrt`: the plan of the cache that `run` uses, or, without a GPU, the network alone as ONNX.

import { gpuSettingsSchema } from '../../configs/gpu-settings.js';
import type { Precision } from '../../configs/engine-choices.js';
import { openCheckpoint, type CheckpointOptions } from '../bert/checkpoint.js';
import type {
  BuiltEngine,
  EngineBuildRequest,
  EngineProfile,
  EngineRequest,
  GpuRequest,
} from '../contract.js';
import { chooseNetwork, questionAbout, type NetworkChoice } from './choose-network.js';
import { writeNetwork } from './network.js';
import { findPlan, knownRanges } from './find-plan.js';
import type { TensorRtParts } from './parts.js';
import { bucketsOf } from './shapes.js';

/** @throws {ConfigError | SetupError | RunError} */
export async function buildTensorRtFile(
  request: EngineBuildRequest,
  parts: TensorRtParts,
): Promise<BuiltEngine> {
  request.onPhase('build the engine');
  const { plan, tensorRt } = await findPlan(engineRequest(request), parts, request.checkpoint);
  const { built_from, network, build, proof } = plan.sidecar;
  return {
    path: plan.path,
    dataFiles: [],
    sha256: plan.sha256,
    built: plan.built,
    runtime: `TensorRT ${tensorRt.libraries.version}`,
    notes: { built_from, network, tensorrt_build: build, proof },
  };
}

function engineRequest(request: EngineBuildRequest): EngineRequest {
  return {
    engine: request.engine,
    precision: request.precision,
    batch_size: Math.max(...request.profiles.map(({ batch }) => batch.max)),
    instances: 1,
    threads_per_instance: 1,
    scenario: 'Offline',
    modelDir: request.modelDir,
    enginesDir: request.enginesDir,
    mayBuild: true,
    report: request.report,
    onProgress: request.onProgress,
    gpu: gpuOf(request.profiles),
  };
}

/** Packed tokens need one profile for all; padded batches get one for each length. */
function gpuOf(profiles: readonly EngineProfile[]): GpuRequest {
  const lengths = [...new Set(profiles.map(({ sequence }) => sequence.max))].sort((a, b) => a - b);
  const longest = lengths.at(-1) ?? 0;
  return {
    ...gpuSettingsSchema.parse({}),
    accelerators_per_node: 1,
    max_seq_length: longest,
    bert_opt_seqlen: Math.max(...profiles.map(({ sequence }) => sequence.opt)),
    length_buckets: lengths.length > 1 ? lengths.join(',') : '',
  };
}

/** A network for a GPU and a TensorRT that need not be here. */
export interface NetworkFileRequest {
  readonly modelDir: string;
  /** Where calibrations lie. */
  readonly enginesDir: string;
  readonly checkpoint: CheckpointOptions;
  readonly precision: Precision;
  readonly onnxFile: string;
  readonly tensorrt_version: string;
  readonly compute_capability: string;
  readonly gpu: Pick<
    GpuRequest,
    'tensorrt_attention' | 'tensorrt_gelu' | 'variable_length' | 'max_seq_length' | 'length_buckets'
  >;
}

export interface NetworkFile {
  readonly choice: NetworkChoice;
  /** Ranges of tensors for a builder of implicit quantisation; null for explicit networks. */
  readonly tensorRanges: Readonly<Record<string, number>> | null;
  /** Lengths of the padded form. */
  readonly buckets: readonly number[];
}

/** Writes a network's ONNX, its large tensors beside it; needs no GPU and no TensorRT. @throws {ConfigError | SetupError} */
export async function writeTensorRtNetwork(
  { modelDir, enginesDir, checkpoint: options, precision, onnxFile, gpu, ...target }: NetworkFileRequest,
  parts: Pick<TensorRtParts, 'calibratedRanges'>,
): Promise<NetworkFile> {
  using checkpoint = openCheckpoint(modelDir, options);
  const known = await knownRanges(checkpoint, { precision, modelDir, enginesDir }, parts);
  const choice = chooseNetwork({ ...questionAbout(checkpoint, precision, gpu, known), ...target });
  const { tensorRanges } = writeNetwork({ checkpoint, precision, choice, known }, onnxFile);
  return { choice, tensorRanges, buckets: choice.form === 'padded' ? bucketsOf(gpu) : [] };
}
