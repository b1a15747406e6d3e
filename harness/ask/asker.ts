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

/** One inference: how many samples ran together, and for how long. */
export interface InferenceTime {
  readonly sampleCount: number;
  readonly milliseconds: number;
}

export interface Answered {
  /** One for each question, in order. */
  readonly answers: readonly RankedAnswer[];
  readonly stages: StageTimes;
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
      const startMs = now();
      const features = makeFeatures(questions);
      const tokenizedMs = now();
      const { samples } = features;
      const logits: Logits[] = [];
      const inferences: InferenceTime[] = [];
      let doneCount = 0;
      for (const batch of equalLengthBatches(samples, batchSize)) {
        const chosen = pickSamples(samples, batch);
        const beforeMs = now();
        const responses = await inference.run(chosen);
        inferences.push({ sampleCount: batch.length, milliseconds: now() - beforeMs });
        for (const [place, sample] of batch.entries()) logits[sample] = apart(responses[place]!);
        doneCount += batch.length;
        onProgress?.(doneCount, samples.sampleCount);
      }
      const beforeProjectMs = now();
      const answers = rankAnswers({
        questions,
        features,
        vocabulary,
        logitsOf: (sample) => logits[sample],
        rules,
      });
      return {
        answers,
        stages: {
          tokenize_ms: tokenizedMs - startMs,
          inference_ms: inferences.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
          project_ms: now() - beforeProjectMs,
        },
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
