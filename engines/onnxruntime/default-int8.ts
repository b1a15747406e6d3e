// What int8 is on a CPU where nobody says how: with scales known before, or found at run time.

import type { BertCheckpoint } from '../bert/checkpoint.js';
import type { StoredWeights } from '../bert/graph-options.js';
import { symmetricRanges } from '../bert/ranges.js';
import {
  describeCalibration,
  findCalibration,
  rangesOf,
  type CalibrationFile,
} from '../calibration/calibration-file.js';
import type { Int8Request } from '../contract.js';
import { storedWeightsFor } from './processor.js';

export interface DefaultInt8 {
  readonly int8: Int8Request;
  /** The form and why it was taken, for a result's facts. */
  readonly because: string;
}

export const dynamicInt8: Int8Request = { quantization: 'dynamic', kept: new Set() };

/**
 * Ranges of training are used wherever there are any. Between calibration and scales found at run time the processor decides;
 * the default model over its whole data set (fp32: F1 72.389, EM 57.059; 99 % are 71.665), and processor time a sample:
 *
 * - weights of 8 bits: dynamic F1 72.547, EM 57.143; static F1 72.393, EM 56.807, and 5 to 7 % more time;
 * - weights of 7 bits: dynamic F1 71.975, EM 56.639; static F1 72.250, EM 57.143, for 2 to 5 % more time.
 *
 * So dynamic is better in both where weights keep 8 bits; elsewhere static is, once there is a calibration: with coarser
 * weights, activations must not lose as much.
 *
 * @param enginesDir Calibrations lie among the engines.
 * @throws {ConfigError} when the calibration beside the model cannot be read.
 */
export function defaultInt8(
  checkpoint: Pick<BertCheckpoint, 'model_sha256' | 'quantization'>,
  modelDir: string,
  enginesDir: string,
  weights: StoredWeights = storedWeightsFor(),
): DefaultInt8 {
  const trained = trainedInt8(checkpoint);
  if (trained !== undefined)
    return { int8: trained, because: 'static: ranges of quantisation-aware training' };
  if (weights !== 'int7')
    return { int8: dynamicInt8, because: 'dynamic: faster and no less accurate where weights keep 8 bits' };
  const found = findCalibration(enginesDir, modelDir, checkpoint.model_sha256)?.calibration;
  if (found === undefined) return { int8: dynamicInt8, because: 'dynamic: the model has no calibration' };
  return {
    int8: calibratedInt8(found),
    because: `static: more accurate where weights keep 7 bits; ${describeCalibration(found)}`,
  };
}

export const calibratedInt8 = (calibration: CalibrationFile): Int8Request => ({
  quantization: 'static',
  ranges: rangesOf(calibration),
  kept: new Set(),
});

/** With the scales of quantisation-aware training, bit for bit; undefined where the checkpoint has none. */
export function trainedInt8({ quantization }: Pick<BertCheckpoint, 'quantization'>): Int8Request | undefined {
  if (quantization === undefined || quantization.activations.size === 0) return undefined;
  return {
    quantization: 'static',
    ranges: symmetricRanges(quantization.activations),
    weightAmax: quantization.weights,
    kept: new Set(),
  };
}
