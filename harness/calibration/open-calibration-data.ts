// A seeded sample of a SQuAD file for calibration, and a slice of it with its answers to compare methods on.

import { basename } from 'node:path';
import type { CalibrationData } from '../../engines/calibration/calibration-data.js';
import { createMersenneTwister } from '../../scenarios/mersenne-twister.js';
import { shuffle } from '../../scenarios/random.js';
import { predictAnswers, type Logits } from '../accuracy/predict.js';
import { scorePredictions } from '../accuracy/squad-score.js';
import { dataPath } from '../places.js';
import { makeFeatures, type Features, type SequenceLengths } from '../qsl/features.js';
import { readSquad, type SquadQuestion } from '../qsl/squad.js';
import { readVocabulary, type Vocabulary } from '../qsl/vocabulary.js';

export interface CalibrationDataRequest extends SequenceLengths {
  /** SQuAD v1.1 JSON. */
  readonly dataFile: string;
  readonly vocabFile: string;
  /** At most; fewer where the file has fewer. */
  readonly questionCount: number;
  /** The first of the sampled questions, at most. */
  readonly sliceQuestionCount: number;
  readonly seed: bigint;
}

/** The data set that accuracy is measured with where nobody names another. */
const EVALUATION_DATA = dataPath('squad/xquad.en.json');

/** @throws {SetupError} when a file cannot be read. @throws {ConfigError} when one of them is wrong. */
export async function openCalibrationData(request: CalibrationDataRequest): Promise<CalibrationData> {
  const { dataFile, vocabFile, seed, maxSequenceLength, docStride, maxQueryLength } = request;
  const [data, vocabulary] = await Promise.all([readSquad(dataFile), readVocabulary(vocabFile)]);
  const questions = sampled(data.questions, request.questionCount, seed);
  const features = makeFeatures(questions, vocabulary, { maxSequenceLength, docStride, maxQueryLength });
  const sliceQuestions = questions.slice(0, request.sliceQuestionCount);
  const slice = Array.from({ length: features.samples.sampleCount }, (_unused, sample) => sample).filter(
    (sample) => features.questionIndices[sample]! < sliceQuestions.length,
  );
  return {
    samples: features.samples,
    slice,
    scoreSlice: (logits) => scoreOf(sliceQuestions, features, vocabulary, logits),
    source: {
      name: basename(dataFile),
      sha256: data.sha256,
      seed: `${seed}`,
      question_count: questions.length,
      max_seq_length: maxSequenceLength,
      doc_stride: docStride,
      max_query_length: maxQueryLength,
      is_evaluation_data: await isEvaluationData(dataFile, data.sha256),
    },
  };
}

function sampled(questions: readonly SquadQuestion[], count: number, seed: bigint): readonly SquadQuestion[] {
  const places = Array.from(questions, (_question, place) => place);
  shuffle(places, createMersenneTwister(seed));
  return places.slice(0, count).map((place) => questions[place]!);
}

/** By its content, or by the name that SQuAD's own has. */
async function isEvaluationData(file: string, sha256: string): Promise<boolean> {
  if (/^dev-v\d/.test(basename(file))) return true;
  return sha256 === (await readSquad(EVALUATION_DATA)).sha256;
}

/** F1; samples of the slice come first, in order. */
function scoreOf(
  questions: readonly SquadQuestion[],
  features: Features,
  vocabulary: Vocabulary,
  logits: readonly Float32Array[],
): number {
  const { maxSequenceLength } = features.samples;
  const logitsOf = (sample: number): Logits | undefined => {
    const pairs = logits[sample];
    return pairs === undefined ? undefined : columnsOf(pairs, maxSequenceLength);
  };
  const answers = predictAnswers({ questions, features, vocabulary, logitsOf });
  const predictions = new Map(questions.map(({ id }, place) => [id, answers[place]!]));
  return scorePredictions(questions, predictions).f1;
}

/** Below every logit: no padding is ever among the best. */
const PADDING = -10_000;

function columnsOf(pairs: Float32Array, length: number): Logits {
  const starts = new Float64Array(length).fill(PADDING);
  const ends = new Float64Array(length).fill(PADDING);
  for (let token = 0; 2 * token < pairs.length; token++) {
    starts[token] = pairs[2 * token]!;
    ends[token] = pairs[2 * token + 1]!;
  }
  return { starts, ends };
}
