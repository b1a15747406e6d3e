// From a request to the plan of its model on the GPUs of this machine: found, or built.

import { isQuantized } from '../../configs/engine-choices.js';
import { gpuSettingsSchema } from '../../configs/gpu-settings.js';
import { openCheckpoint, type BertCheckpoint, type CheckpointOptions } from '../bert/checkpoint.js';
import type { EngineRequest, GpuRequest } from '../contract.js';
import { buildPlan, type PlanFile } from './build-plan.js';
import { rangesFor, type KnownRanges } from './network.js';
import type { TensorRtParts } from './parts.js';
import { runBuild } from './run-build.js';
import { findGpus, openTensorRt, type TensorRtOnGpus } from './runtime.js';

/** A plan, the GPUs that it runs on, and what matters of its model. */
export interface FoundPlan {
  readonly tensorRt: TensorRtOnGpus;
  readonly plan: PlanFile;
  readonly gpu: GpuRequest;
  readonly known: KnownRanges | undefined;
  readonly isSynthetic: boolean;
  readonly parameterCount: number;
  readonly vocabularySize: number;
}

/** Builds the plan or finds it. @throws {ConfigError | SetupError | RunError} */
export async function findPlan(
  request: EngineRequest,
  parts: TensorRtParts,
  options: CheckpointOptions = {},
): Promise<FoundPlan> {
  const gpu = gpuOf(request);
  const tensorRt = findGpus(openTensorRt(gpu.tensorrt_lib, parts.addon), gpu.accelerators_per_node);
  using checkpoint = openCheckpoint(request.modelDir, options);
  const known = await knownRanges(checkpoint, request, parts);
  const plan = await buildPlan({
    tensorRt,
    checkpoint,
    modelDir: request.modelDir,
    precision: request.precision,
    batch_size: request.batch_size,
    gpu,
    enginesDir: request.enginesDir,
    mayBuild: request.mayBuild,
    report: request.report,
    onProgress: request.onProgress,
    known,
    runBuild: parts.runBuild ?? runBuild,
  });
  return {
    tensorRt,
    plan,
    gpu,
    known,
    isSynthetic: checkpoint.kind === 'synthetic',
    parameterCount: checkpoint.parameterCount,
    vocabularySize: checkpoint.config.vocab_size,
  };
}

/**
 * Ranges for int8 and fp8: of training, of calibration, or constants for random weights; undefined for other precisions.
 *
 * @throws {SetupError} when there are none.
 */
export async function knownRanges(
  checkpoint: BertCheckpoint,
  { precision, modelDir, enginesDir }: Pick<EngineRequest, 'precision' | 'modelDir' | 'enginesDir'>,
  { calibratedRanges }: Pick<TensorRtParts, 'calibratedRanges'>,
): Promise<KnownRanges | undefined> {
  if (!isQuantized(precision)) return undefined;
  const { model_sha256 } = checkpoint;
  return rangesFor(checkpoint, modelDir, await calibratedRanges?.({ modelDir, model_sha256, enginesDir }));
}

/** A request without a configuration behind it (a person's question): one GPU, the settings' defaults. */
function gpuOf({ gpu }: EngineRequest): GpuRequest {
  return gpu ?? { ...gpuSettingsSchema.parse({}), accelerators_per_node: 1, max_seq_length: 384 };
}
