// What benches of the engine run: the default model in int8 on the default data set.

import { join } from 'node:path';
import type { EngineRequest } from '../../engines/contract.js';
import { openQsl, type OpenQsl } from '../qsl/open-qsl.js';

export const BENCH_MODEL = 'data/models/minilm-qa';
export const BENCH_DATA = 'data/squad/xquad.en.json';
/** The median length of its samples. */
export const MEDIAN_LENGTH = 166;
export const BENCH_LENGTHS = { maxSequenceLength: 384, docStride: 128, maxQueryLength: 64 };
/** Every 4th sample in order of length: the same mix of lengths in a quarter of the time. */
export const BENCH_STRIDE = 4;

/** The default model in int8 as Offline runs it: a session of one thread for each core. */
export function benchRequest(cores: number, report: EngineRequest['report']): EngineRequest {
  return {
    engine: 'onnxruntime',
    precision: 'int8',
    batch_size: 1,
    instances: cores,
    threads_per_instance: 1,
    scenario: 'Offline',
    modelDir: BENCH_MODEL,
    enginesDir: 'build/engines',
    mayBuild: true,
    report,
  };
}

/** The default data set. */
export function openBenchData(): Promise<OpenQsl> {
  return openQsl({
    ...BENCH_LENGTHS,
    dataFile: BENCH_DATA,
    vocabFile: join(BENCH_MODEL, 'vocab.txt'),
    cacheDir: 'build/preprocessed_data',
  });
}
