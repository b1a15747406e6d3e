// A plan that was built before, opened by its file on the first GPU: for questions to exactly this engine.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError, SetupError } from '../../configs/errors.js';
import type { DirectInference, EngineFileRequest } from '../contract.js';
import { inNative } from './native-errors.js';
import type { NativeAddon } from './native.js';
import { findGpus, openTensorRt } from './runtime.js';
import { SIDECAR, verifyPlan } from './sidecar.js';
import { runInBatches } from './run-in-batches.js';

/**
 * @throws {SetupError} without TensorRT or a GPU, or when the plan belongs to others.
 * @throws {ConfigError} when it has no room for the batch or the length.
 */
export function openPlanFile(
  { path, batch_size, max_seq_length }: EngineFileRequest,
  given?: NativeAddon,
): Omit<DirectInference, 'facts'> {
  const { addon, device } = findGpus(openTensorRt('', given), 1);
  const call = {
    doing: `opening ${path}`,
    batchSize: batch_size,
    rebuild: 'loadrig build --engine=tensorrt',
  };
  const handle = inNative(call, () =>
    addon.open({
      device: device.index,
      plan_file: path,
      weights_file: null,
      streams: 1,
      slots: 2,
      max_batch: batch_size,
      start_from_device: false,
      wait: 'spin',
      cpus: [],
    }),
  );
  const { max_batch, max_sequence_length } = addon.describe(handle);
  const problem =
    max_batch < batch_size
      ? `batches of at most ${max_batch}, got --batch_size=${batch_size}`
      : max_sequence_length < max_seq_length
        ? `samples of at most ${max_sequence_length} tokens, got --sequence_length=${max_seq_length}`
        : undefined;
  if (problem !== undefined) {
    addon.close(handle);
    throw new ConfigError(`${path} takes ${problem}; ask for less, or build it for more`);
  }
  return {
    run(samples) {
      addon.setSamples(handle, samples);
      const all = Int32Array.from({ length: samples.sampleCount }, (_unused, index) => index);
      return Promise.resolve(runInBatches(addon, handle, samples, all, batch_size));
    },
    [Symbol.asyncDispose]: () => {
      addon.close(handle);
      return Promise.resolve();
    },
  };
}

/**
 * SHA-256 of the model that a plan in its folder of build/engines was built from; undefined where nothing beside it tells.
 *
 * @throws {SetupError} when it was damaged since.
 */
export function modelOfPlan(planFile: string): string | undefined {
  const folder = dirname(planFile);
  if (!existsSync(join(folder, SIDECAR))) return undefined;
  const found = verifyPlan(folder);
  if (found.state === 'whole') return String(found.sidecar.built_from['model_sha256']);
  const reason = found.state === 'damaged' ? found.reason : 'it is gone';
  throw new SetupError(`engine file ${planFile}: ${reason}. Build it again with \`make generate_engines\`.`);
}
