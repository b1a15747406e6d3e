// The file of answers that the fake TensorRT replays (tensorrt/answers.h), computed by ONNX Runtime in fp32.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineRequest, TokenizedSamples } from '../../../engines/contract.js';
import { importBuilt, temporaryFolder } from '../../built.js';

/** Answers the questions of a data set, cut as the program cuts them. */
export async function writeAnswersTo(dataFile: string, file: string, modelDir: string): Promise<void> {
  const { openQsl } =
    await importBuilt<typeof import('../../../harness/qsl/open-qsl.js')>('harness/qsl/open-qsl.js');
  const { samples } = await openQsl({
    dataFile,
    vocabFile: join(modelDir, 'vocab.txt'),
    cacheDir: temporaryFolder(),
    maxSequenceLength: 384,
    docStride: 128,
    maxQueryLength: 64,
  });
  await writeAnswers(file, modelDir, samples);
}

/** Answers the questions of `samples` with the model in `modelDir`, and writes what it answered. */
export async function writeAnswers(file: string, modelDir: string, samples: TokenizedSamples): Promise<void> {
  const { openDirectInference } =
    await importBuilt<typeof import('../../../engines/index.js')>('engines/index.js');
  const request: EngineRequest = {
    engine: 'onnxruntime',
    precision: 'fp32',
    batch_size: 1,
    instances: 1,
    threads_per_instance: 1,
    scenario: 'Offline',
    modelDir,
    enginesDir: 'build/engines', // where the program looks for the same engine
    mayBuild: true,
    report: () => undefined,
  };
  await using inference = await openDirectInference(request);
  const logits = await inference.run(samples);
  writeFileSync(file, Buffer.concat(logits.flatMap((values, index) => recordOf(samples, index, values))));
}

function recordOf(
  { tokenIds, offsets, segmentStarts }: TokenizedSamples,
  index: number,
  logits: Float32Array,
): readonly Uint8Array[] {
  const ids = tokenIds.slice(offsets[index], offsets[index + 1]);
  const head = Int32Array.of(ids.length, segmentStarts[index]!, ...ids);
  return [head, logits].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
}
