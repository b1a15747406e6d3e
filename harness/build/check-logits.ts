// A built engine against the model in fp32, before anybody relies on it.

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { BertCheckpoint } from '../../engines/bert/checkpoint.js';
import { referenceLogits } from '../../engines/calibration/choose-ranges.js';
import type { TokenizedSamples } from '../../engines/contract.js';
import { compareLogits, spreadIndices, type LogitCheck } from '../../engines/logit-check.js';
import { madeUpSamples } from '../../engines/made-up-samples.js';
import { openDirectSession } from '../../engines/onnxruntime/direct.js';
import { openCalibrationData } from '../calibration/open-calibration-data.js';
import { dataPath } from '../places.js';

/** Samples that are compared: about two seconds of the default model on two cores. */
const SAMPLE_COUNT = 48;
const MAX_QUERY_LENGTH = 64;
/** Questions of this many tokens need a model that reads some more. */
const SHORTEST_MODEL = 128;

export interface CheckedLogits extends LogitCheck {
  readonly samples_of: string;
}

/** Runs samples of the calibration text; made-up tokens where the model has no vocabulary or is too short for them. */
export async function checkLogits(
  engineFile: string,
  checkpoint: BertCheckpoint,
  vocabFile: string,
): Promise<CheckedLogits> {
  const threads = availableParallelism();
  const { samples, samples_of } = await samplesFor(checkpoint, vocabFile);
  const indices = Array.from(spreadIndices(samples.sampleCount, SAMPLE_COUNT));
  const expected = await referenceLogits(checkpoint, { samples, slice: indices }, threads);
  await using engine = await openDirectSession(engineFile, threads, 1);
  const got = await engine.run(selected(samples, indices));
  return { ...compareLogits('fp32 on the CPU', expected, got), samples_of };
}

async function samplesFor(
  { config }: BertCheckpoint,
  vocabFile: string,
): Promise<{ readonly samples: TokenizedSamples; readonly samples_of: string }> {
  const { max_position_embeddings: longest, vocab_size } = config;
  if (!existsSync(vocabFile) || longest < SHORTEST_MODEL)
    return { samples: madeUpSamples(vocab_size, longest), samples_of: 'made-up tokens' };
  const { samples, source } = await openCalibrationData({
    dataFile: dataPath('squad/calibration.json'),
    vocabFile,
    questionCount: SAMPLE_COUNT,
    sliceQuestionCount: 0,
    seed: 1n,
    maxSequenceLength: Math.min(384, longest),
    docStride: 128,
    maxQueryLength: MAX_QUERY_LENGTH,
  });
  return { samples, samples_of: source.name };
}

/** The samples at `indices` alone. */
function selected(samples: TokenizedSamples, indices: readonly number[]): TokenizedSamples {
  const offsets = [0];
  const ids: number[] = [];
  for (const index of indices) {
    ids.push(...samples.tokenIds.subarray(samples.offsets[index], samples.offsets[index + 1]));
    offsets.push(ids.length);
  }
  return {
    sampleCount: indices.length,
    tokenIds: Int32Array.from(ids),
    offsets: Int32Array.from(offsets),
    segmentStarts: Int32Array.from(indices, (index) => samples.segmentStarts[index]!),
    maxSequenceLength: samples.maxSequenceLength,
  };
}
