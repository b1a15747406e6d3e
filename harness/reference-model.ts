// What a model's own folder says it scores: metrics.json and predictions.json, made with the reference implementation.

import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../configs/errors.js';

const metricsSchema = z.object({
  model_sha256: z.string(),
  /** Starts with the data set's file name. */
  data_set: z.string(),
  exact_match: z.number(),
  f1: z.number(),
});

export interface ReferenceModel {
  readonly exact_match: number;
  readonly f1: number;
  /** predictions.json of the reference, where it is there. */
  readonly predictionsFile: string | undefined;
}

/**
 * The reference figures of a model on a data set, or undefined when the folder has none for exactly this model and data:
 * then accuracy is reported but not judged.
 *
 * @throws {ConfigError} when metrics.json is there but cannot be read.
 */
export function readReferenceModel(
  modelDir: string,
  modelSha256: string | null,
  dataFile: string,
): ReferenceModel | undefined {
  const file = join(modelDir, 'metrics.json');
  if (!existsSync(file)) return undefined;
  let metrics: z.infer<typeof metricsSchema>;
  try {
    metrics = metricsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new ConfigError(
      `${file}: not the reference figures of a model (model_sha256, data_set, exact_match, f1): ${reason}`,
      { cause },
    );
  }
  const isThisModel = modelSha256 === null || metrics.model_sha256 === modelSha256;
  if (!isThisModel || !metrics.data_set.startsWith(basename(dataFile))) return undefined;
  const predictionsFile = join(modelDir, 'predictions.json');
  return {
    exact_match: metrics.exact_match,
    f1: metrics.f1,
    predictionsFile: existsSync(predictionsFile) ? predictionsFile : undefined,
  };
}
