// ONNX Runtime without LoadGen: one session on the calling thread, for questions, calibration and checks.

import type { DirectInference, EngineRequest, TokenizedSamples } from '../contract.js';
import { buildEngine, runtimeVersion } from './build-engine.js';
import { createInference } from './inference.js';
import { processorModel, storedWeightsFor, storedWeightsText } from './processor.js';

/** Builds or finds the engine file and opens one session. @throws {ConfigError | SetupError} */
export async function openOnnxRuntimeDirect(request: EngineRequest): Promise<DirectInference> {
  const file = await buildEngine(request);
  const { precision, batch_size, threads_per_instance } = request;
  const session = await openDirectSession(file.path, threads_per_instance, batch_size);
  return {
    facts: {
      engine: 'onnxruntime',
      runtime: `onnxruntime-node ${runtimeVersion}`,
      precision,
      instances: 1,
      threads_per_instance,
      batch_size,
      engine_file: file.path,
      engine_sha256: file.sha256,
      model_sha256: file.model_sha256,
      notes: {
        execution_provider: 'cpu',
        processor: processorModel(),
        ...(file.int8_scales === undefined
          ? {}
          : { int8_weights: storedWeightsText(storedWeightsFor()), int8_scales: file.int8_scales }),
      },
    },
    ...session,
  };
}

/** A session of any engine file with our inputs and outputs. */
export async function openDirectSession(
  engineFile: string,
  threads: number,
  batchSize: number,
): Promise<Omit<DirectInference, 'facts'>> {
  const inference = await createInference(engineFile, threads, batchSize);
  return {
    async run(samples) {
      const logits: Float32Array[] = [];
      for (const batch of equalLengthBatches(samples, batchSize)) {
        await inference.run(samples, batch.length, (place) => batch[place]!);
        for (const [place, index] of batch.entries()) {
          logits[index] = new Float32Array(inference.response(place).slice().buffer);
        }
      }
      return logits;
    },
    [Symbol.asyncDispose]: () => inference.release(),
  };
}

/** Sample indices in groups of one length, longest first. */
export function equalLengthBatches(
  { sampleCount, offsets }: TokenizedSamples,
  batchSize: number,
): readonly (readonly number[])[] {
  const lengthOf = (index: number): number => offsets[index + 1]! - offsets[index]!;
  const byLength = Array.from({ length: sampleCount }, (_unused, index) => index).sort(
    (a, b) => lengthOf(b) - lengthOf(a) || a - b,
  );
  const batches: number[][] = [];
  for (const index of byLength) {
    const last = batches.at(-1);
    if (last === undefined || last.length === batchSize || lengthOf(last[0]!) !== lengthOf(index))
      batches.push([index]);
    else last.push(index);
  }
  return batches;
}
