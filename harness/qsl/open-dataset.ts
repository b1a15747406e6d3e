// The data set of a configuration, opened.

import type { BenchmarkConfig } from '../../configs/benchmark-config.js';
import type { Call } from '../call.js';
import { vocabularyOf } from '../model-files.js';
import { inputPath } from '../places.js';
import { openQsl, type OpenQsl } from './open-qsl.js';

/** Opens the configuration's questions with its model's vocabulary. @throws {ConfigError | SetupError} */
export function openDataset(
  config: BenchmarkConfig,
  call: Pick<Call, 'preprocessedDir' | 'say'>,
): Promise<OpenQsl> {
  const { data, model, max_seq_length, doc_stride, max_query_length } = config.settings;
  return openQsl({
    dataFile: inputPath(data),
    vocabFile: vocabularyOf(inputPath(model)),
    cacheDir: call.preprocessedDir,
    maxSequenceLength: max_seq_length,
    docStride: doc_stride,
    maxQueryLength: max_query_length,
    report: call.say,
  });
}

/** What LoadGen is told of the library: all samples fit in memory at once. */
export function countsOf({ name, samples }: Pick<OpenQsl, 'name' | 'samples'>): {
  readonly name: string;
  readonly totalSampleCount: number;
  readonly performanceSampleCount: number;
} {
  return { name, totalSampleCount: samples.sampleCount, performanceSampleCount: samples.sampleCount };
}
