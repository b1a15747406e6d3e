// trtexec's work: an engine in a closed loop without LoadGen, one value per query for each step, and the time of each layer.

import { RunError } from '../../configs/errors.js';
import type { EngineFacts, EngineRequest, TokenizedSamples } from '../contract.js';
import { longestFirstSamples } from '../shared-queue.js';
import type { NativeLayerTime, NativeMeasure, NativeMeasured } from './native.js';
import { inNative } from './native-errors.js';
import { openEngines, type TensorRtParts } from './start.js';

export interface PerfRequest {
  /** batch_size and gpu.max_seq_length are what is measured. */
  readonly engine: EngineRequest;
  /** A data set to run in batches, longest first; undefined: made-up tokens of the full length. */
  readonly samples: TokenizedSamples | undefined;
  readonly loop: Omit<NativeMeasure, 'batch' | 'sequence_length' | 'sample_order'>;
  /** Also time each layer. */
  readonly profile: boolean;
}

export interface PerfResult {
  readonly facts: EngineFacts;
  readonly measured: NativeMeasured;
  /** Empty where it was not asked for. */
  readonly layers: readonly NativeLayerTime[];
}

const PROFILED_ITERATIONS = 20;

/** @throws {ConfigError | SetupError | RunError} */
export async function measureTensorRt(request: PerfRequest, parts: TensorRtParts): Promise<PerfResult> {
  const { engine, samples, loop } = request;
  const opened = await openEngines(engine, samples, parts);
  try {
    const [handle = 0] = opened.handles;
    const { addon } = opened.tensorRt;
    const shape = { batch: engine.batch_size, sequence_length: opened.gpu.max_seq_length };
    const measured = inNative({ doing: 'measuring', batchSize: engine.batch_size }, () =>
      addon.measure(handle, {
        ...loop,
        ...shape,
        sample_order: samples === undefined ? null : longestFirstSamples(samples),
      }),
    );
    if (measured.latency_ms.length === 0) throw new RunError('nothing was measured: no query ended in time');
    const layers = request.profile
      ? inNative({ doing: 'timing its layers', batchSize: engine.batch_size }, () =>
          addon.profileLayers(handle, { ...shape, iterations: PROFILED_ITERATIONS }),
        )
      : [];
    return { facts: opened.facts, measured, layers };
  } finally {
    opened.close();
  }
}
