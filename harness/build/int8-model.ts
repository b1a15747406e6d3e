// What int8 needs beside the weights: ranges from training or calibration, and, when asked for, what each layer costs and
// which ones stay in higher precision.

import { availableParallelism } from 'node:os';
import { ConfigError } from '../../configs/errors.js';
import type { Precision } from '../../configs/engine-choices.js';
import type { BertCheckpoint } from '../../engines/bert/checkpoint.js';
import { calibrate } from '../../engines/calibration/calibrate.js';
import type { CalibrationData } from '../../engines/calibration/calibration-data.js';
import {
  describeCalibration,
  findCalibration,
  type CalibrationAtPath,
} from '../../engines/calibration/calibration-file.js';
import { rangeChoices } from '../../engines/calibration/candidates.js';
import { referenceLogits } from '../../engines/calibration/choose-ranges.js';
import {
  keepForRatio,
  measureSensitivity,
  type GroupSensitivity,
} from '../../engines/calibration/sensitivity.js';
import type { Int8Request } from '../../engines/contract.js';
import { calibratedInt8, defaultInt8, dynamicInt8, trainedInt8 } from '../../engines/onnxruntime/default-int8.js';
import { int8Graph } from '../../engines/onnxruntime/int8-graph.js';
import { count } from '../ask/open-model.js';
import { openCalibrationData } from '../calibration/open-calibration-data.js';
import { dataPath, inputPath } from '../places.js';
import type { BuildFlags } from './flags.js';

export interface Int8Model {
  readonly int8?: Int8Request;
  /** For the sidecar. */
  readonly notes: Readonly<Record<string, unknown>>;
}

export interface Int8ModelRequest {
  readonly flags: BuildFlags;
  readonly checkpoint: BertCheckpoint;
  /** A model folder or a file of weights. */
  readonly source: string;
  readonly engine: string;
  readonly precision: Precision;
  readonly vocabFile: string;
  /** Where calibrations lie. */
  readonly enginesDir: string;
  readonly say: (line: string) => void;
  readonly onPhase: (phase: string) => void;
}

/** Questions of the sample on which methods and layers are compared. */
const SLICE_QUESTIONS = 64;
const MAX_QUERY_LENGTH = 64;
const DOC_STRIDE = 128;
/** The length that the calibration cuts at; longer samples have the same tokens. */
const SEQUENCE_LENGTH = 384;

type Asked = Pick<Int8ModelRequest, 'flags' | 'checkpoint' | 'source' | 'engine' | 'precision' | 'enginesDir'>;

const isInt8 = ({ engine, precision }: Asked): boolean =>
  precision === 'int8' || (precision === 'fp8' && engine === 'tensorrt');
const isTrained = ({ checkpoint }: Asked): boolean => trainedInt8(checkpoint) !== undefined;
const asksForCalibration = ({ flags }: Asked): boolean =>
  (['squad_json', 'calib_num', 'calib_seed', 'calib_path', 'calib_method'] as const).some(
    (name) => flags[name] !== undefined,
  );
/** Neither the form of int8 nor a calibration is asked for. */
const isLeftToUs = (asked: Asked): boolean =>
  asked.flags.quantization === undefined && !asksForCalibration(asked);
const byDefault = ({ checkpoint, source, enginesDir }: Asked) => defaultInt8(checkpoint, source, enginesDir);
const isStatic = (asked: Asked): boolean =>
  asked.engine === 'tensorrt' ||
  (asked.flags.quantization ?? byDefault(asked).int8.quantization) === 'static';
const measuresLayers = ({ flags }: Asked): boolean =>
  flags.sensitivity || flags.min_f1_ratio !== undefined;

/** Why nothing is calibrated; undefined where something is. */
export function whyNoCalibration(asked: Asked): string | undefined {
  if (!isInt8(asked)) return `${asked.precision} needs no calibration`;
  if (isStatic(asked) && isTrained(asked) && !measuresLayers(asked)) return 'the checkpoint brings the ranges of its training';
  if (!isStatic(asked) && !measuresLayers(asked))
    return 'dynamic int8 finds its scales while it runs, so nothing is calibrated';
  if (asked.engine === 'tensorrt' && asked.checkpoint.kind === 'synthetic')
    return 'random weights have ranges that are constants';
  return undefined;
}

