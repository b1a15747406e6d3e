// TensorRT without LoadGen: batches on the calling thread, for questions, checks and scores.

import type { DirectInference, EngineRequest } from '../contract.js';
import type { TensorRtParts } from './parts.js';
import { runInBatches } from './run-in-batches.js';
import { openEngines } from './start.js';

/** Opens the engine on the first GPU. @throws {ConfigError | SetupError | RunError} */
export async function openTensorRtDirect(
  request: EngineRequest,
  parts: TensorRtParts,
): Promise<DirectInference> {
  const gpu = request.gpu === undefined ? undefined : { ...request.gpu, accelerators_per_node: 1 };
  const opened = await openEngines(
    { ...request, scenario: 'Offline', ...(gpu === undefined ? {} : { gpu }) },
    undefined,
    parts,
  );
  const [handle = 0] = opened.handles;
  const { addon } = opened.tensorRt;
  return {
    facts: opened.facts,
    run(samples) {
      addon.setSamples(handle, samples);
      const all = Int32Array.from({ length: samples.sampleCount }, (_unused, index) => index);
      return Promise.resolve(runInBatches(addon, handle, samples, all, request.batch_size));
    },
    [Symbol.asyncDispose]: () => {
      opened.close();
      return Promise.resolve();
    },
  };
}
