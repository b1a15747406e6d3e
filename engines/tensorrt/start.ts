// From a request to open engines: one per GPU, warmed up, their answers compared with the reference before anything is timed.

import { availableParallelism } from 'node:os';
import { RunError } from '../../configs/errors.js';
import { gpuSettingsSchema } from '../../configs/gpu-settings.js';
import { openCheckpoint, type BertCheckpoint, type CheckpointOptions } from '../bert/checkpoint.js';
import type {
  DirectInference,
  EngineFacts,
  EngineRequest,
  GpuRequest,
  TokenizedSamples,
} from '../contract.js';
import { compareLogits, spreadIndices, type LogitCheck } from '../logit-check.js';
import { buildPlan, type PlanFile } from './build-plan.js';
import { cpusFor } from './cpu-placement.js';
import { engineFacts } from './facts.js';
import { madeUpSamples } from '../made-up-samples.js';
import { inNative } from './native-errors.js';
import type { NativeAddon, NativeEngine } from './native.js';
import { rangesFor, type KnownRanges } from './network.js';
import { runBuild, type RunBuild } from './run-build.js';
import { findGpus, openTensorRt, type TensorRtOnGpus } from './runtime.js';
import { warmUpOf } from './shapes.js';
import { writeSidecar } from './sidecar.js';

/** A model whose calibration is looked for. */
export interface CalibratedModel {
  readonly modelDir: string;
  readonly model_sha256: string;
  /** Calibrations lie among the engines. */
  readonly enginesDir: string;
}

/** What others bring: engines do not know one another. */
export interface TensorRtParts {
  /** The fp32 reference of the model, on the CPU. */
  readonly openReference: (request: EngineRequest) => Promise<DirectInference>;
  /** Ranges that calibration found for a model; undefined where it was never calibrated. */
  readonly calibratedRanges?: (model: CalibratedModel) => Promise<KnownRanges | undefined>;
  /** For tests. */
  readonly addon?: NativeAddon;
  readonly runBuild?: RunBuild;
}

/** Engines open on their GPUs. */
export interface OpenEngines {
  readonly tensorRt: TensorRtOnGpus;
  readonly plan: PlanFile;
  readonly gpu: GpuRequest;
  /** One handle per GPU. */
  readonly handles: readonly number[];
  /** What the engines hold: the data set given, or made-up samples. */
  readonly samples: TokenizedSamples;
  readonly description: NativeEngine;
  readonly facts: EngineFacts;
  readonly close: () => void;
}

/** A plan, the GPUs that it runs on, and what matters of its model. */
export interface FoundPlan {
  readonly tensorRt: TensorRtOnGpus;
  readonly plan: PlanFile;
  readonly gpu: GpuRequest;
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
    known: await knownRanges(checkpoint, request, parts),
    runBuild: parts.runBuild ?? runBuild,
  });
  return {
    tensorRt,
    plan,
    gpu,
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
  if (precision !== 'int8' && precision !== 'fp8') return undefined;
  const { model_sha256 } = checkpoint;
  return rangesFor(checkpoint, modelDir, await calibratedRanges?.({ modelDir, model_sha256, enginesDir }));
}

/**
 * Opens the engines of a request.
 *
 * @param given The data set; undefined: made-up samples stand in for it where the engine is checked.
 * @throws {ConfigError | SetupError | RunError} when it cannot, or when their answers are not the model's.
 */
