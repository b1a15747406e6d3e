// A calibration on disk: ranges and what they come from. Its key is a hash of everything that they depend on, so that the
// ranges of another model, other data or another method are never taken for these.

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../configs/errors.js';
import type { Ranges } from '../bert/ranges.js';
import { rangeChoices, type RangeChoice } from './candidates.js';

/** Raised when the same inputs would give other ranges. */
const CALIBRATION_VERSION = 2;
const FORMAT = 'loadrig-calibration 1';

const keySchema = z.object({
  model_sha256: z.string(),
  data: z.object({
    name: z.string(),
    sha256: z.string(),
    seed: z.string(),
    question_count: z.number(),
    max_seq_length: z.number(),
    doc_stride: z.number(),
    max_query_length: z.number(),
    is_evaluation_data: z.boolean(),
  }),
  method: z.enum(['best', ...rangeChoices]),
  version: z.number(),
});
export type CalibrationKey = Readonly<z.output<typeof keySchema>>;

const fileSchema = z.object({
  format: z.literal(FORMAT),
  key: keySchema,
  /** What was kept, and of a mixture which method for which kind of place. */
  chosen: z.object({ method: z.string(), method_of: z.record(z.string(), z.string()) }),
  /** F1 of the slice in fp32. */
  fp32_f1: z.number().nullable(),
  tried: z.array(
    z.object({ places: z.string(), method: z.string(), logit_error: z.number(), f1: z.number().nullable() }),
  ),
  /** Places that TensorRT's engines leave in higher precision. */
  kept: z.array(z.string()),
  warnings: z.array(z.string()),
  /** Place → [min, max]. */
  ranges: z.record(z.string(), z.tuple([z.number(), z.number()])),
});
export type CalibrationFile = Readonly<z.output<typeof fileSchema>>;

export const createKey = (
  model_sha256: string,
  data: CalibrationKey['data'],
  method: RangeChoice | 'best',
): CalibrationKey => ({ model_sha256, data, method, version: CALIBRATION_VERSION });

export const hashOfKey = (key: CalibrationKey): string =>
  createHash('sha256')
    .update(JSON.stringify(keySchema.parse(key)))
    .digest('hex');

/** Where the calibration of a key lies in a cache folder. */
export const cachePath = (folder: string, key: CalibrationKey): string =>
  join(folder, `calibration-${key.model_sha256.slice(0, 12)}-${hashOfKey(key).slice(0, 12)}.json`);

export const rangesOf = ({ ranges }: CalibrationFile): Ranges =>
  new Map(Object.entries(ranges).map(([place, [min, max]]) => [place, { min, max }]));

/** For people, with its warnings. */
export function describeCalibration({ key, chosen, warnings }: CalibrationFile): string {
  const { name, seed, question_count } = key.data;
  const text = `calibration: ${chosen.method} over ${question_count} questions of ${name}, seed ${seed}`;
  return [text, ...warnings].join('; ');
}

/** @throws {SetupError} when it cannot be written. */
export function writeCalibration(path: string, calibration: Omit<CalibrationFile, 'format'>): void {
  const file: CalibrationFile = { format: FORMAT, ...calibration };
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.tmp`, `${JSON.stringify(file, null, 1)}\n`);
    renameSync(`${path}.tmp`, path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(
      `cannot write the calibration ${path}: ${reason}. Name another file with --calib_path, or mend the folder.`,
      { cause },
    );
  }
}

/** @throws {ConfigError} when it is no calibration of ours. */
export function readCalibration(path: string): CalibrationFile {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new ConfigError(
      `${path}: not a calibration of loadrig: ${reason}. Remove it or name another file.`,
      {
        cause,
      },
    );
  }
}

/**
 * The calibration at `path` if it is there.
 *
 * @throws {ConfigError} when it was made of something else, naming what.
 */
export function readCalibrationFor(path: string, key: CalibrationKey): CalibrationFile | undefined {
  if (!existsSync(path)) return undefined;
  const calibration = readCalibration(path);
  const differences = differencesOf(calibration.key, key);
  if (differences.length === 0) return calibration;
  throw new ConfigError(
    `${path} is a calibration of something else:\n${differences.join('\n')}\n` +
      'Its ranges do not belong here. Name another file with --calib_path, or remove this one.',
  );
}

function differencesOf(got: CalibrationKey, wanted: CalibrationKey): readonly string[] {
  const flat = ({ data, ...rest }: CalibrationKey): ReadonlyMap<string, unknown> =>
    new Map<string, unknown>([
      ...Object.entries(rest),
      ...Object.entries(data).map(([name, value]) => [`data.${name}`, value] as const),
    ]);
  const theirs = flat(got);
  return Array.from(flat(wanted))
    .filter(([name, value]) => theirs.get(name) !== value)
    .map(([name, value]) => `  ${name}: ${String(theirs.get(name))}, wanted ${String(value)}`);
}

/** A calibration, and the file that it lies in. */
export interface CalibrationAtPath {
  readonly path: string;
  readonly calibration: CalibrationFile;
}

/**
 * The newest calibration of a model in the cache folder, or the one that its own folder brings. Those of older versions, and
 * what cannot be read, are passed over in the cache.
 *
 * @throws {ConfigError} when the one in the model's folder cannot be read.
 */
export function findCalibration(
  folder: string,
  modelDir: string,
  modelSha256: string,
): CalibrationAtPath | undefined {
  const prefix = `calibration-${modelSha256.slice(0, 12)}-`;
  const cached = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
        .map((name) => join(folder, name))
        .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
    : [];
  for (const path of cached) {
    const calibration = readable(path);
    if (calibration !== undefined && isOf(calibration, modelSha256)) return { path, calibration };
  }
  const own = join(modelDir, 'calibration.json');
  if (!existsSync(own)) return undefined;
  const calibration = readCalibration(own);
  return isOf(calibration, modelSha256) ? { path: own, calibration } : undefined;
}

function readable(path: string): CalibrationFile | undefined {
  try {
    return readCalibration(path);
  } catch {
    return undefined;
  }
}

const isOf = ({ key }: CalibrationFile, modelSha256: string): boolean =>
  key.model_sha256 === modelSha256 && key.version === CALIBRATION_VERSION;
