// The SQuAD query sample library: questions, tokenized samples in shared memory, and LoadGen's view of them.

import { basename } from 'node:path';
import { ConfigError } from '../../configs/errors.js';
import type { TokenizedSamples } from '../../engines/contract.js';
import type { QuerySampleLibrary } from '../../scenarios/contract.js';
import { loadOrMakeFeatures } from './feature-cache.js';
import { makeFeatures, TOKENIZER_VERSION, type Features, type SequenceLengths } from './features.js';
import { readSquad, type SquadQuestion } from './squad.js';
import { readVocabulary, type Vocabulary } from './vocabulary.js';

export interface QslRequest extends SequenceLengths {
  /** SQuAD v1.1 JSON. */
  readonly dataFile: string;
  /** vocab.txt of the model. */
  readonly vocabFile: string;
  /** Folder of preprocessed features; made when it is not there. */
  readonly cacheDir: string;
  /** Lines for a person about preprocessing and its cache; silent by default. */
  readonly report?: (line: string) => void;
}

/** A data set in memory: what engines run and what scoring needs. Hashes are SHA-256 in lower-case hex. */
export interface OpenQsl {
  /** The data file's name. */
  readonly name: string;
  /** = features.samples */
  readonly samples: TokenizedSamples;
  readonly features: Features;
  readonly questions: readonly SquadQuestion[];
  readonly vocabulary: Vocabulary;
  readonly dataSha256: string;
  readonly vocabSha256: string;
  /** Over the arrays of the features. */
  readonly featuresSha256: string;
  /** Whether the features came from the cache. */
  readonly fromCache: boolean;
}

/**
 * Reads a data set and tokenizes it, or takes its features from the cache.
 *
 * @throws {SetupError} when the data or the vocabulary cannot be read.
 * @throws {ConfigError} when one of them is wrong, the lengths cannot work, or every passage is empty.
 */
export async function openQsl(request: QslRequest): Promise<OpenQsl> {
  const { dataFile, vocabFile, cacheDir, maxSequenceLength, docStride, maxQueryLength } = request;
  const [data, vocabulary] = await Promise.all([readSquad(dataFile), readVocabulary(vocabFile)]);
  const lengths = { maxSequenceLength, docStride, maxQueryLength };
  const { features, sha256, fromCache } = loadOrMakeFeatures({
    cacheDir,
    key: {
      ...lengths,
      dataSha256: data.sha256,
      vocabSha256: vocabulary.sha256,
      tokenizerVersion: TOKENIZER_VERSION,
    },
    make: () => makeFeatures(data.questions, vocabulary, lengths),
    report: request.report ?? (() => undefined),
  });
  if (features.samples.sampleCount === 0) {
    throw new ConfigError(`${dataFile}: no passage has any text, so there is nothing to run`);
  }
  return {
    name: basename(dataFile),
    samples: features.samples,
    features,
    questions: data.questions,
    vocabulary,
    dataSha256: data.sha256,
    vocabSha256: vocabulary.sha256,
    featuresSha256: sha256,
    fromCache,
  };
}

/**
 * LoadGen's view of a data set; loading only checks the indices, since everything is in shared memory already. Can be
 * made in any thread from the three values.
 *
 * @throws {ConfigError} when the data set is smaller than performanceSampleCount.
 */
export function createSquadQsl(
  name: string,
  totalSampleCount: number,
  performanceSampleCount: number,
): QuerySampleLibrary {
  requireEnoughSamples(name, totalSampleCount, performanceSampleCount);
  const checkIndices = (sampleIndices: Int32Array): void => {
    for (const index of sampleIndices) {
      if (!(index >= 0 && index < totalSampleCount)) {
        throw new RangeError(`${name}: sample index ${index} is not one of 0 … ${totalSampleCount - 1}`);
      }
    }
  };
  return {
    name,
    totalSampleCount,
    performanceSampleCount,
    loadSamplesToRam: checkIndices,
    unloadSamplesFromRam: checkIndices,
  };
}

/** @throws {ConfigError} when the data set has fewer samples than a performance run is to load. */
export function requireEnoughSamples(
  name: string,
  totalSampleCount: number,
  performanceSampleCount: number,
): void {
  if (performanceSampleCount >= 1 && performanceSampleCount <= totalSampleCount) return;
  throw new ConfigError(
    `performance_sample_count must be 1 to ${totalSampleCount}, the samples of ${name}, got ${performanceSampleCount}. ` +
      'Lower performance_sample_count_override or use a larger data set.',
  );
}
