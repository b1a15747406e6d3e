// Post-training calibration: observe, try the methods, keep the best ranges, save them.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BertCheckpoint } from '../bert/checkpoint.js';
import type { CalibrationData } from './calibration-data.js';
import {
  cachePath,
  createKey,
  hashOfKey,
  readCalibration,
  readCalibrationFor,
  writeCalibration,
  type CalibrationAtPath,
  type CalibrationFile,
  type CalibrationKey,
} from './calibration-file.js';
import { apartRanges, candidatesOf, type RangeChoice } from './candidates.js';
import { chooseRanges, type ChosenRanges } from './choose-ranges.js';
import { observe, type Observations } from './observe.js';

export interface CalibrateRequest {
  readonly checkpoint: BertCheckpoint;
  /** Opened only when there is no calibration yet. */
  readonly data: CalibrationData;
  /** One method for every place, or `best`: whatever moves the logits of the slice least. */
  readonly method: RangeChoice | 'best';
  /** Folder of calibrations, found by their key. */
  readonly cacheDir: string;
  /** A file to use instead; @see readCalibrationFor for what it refuses. */
  readonly file?: string;
  readonly threads: number;
  readonly report: (line: string) => void;
  /** Called when there is none yet, before the work begins. */
  readonly onStart?: () => void;
}

export interface FoundCalibration extends CalibrationAtPath {
  /** False when it was there already. */
  readonly made: boolean;
}

/**
 * Finds the calibration of exactly this model, data, method and lengths, or makes and saves it. One pass over the samples in
 * fp32, then trials on the slice: about a minute for the default model on two cores.
 *
 * @throws {ConfigError} when `file` is a calibration of something else. @throws {SetupError} when it cannot be written.
 */
export async function calibrate(request: CalibrateRequest): Promise<FoundCalibration> {
  const { checkpoint, data, method, cacheDir, file, threads, report } = request;
  const key = createKey(checkpoint.model_sha256, data.source, method);
  const path = file ?? cachePath(cacheDir, key);
  const own = file === undefined ? ownCalibration(checkpoint, key) : undefined;
  if (own !== undefined) return { ...own, made: false };
  const found = readCalibrationFor(path, key);
  if (found !== undefined) return { path, calibration: found, made: false };
  request.onStart?.();
  const { sampleCount } = data.samples;
  report(`calibrating with ${sampleCount} samples of ${data.source.name}, seed ${data.source.seed}`);
  const observations = await observe({
    checkpoint,
    samples: data.samples,
    indices: Array.from({ length: sampleCount }, (_unused, index) => index),
    threads,
    onSample: (done) => {
      if (done % 25 === 0) report(`observed ${done} of ${sampleCount} samples`);
    },
  });
  const calibration = await calibrationOf(key, observations, request);
  writeCalibration(path, calibration);
  return { path, calibration: readCalibrationFor(path, key)!, made: true }; // just written
}

async function calibrationOf(
  key: CalibrationKey,
  observations: Observations,
  { checkpoint, data, method, threads, report }: CalibrateRequest,
): Promise<Omit<CalibrationFile, 'format'>> {
  const candidates = candidatesOf(observations);
  const chosen: Pick<ChosenRanges, 'ranges' | 'method' | 'method_of' | 'kept' | 'tried'> & {
    readonly fp32_f1: number | null;
  } =
    method === 'best'
      ? await chooseRanges({ checkpoint, candidates, data, threads, report })
      : { ranges: candidates[method], method, method_of: {}, kept: [], tried: [], fp32_f1: null };
  const ranges = new Map([...chosen.ranges, ...apartRanges(observations)]);
  return {
    key,
    chosen: { method: chosen.method, method_of: chosen.method_of },
    fp32_f1: chosen.fp32_f1,
    kept: [...chosen.kept],
    tried: [...chosen.tried],
    warnings: warningsOf(data),
    ranges: Object.fromEntries(Array.from(ranges, ([place, { min, max }]) => [place, [min, max] as const])),
  };
}

/** The one that the model's folder brings, where it is exactly what is asked for. */
function ownCalibration(
  { files: [weights = ''] }: BertCheckpoint,
  key: CalibrationKey,
): CalibrationAtPath | undefined {
  const path = join(dirname(weights), 'calibration.json');
  if (!existsSync(path)) return undefined;
  const calibration = readCalibration(path);
  return hashOfKey(calibration.key) === hashOfKey(key) ? { path, calibration } : undefined;
}

function warningsOf({ source }: CalibrationData): string[] {
  if (!source.is_evaluation_data) return [];
  return [
    `calibrated with ${source.name}, the data that accuracy is measured with: its accuracy flatters this engine`,
  ];
}