export async function openEngines(
  request: EngineRequest,
  given: TokenizedSamples | undefined,
  parts: TensorRtParts,
): Promise<OpenEngines> {
  const found = await findPlan(request, parts);
  const { tensorRt, plan, gpu } = found;
  const samples = given ?? madeUpSamples(found.vocabularySize, gpu.max_seq_length);
  const { addon, devices } = tensorRt;
  const call = { doing: 'opening the engine', batchSize: request.batch_size };
  const handles: number[] = [];
  const close = (): void => {
    for (const handle of handles.splice(0)) addon.close(handle);
  };
  try {
    const startMs = performance.now();
    for (const device of devices) {
      inNative(call, () => {
        const handle = addon.open({
          device: device.index,
          plan_file: plan.path,
          streams: gpu.gpu_inference_streams,
          slots: Math.max(2, gpu.gpu_copy_streams),
          max_batch: request.batch_size,
          start_from_device: gpu.start_from_device,
          wait: waitOf(request),
          cpus: cpusFor(device, gpu.numa_config),
        });
        handles.push(handle);
        addon.setSamples(handle, samples);
      });
    }
    const [first = 0] = handles;
    const description = inNative(call, () => addon.describe(first));
    const loadMs = performance.now() - startMs;
    const check =
      plan.sidecar.logit_check ??
      (await checkLogits(request, samples, found, first, parts, given === undefined));
    const warmUp = warmUpOf(plan.shapes);
    const warmUpMs = handles.reduce(
      (sum, handle) => sum + inNative({ ...call, doing: 'warming up' }, () => addon.warmUp(handle, warmUp)),
      0,
    );
    const facts = engineFacts({
      request,
      tensorRt,
      plan,
      gpu,
      description,
      check,
      loadMs,
      warmUpMs,
      graphs: warmUp.graphs.length,
    });
    return { tensorRt, plan, gpu, handles, samples, description, facts, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A request without a configuration behind it (a person's question): one GPU, the settings' defaults. */
function gpuOf({ gpu }: EngineRequest): GpuRequest {
  return gpu ?? { ...gpuSettingsSchema.parse({}), accelerators_per_node: 1, max_seq_length: 384 };
}

/** Threads that wait for the GPU spin where one query's latency counts and cores are to spare. */
function waitOf({ scenario, instances }: EngineRequest): 'spin' | 'block' {
  if (scenario === 'SingleStream' || scenario === 'MultiStream') return 'spin';
  return scenario === 'Server' && availableParallelism() >= 4 * (instances + 1) ? 'spin' : 'block';
}

/** Arithmetic that the reference may cost: some seconds on a few cores, for models of any size. */
const REFERENCE_GIGAFLOPS = 1500;
const FEWEST_SAMPLES = 8;
const MOST_SAMPLES = 100;

/** The engine against the fp32 reference; kept in its sidecar, so that it is done once. */
async function checkLogits(
  request: EngineRequest,
  samples: TokenizedSamples,
  { plan, tensorRt, isSynthetic, parameterCount }: FoundPlan,
  handle: number,
  parts: TensorRtParts,
  isMadeUp: boolean,
): Promise<LogitCheck> {
  const meanLength = samples.tokenIds.length / samples.sampleCount;
  const gigaflops = (2 * parameterCount * meanLength) / 1e9; // as if every parameter met every token
  const count = Math.min(MOST_SAMPLES, Math.max(FEWEST_SAMPLES, Math.round(REFERENCE_GIGAFLOPS / gigaflops)));
  const indices = spreadIndices(samples.sampleCount, count);
  request.report(`comparing the engine's logits with the fp32 reference on ${indices.length} samples (once)`);
  await using reference = await parts.openReference({
    ...request,
    engine: 'onnxruntime',
    precision: 'fp32',
    batch_size: 1,
    instances: 1,
    threads_per_instance: availableParallelism(),
    mayBuild: true,
  });
  const expected = await reference.run(pick(samples, indices));
  const got = runInBatches(tensorRt.addon, handle, samples, indices, request.batch_size);
  const check = compareLogits(reference.facts.runtime, expected, got);
  refuseWrong(check, request, isSynthetic || isMadeUp);
  // Made-up tokens say less than a data set: that comparison is still to come.
  if (!isMadeUp) writeSidecar(plan.folder, { ...plan.sidecar, logit_check: { ...check } });
  return check;
}

/** The samples at `indices`, as a data set of their own. */
function pick(
  { tokenIds, offsets, segmentStarts, maxSequenceLength }: TokenizedSamples,
  indices: Int32Array,
): TokenizedSamples {
  const ids: number[] = [];
  const picked = { offsets: [0], segmentStarts: [] as number[] };
  for (const index of indices) {
    ids.push(...tokenIds.subarray(offsets[index], offsets[index + 1]));
    picked.offsets.push(ids.length);
    picked.segmentStarts.push(segmentStarts[index]!);
  }
  return {
    sampleCount: indices.length,
    tokenIds: Int32Array.from(ids),
    offsets: Int32Array.from(picked.offsets),
    segmentStarts: Int32Array.from(picked.segmentStarts),
    maxSequenceLength,
  };
}

/** Logits of each sample, in order, `batchSize` at a time. */
export function runInBatches(
  addon: NativeAddon,
  handle: number,
  { offsets }: TokenizedSamples,
  indices: Int32Array,
  batchSize: number,
): readonly Float32Array[] {
  const logits: Float32Array[] = [];
  for (let from = 0; from < indices.length; from += batchSize) {
    const batch = indices.subarray(from, from + batchSize);
    const all = inNative({ doing: 'running a batch', batchSize }, () =>
      addon.run(handle, Int32Array.from(batch)),
    );
    let at = 0;
    for (const index of batch) {
      const values = 2 * (offsets[index + 1]! - offsets[index]!);
      logits.push(all.slice(at, at + values));
      at += values;
    }
  }
  return logits;
}

/**
 * Least cosine of all logits with the reference's. Random weights or tokens amplify int8's rounding, to 0.78 with all of
 * BERT-Large's products in int8: they are checked for sense.
 */
const leastCosine = { fp32: 0.9999, fp16: 0.999, bf16: 0.99, int8: 0.97, fp8: 0.97 } as const;
const LEAST_COSINE_OF_RANDOM = 0.7;

function refuseWrong(check: LogitCheck, { precision }: EngineRequest, isRandom: boolean): void {
  const isQuantized = precision === 'int8' || precision === 'fp8';
  const least = isRandom && isQuantized ? LEAST_COSINE_OF_RANDOM : leastCosine[precision];
  const { cosine, not_finite, samples, answers_agreeing, reference } = check;
  if (not_finite === 0 && cosine >= least) return;
  const what =
    not_finite > 0
      ? `${not_finite} of its logits are NaN or infinite`
      : `their cosine is ${cosine}, at least ${least} is expected; ${(100 * answers_agreeing).toFixed(0)} % of the answers agree`;
  throw new RunError(
    `the ${precision} engine does not answer as the model does (${samples} samples against ${reference}): ${what}. ` +
      'It is not timed. Use --tensorrt_attention=network, or another --precision.',
  );
}