/** Calibrates where it has to. @throws {ConfigError | SetupError} */
export async function prepareInt8(request: Int8ModelRequest): Promise<Int8Model> {
  const { flags, checkpoint, engine, precision, say, onPhase } = request;
  if (!isInt8(request)) {
    refuse(flags, `is for int8, the precision is ${precision}`);
    return { notes: {} };
  }
  if (engine === 'tensorrt' && measuresLayers(request))
    throw new ConfigError('--sensitivity and --min_f1_ratio measure engine onnxruntime; they are not for --engine=tensorrt');
  let opened: Promise<CalibrationData> | undefined;
  const openData = (): Promise<CalibrationData> => (opened ??= openSample(request));
  const threads = availableParallelism();

  const scalesAreFixed = isStatic(request);
  const isConstant = checkpoint.kind === 'synthetic' && engine === 'tensorrt';
  const calibration =
    scalesAreFixed && !isTrained(request) && !isConstant
      ? await calibrationFor(request, openData, threads)
      : undefined;
  for (const warning of calibration?.calibration.warnings ?? []) say(`warning: ${warning}`);
  const notes = calibration === undefined ? {} : { calibration: calibrationNotes(calibration) };
  if (engine === 'tensorrt') return { notes };
  const base = calibration === undefined ? unmeasured(request) : calibratedInt8(calibration.calibration);
  const because = isLeftToUs(request) ? byDefault(request).because : `${base.quantization}, as asked for`;
  const int8Notes = { int8: { quantization: base.quantization, because }, ...notes };
  if (!measuresLayers(request)) return { int8: base, notes: int8Notes };
  onPhase('measure layers');
  const data = await openData();
  const reference = await referenceLogits(checkpoint, data, threads);
  const measured = { checkpoint, options: int8Graph(base), data, reference, threads, report: say };
  let sensitivity: readonly GroupSensitivity[] | undefined;
  const sensitivities = async (): Promise<readonly GroupSensitivity[]> =>
    (sensitivity ??= await measureSensitivity(measured));
  if (flags.sensitivity) await sensitivities();
  const kept =
    flags.min_f1_ratio === undefined
      ? undefined
      : await keepForRatio(measured, flags.min_f1_ratio, sensitivities);
  if (kept !== undefined && !kept.holds) {
    throw new ConfigError(
      `--min_f1_ratio=${kept.min_f1_ratio}: with every group in higher precision F1 is ${kept.f1.toFixed(3)} of ${kept.fp32_f1.toFixed(3)} on the slice; ask for less`,
    );
  }
  return {
    int8: { ...base, kept: kept?.kept ?? base.kept },
    notes: {
      ...int8Notes,
      ...(sensitivity === undefined ? {} : { sensitivity }),
      ...(kept === undefined ? {} : { min_f1: { ...kept, kept: [...kept.kept] } }),
    },
  };
}

/** The calibration there is, where its choice is left to us; else the one of exactly these flags, found or made. */
async function calibrationFor(
  request: Int8ModelRequest,
  openData: () => Promise<CalibrationData>,
  threads: number,
): Promise<CalibrationAtPath> {
  const { flags, checkpoint, source, engine, enginesDir, say, onPhase } = request;
  const { model_sha256 } = checkpoint;
  const there =
    engine === 'onnxruntime' && isLeftToUs(request)
      ? findCalibration(enginesDir, source, model_sha256)
      : undefined;
  if (there !== undefined) return there;
  onPhase('look for a calibration');
  return calibrate({
    checkpoint,
    data: await openData(),
    method: rangeChoices.find((each) => each === flags.calib_method) ?? 'best',
    cacheDir: enginesDir,
    ...(flags.calib_path === undefined ? {} : { file: inputPath(flags.calib_path) }),
    threads,
    report: say,
    onStart: () => onPhase('calibrate'),
  });
}

/** Scales of training where they are wanted, else found at run time. */
const unmeasured = (request: Int8ModelRequest): Int8Request =>
  (isStatic(request) ? trainedInt8(request.checkpoint) : undefined) ?? dynamicInt8;

/** @throws {ConfigError} naming a flag that has no meaning here. */
function refuse(flags: BuildFlags, why: string): void {
  const given = (['quantization', 'sensitivity', 'min_f1_ratio'] as const).find(
    (name) => flags[name] !== undefined && flags[name] !== false,
  );
  if (given !== undefined) throw new ConfigError(`--${given} ${why}`);
}

function openSample({ flags, checkpoint, vocabFile }: Int8ModelRequest): Promise<CalibrationData> {
  return openCalibrationData({
    dataFile: flags.squad_json === undefined ? dataPath('squad/calibration.json') : inputPath(flags.squad_json),
    vocabFile,
    questionCount: count(flags.calib_num, 128, 'calib_num'),
    sliceQuestionCount: SLICE_QUESTIONS,
    seed: BigInt(count(flags.calib_seed, 1, 'calib_seed')),
    maxSequenceLength: Math.min(SEQUENCE_LENGTH, checkpoint.config.max_position_embeddings),
    docStride: DOC_STRIDE,
    maxQueryLength: MAX_QUERY_LENGTH,
  });
}

function calibrationNotes({ path, calibration }: CalibrationAtPath) {
  const { key, chosen, fp32_f1, tried, warnings } = calibration;
  return { file: path, text: describeCalibration(calibration), key, chosen, fp32_f1, tried, warnings };
}
