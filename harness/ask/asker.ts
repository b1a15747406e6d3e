// Answers questions in three stages, timed apart: text to tokens, tokens to logits, logits back to text.

import type { DirectInference, TokenizedSamples } from '../../engines/contract.js';
import { rankAnswers, type AnswerRules, type RankedAnswer } from '../accuracy/n-best.js';
import type { Logits } from '../accuracy/predict.js';
import { createFeatureMaker, type FeatureQuestion, type SequenceLengths } from '../qsl/features.js';
import type { Vocabulary } from '../qsl/vocabulary.js';

/** Time of each stage over all questions of a call. */
export interface StageTimes {
  readonly tokenize_ms: number;
  readonly inference_ms: number;
  readonly project_ms: number;
}

/** Time of each stage of one question. */
export interface QuestionTimes extends StageTimes {
  /** Its windows. */
  readonly sampleCount: number;
}

/** One inference: how many samples ran together, and for how long. */
export interface InferenceTime {
  readonly sampleCount: number;
  readonly milliseconds: number;
}

export interface Answered {
  /** One for each question, in order. */
  readonly answers: readonly RankedAnswer[];
  readonly stages: StageTimes;
  /** Of each question; its inference is the whole time of every batch that one of its windows was in. */
  readonly questionTimes: readonly QuestionTimes[];
  readonly inferences: readonly InferenceTime[];
  /** Windows that were run. */
  readonly sampleCount: number;
}

export interface AskerRequest {
  readonly inference: Pick<DirectInference, 'run'>;
  readonly vocabulary: Vocabulary;
  readonly lengths: SequenceLengths;
  readonly batchSize: number;
  /** In milliseconds; performance.now by default. */
  readonly now?: () => number;
}

export interface Asker {
  /**
   * Answers the questions. A passage that was asked about before stays tokenized.
   *
   * @throws {RunError} when the engine breaks.
   */
  ask(
    questions: readonly FeatureQuestion[],
    rules: AnswerRules,
    onProgress?: (doneSamples: number, allSamples: number) => void,
  ): Promise<Answered>;
}

/** @throws {ConfigError} for impossible lengths. */
export function createAsker(request: AskerRequest): Asker {
  const { inference, vocabulary, lengths, batchSize, now = () => performance.now() } = request;
  const makeFeatures = createFeatureMaker(vocabulary, lengths);
  return {
    async ask(questions, rules, onProgress) {
      const times = questions.map(() => ({ tokenize_ms: 0, inference_ms: 0, project_ms: 0, sampleCount: 0 }));
      const lapsOf = (stage: 'tokenize_ms' | 'project_ms') => {
        let sinceMs = now();
        return (question: number): void => {
          const atMs = now();
          times[question]![stage] += atMs - sinceMs;
          sinceMs = atMs;
        };
      };
      const features = makeFeatures(questions, lapsOf('tokenize_ms'));
      const { samples, questionIndices } = features;
      const logits: Logits[] = [];
      const inferences: InferenceTime[] = [];
      let doneCount = 0;
      for (const batch of equalLengthBatches(samples, batchSize)) {
        const chosen = pickSamples(samples, batch);
        const beforeMs = now();
        const responses = await inference.run(chosen);
        const milliseconds = now() - beforeMs;
        inferences.push({ sampleCount: batch.length, milliseconds });
        for (const sample of batch) times[questionIndices[sample]!]!.sampleCount++;
        for (const question of new Set(batch.map((sample) => questionIndices[sample]!)))
          times[question]!.inference_ms += milliseconds;
        for (const [place, sample] of batch.entries()) logits[sample] = apart(responses[place]!);
        doneCount += batch.length;
        onProgress?.(doneCount, samples.sampleCount);
      }
      const answers = rankAnswers({
        questions,
        features,
        vocabulary,
        logitsOf: (sample) => logits[sample],
        rules,
        onQuestion: lapsOf('project_ms'),
      });
      const total = (of: (times: QuestionTimes) => number): number =>
        times.reduce((sum, each) => sum + of(each), 0);
      return {
        answers,
        stages: {
          tokenize_ms: total(({ tokenize_ms }) => tokenize_ms),
          inference_ms: inferences.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
          project_ms: total(({ project_ms }) => project_ms),
        },
        questionTimes: times,
        inferences,
        sampleCount: samples.sampleCount,
      };
    },
  };
}

/** Sample indices in groups of one length, longest first: no token is padding. */
function equalLengthBatches(
  { sampleCount, offsets }: TokenizedSamples,
  batchSize: number,
): readonly (readonly number[])[] {
  const lengthOf = (sample: number): number => offsets[sample + 1]! - offsets[sample]!;
  const order = Array.from({ length: sampleCount }, (_unused, sample) => sample).sort(
    (a, b) => lengthOf(b) - lengthOf(a) || a - b,
  );
  const batches: number[][] = [];
  for (const sample of order) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < batchSize && lengthOf(last[0]!) === lengthOf(sample))
      last.push(sample);
    else batches.push([sample]);
  }
  return batches;
}

/** The chosen samples alone, in their order. */
function pickSamples(
  { tokenIds, offsets, segmentStarts, maxSequenceLength }: TokenizedSamples,
  chosen: readonly number[],
): TokenizedSamples {
  const parts = chosen.map((sample) => tokenIds.subarray(offsets[sample], offsets[sample + 1]));
  const picked = {
    sampleCount: chosen.length,
    tokenIds: new Int32Array(parts.reduce((sum, { length }) => sum + length, 0)),
    offsets: new Int32Array(chosen.length + 1),
    segmentStarts: Int32Array.from(chosen, (sample) => segmentStarts[sample]!),
    maxSequenceLength,
  };
  for (const [place, part] of parts.entries()) {
    picked.tokenIds.set(part, picked.offsets[place]);
    picked.offsets[place + 1] = picked.offsets[place]! + part.length;
  }
  return picked;
}

/** float32[length, 2] to starts and ends. */
function apart(response: Float32Array): Logits {
  const length = response.length / 2;
  const starts = new Float64Array(length);
  const ends = new Float64Array(length);
  for (let token = 0; token < length; token++) {
    starts[token] = response[2 * token]!;
    ends[token] = response[2 * token + 1]!;
  }
  return { starts, ends };
}
