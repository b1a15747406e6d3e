// What the harness must know of a model before any engine opens it: where its vocabulary lies, and whether it was trained.

import { dirname, join } from 'node:path';
import { statSync } from 'node:fs';
import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import { ConfigError } from '../configs/errors.js';
import { findModel } from '../engines/bert/checkpoint.js';
import { inputPath } from './places.js';

/** The folder of a model that is named by its folder or by one of its files. */
export function modelFolder(model: string): string {
  return statSync(model, { throwIfNoEntry: false })?.isDirectory() === true ? model : dirname(model);
}

/** vocab.txt of a model. */
export const vocabularyOf = (model: string): string => join(modelFolder(model), 'vocab.txt');

/** Said of every figure that such a model gives. */
export const SYNTHETIC = 'random weights: for speed alone, the answers mean nothing';

/**
 * Random weights are marked in every output and never scored: accuracy after a performance run is left out, accuracy alone
 * is refused.
 *
 * @throws {ConfigError} for a test mode that needs answers. @throws {SetupError} when the model is not there.
 */
export function markSynthetic(
  configs: readonly BenchmarkConfig[],
  note: (line: string) => void,
): readonly BenchmarkConfig[] {
  const kinds = new Map<string, boolean>();
  const isSynthetic = (model: string): boolean => {
    const known = kinds.get(model) ?? findModel(inputPath(model)).kind === 'synthetic';
    kinds.set(model, known);
    return known;
  };
  let isNoted = false;
  return configs.map((config) => {
    if (config.settings.engine === 'null' || !isSynthetic(config.settings.model)) return config;
    const test_modes = config.test_modes.filter((mode) => mode === 'PerformanceOnly');
    if (test_modes.length === 0) {
      throw new ConfigError(
        `${config.settings.model} has random weights, so there is no accuracy to measure; use --test_mode=PerformanceOnly`,
      );
    }
    if (!isNoted) note(`${config.settings.model}: ${SYNTHETIC}; it is not scored`);
    isNoted = true;
    return {
      ...config,
      test_modes,
      submittable: false,
      not_submittable_because: [SYNTHETIC, ...config.not_submittable_because],
    };
  });
}
