// From a request to open engines: one per GPU, warmed up, their answers compared with the reference before anything is timed.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint } from '../bert/checkpoint.js';
import type { EngineFacts, EngineRequest, GpuRequest, TokenizedSamples } from '../contract.js';
import { madeUpSamples } from '../made-up-samples.js';
import type { PlanFile } from './build-plan.js';
import { checkLogits } from './check-logits.js';
import { cpusFor } from './cpu-placement.js';
import { engineFacts } from './facts.js';
import { findPlan, type FoundPlan } from './find-plan.js';
import { inNative } from './native-errors.js';
import type { NativeEngine } from './native-engine.js';
import { removeNetwork, writeNetwork } from './network.js';
import type { TensorRtParts } from './parts.js';
import type { TensorRtOnGpus } from './runtime.js';
import { warmUpOf } from './shapes.js';

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
  const weightsFile = gpu.strip_plan ? writeWeights(request, found) : null;
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
          weights_file: weightsFile,
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
    if (weightsFile !== null) removeNetwork(weightsFile);
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
    if (weightsFile !== null) removeNetwork(weightsFile);
    throw error;
  }
}

/** The network of a plan without weights, written anew for the time of its opening. */
function writeWeights(
  { modelDir, precision, report }: EngineRequest,
  { plan, known }: Pick<FoundPlan, 'plan' | 'known'>,
): string {
  report('filling in the weights of an engine that is kept without them');
  using checkpoint = openCheckpoint(modelDir);
  const file = join(plan.folder, `weights-${process.pid}.onnx`);
  writeNetwork({ checkpoint, precision, choice: plan.choice, known }, file);
  return file;
}

/** Threads that wait for the GPU spin where one query's latency counts and cores are to spare. */
function waitOf({ scenario, instances }: EngineRequest): 'spin' | 'block' {
  if (scenario === 'SingleStream' || scenario === 'MultiStream') return 'spin';
  return scenario === 'Server' && availableParallelism() >= 4 * (instances + 1) ? 'spin' : 'block';
}
