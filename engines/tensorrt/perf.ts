// trtexec's work: an engine in a closed loop without LoadGen, one value per query for each step, and the time of each layer.
// The same open engine is there for LoadGen as well, so that the two can be compared.

import { RunError } from '../../configs/errors.js';
import type { Engine, EngineRequest, TokenizedSamples } from '../contract.js';
import { longestFirstSamples } from '../shared-queue.js';
import { engineOn, lengthBoundaries } from './engine.js';
import type { NativeLayerTime, NativeMeasure, NativeMeasured } from './native-run.js';
import { inNative } from './native-errors.js';
import type { TensorRtParts } from './parts.js';
import { openEngines } from './start.js';

export interface PerfRequest {
  /** batch_size and gpu.max_seq_length are what is measured. */
  readonly engine: EngineRequest;
  /** A data set to run in batches, longest first; undefined: made-up tokens of the full length. */
  readonly samples: TokenizedSamples | undefined;
}

export type PerfLoop = Pick<
  NativeMeasure,
  'iterations' | 'duration_ms' | 'warm_up_ms' | 'use_graph' | 'copies' | 'streams' | 'idle_ms'
>;

/** An open engine, on one GPU. */
export interface PerfEngine extends AsyncDisposable {
  /** It as LoadGen's SUT. Of made-up samples the first has the full length. */
  readonly engine: Engine;
  /** The closed loop. @throws {RunError} */
  measure(loop: PerfLoop): NativeMeasured;
  /** The closed loop over what Offline makes of `passes` times the data set: its order, its batches, once. @throws {RunError} */
  measurePasses(loop: PerfLoop, passes: number): NativeMeasured;
  /** Time of each layer. @throws {RunError} */
  layerTimes(): readonly NativeLayerTime[];
}

const PROFILED_ITERATIONS = 20;

/** @throws {ConfigError | SetupError | RunError} */
export async function openPerfEngine(
  { engine: request, samples }: PerfRequest,
  parts: TensorRtParts,
): Promise<PerfEngine> {
  const opened = await openEngines(request, samples, parts);
  const [handle = 0] = opened.handles;
  const { addon } = opened.tensorRt;
  const engine = engineOn(opened, request);
  const batchSize = request.batch_size;
  const shape = { batch: batchSize, sequence_length: opened.gpu.max_seq_length };
  const order = samples === undefined ? null : longestFirstSamples(samples);
  const length_boundaries = lengthBoundaries(opened.plan.choice);

  const measured = (
    loop: PerfLoop,
    over: Pick<NativeMeasure, 'sample_order' | 'one_pass'>,
  ): NativeMeasured => {
    const result = inNative({ doing: 'measuring', batchSize }, () =>
      addon.measure(handle, { ...loop, ...shape, ...over, length_boundaries }),
    );
    if (result.latency_ms.length === 0) throw new RunError('nothing was measured: no query ended in time');
    return result;
  };
  return {
    engine,
    measure: (loop) => measured(loop, { sample_order: order, one_pass: false }),
    measurePasses: (loop, passes) =>
      measured(loop, { sample_order: repeated(order ?? Int32Array.of(0), passes), one_pass: true }),
    layerTimes: () =>
      inNative({ doing: 'timing its layers', batchSize }, () =>
        addon.profileLayers(handle, { ...shape, iterations: PROFILED_ITERATIONS }),
      ),
    [Symbol.asyncDispose]: () => engine.close(),
  };
}

/** Each sample `passes` times in a row: several passes over a data set, sorted as one. */
function repeated(order: Int32Array, passes: number): Int32Array {
  return Int32Array.from(
    { length: order.length * passes },
    (_unused, place) => order[Math.floor(place / passes)]!,
  );
}
