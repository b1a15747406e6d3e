// The TensorRT engine on the main thread: opens it on every GPU, and hands its handles to the driver's thread.

import type { Engine, EngineFacts, EngineRequest, TokenizedSamples } from '../contract.js';
import type { NetworkChoice } from './choose-network.js';
import { startGpuSampling } from './gpu-sampling.js';
import { countBatches, createPhaseCounts } from './phase-counts.js';
import { findPlan } from './find-plan.js';
import type { TensorRtParts } from './parts.js';
import { openEngines, type OpenEngines } from './start.js';
import type { TensorRtDetail } from './sut.js';
import { numbersOf } from '../../configs/gpu-settings.js';

/**
 * Opens the engine on the GPUs asked for, warmed up.
 *
 * @throws {ConfigError | SetupError | RunError}
 */
export async function startTensorRtEngine(
  request: EngineRequest,
  samples: TokenizedSamples,
  parts: TensorRtParts,
): Promise<Engine> {
  return engineOn(await openEngines(request, samples, parts), request);
}

/** Open engines as the SUT of a request's scenario. */
export function engineOn(opened: OpenEngines, request: EngineRequest): Engine {
  const { handles, samples, gpu, plan, facts, close, tensorRt } = opened;
  const counts = createPhaseCounts();
  const detail: TensorRtDetail = {
    handles,
    samples,
    counts,
    batchSize: request.batch_size,
    inCall: request.scenario === 'SingleStream' || request.scenario === 'MultiStream',
    isServer: request.scenario === 'Server',
    useGraphs: gpu.use_graphs,
    queueDelayNs: gpu.max_queue_delay_usec * 1000,
    preferredBatchSizes: numbersOf(gpu.preferred_batch_size),
    lengthBoundaries: lengthBoundaries(plan.choice),
    spinNs: spinNsOf(request),
  };
  // What breaks on the GPU shows on the driver's thread, which calls it: nothing is watched here.
  const failure = new Promise<never>(() => undefined);
  const closeAll = (): Promise<void> => {
    close();
    return Promise.resolve();
  };
  return {
    get facts(): EngineFacts {
      return { ...facts, notes: { ...facts.notes, ...countBatches(counts) } };
    },
    sutSpec: {
      engine: 'tensorrt',
      name: `tensorrt_bert_${request.precision}`,
      ports: [],
      detail,
    },
    failure,
    startGpuSampling: () => startGpuSampling(tensorRt.addon, tensorRt.devices, request.report),
    close: closeAll,
    [Symbol.asyncDispose]: closeAll,
  };
}

/** Builds the plan, or says that it is there. @throws {ConfigError | SetupError | RunError} */
export async function generateTensorRtEngine(request: EngineRequest, parts: TensorRtParts): Promise<void> {
  const { plan } = await findPlan(request, parts);
  request.report(`${plan.path}: ${plan.built ? 'built' : 'there already, unchanged'}`);
  for (const remark of plan.sidecar.proof.remarks) request.report(`  ${remark}`);
}

/** Lengths at which the attention plugin changes its kernel; none without it. */
export function lengthBoundaries({ form, attention }: NetworkChoice): readonly number[] {
  if (form === 'padded' || attention === 'attention_layer') return [];
  return attention === 'plugin_fp16' ? [64, 96, 128, 256, 384, 512] : [128, 192, 256, 384];
}

/** A thread without work looks this long before it sleeps; waking it costs a query tens of microseconds. */
function spinNsOf({ scenario }: EngineRequest): number {
  return scenario === 'Server' ? 200_000 : 20_000;
}
