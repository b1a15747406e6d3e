// Questions become samples: [CLS] question [SEP] window of the passage [SEP], long passages in several windows.
// Follows convert_examples_to_features of the official BERT SQuAD code (lengths in tokens).

import { ConfigError } from '../../configs/errors.js';
import type { TokenizedSamples } from '../../engines/contract.js';
import type { SquadQuestion } from './squad.js';
import type { Vocabulary } from './vocabulary.js';
import { createTokenizer, type TextPieces } from './wordpiece.js';

/** Raise it with every change, here or in the tokenizer, that alters what comes out: cached features depend on it. */
export const TOKENIZER_VERSION = 1;

/** All in tokens. */
export interface SequenceLengths {
  /** Longest sample, special tokens included. */
  readonly maxSequenceLength: number;
  /** Distance between the starts of neighbouring windows. */
  readonly docStride: number;
  /** A longer question is cut. */
  readonly maxQueryLength: number;
}

/**
 * What engines run (`samples`) and what scoring needs to get back to the text. Samples stand question by question,
 * window by window. The arrays named `[total tokens]` lie parallel to `samples.tokenIds`.
 */
export interface Features {
  readonly samples: TokenizedSamples;
  /** int32[sampleCount]: place of each sample's question in the data set, ascending. */
  readonly questionIndices: Int32Array;
  /** int32[total tokens]: where the token begins in the context, in UTF-16 units; -1 outside the window. */
  readonly characterStarts: Int32Array;
  /** int32[total tokens]: one past the token's last character in the context; -1 outside the window. */
  readonly characterEnds: Int32Array;
  /** uint8[total tokens]: 1 where this window sees the token with more context than any other window does. */
  readonly isMaxContext: Uint8Array;
}

/** A stretch of a passage, in tokens. */
export interface Window {
  readonly start: number;
  readonly length: number;
}

interface PlannedQuestion {
  readonly query: readonly number[];
  readonly passage: TextPieces;
  readonly windows: readonly Window[];
}

/** [CLS], [SEP] and [SEP]. */
const SPECIAL_TOKENS = 3;

/** Tokenizes everything, each context once. The arrays are in shared memory. @throws {ConfigError} for impossible lengths. */
export function makeFeatures(
  questions: readonly SquadQuestion[],
  vocabulary: Vocabulary,
  lengths: SequenceLengths,
): Features {
  return createFeatureMaker(vocabulary, lengths)(questions);
}

/** What features need of a question. */
export type FeatureQuestion = Pick<SquadQuestion, 'question' | 'context'>;

/**
 * Makes features again and again: contexts and words that were seen before stay tokenized.
 *
 * @param onQuestion Called with the place of a question when a step of its work is done, for whoever measures; the steps of one
 *   question need not be neighbours.
 */
export type FeatureMaker = (
  questions: readonly FeatureQuestion[],
  onQuestion?: (place: number) => void,
) => Features;

/** @throws {ConfigError} for impossible lengths. */
export function createFeatureMaker(vocabulary: Vocabulary, lengths: SequenceLengths): FeatureMaker {
  checkLengths(lengths);
  const tokenize = createTokenizer(vocabulary);
  const passages = new Map<string, TextPieces>();
  return (questions, onQuestion = () => undefined) => {
    const planned = questions.map(({ question, context }, place): PlannedQuestion => {
      const passage = passages.get(context) ?? tokenize(context);
      passages.set(context, passage);
      const query = tokenize(question).ids.slice(0, lengths.maxQueryLength);
      const room = lengths.maxSequenceLength - query.length - SPECIAL_TOKENS;
      const windows = placeWindows(passage.ids.length, room, lengths.docStride);
      onQuestion(place);
      return { query, passage, windows };
    });
    return fillFeatures(planned, vocabulary, lengths.maxSequenceLength, onQuestion);
  };
}

function checkLengths({ maxSequenceLength, docStride, maxQueryLength }: SequenceLengths): void {
  const least = maxQueryLength + SPECIAL_TOKENS + 1;
  if (maxSequenceLength < least) {
    throw new ConfigError(
      `max_seq_length must be at least ${least} to hold a question of ${maxQueryLength} tokens (max_query_length), ` +
        `${SPECIAL_TOKENS} special tokens and some of the passage, got ${maxSequenceLength}`,
    );
  }
  if (!(docStride >= 1)) throw new ConfigError(`doc_stride must be at least 1, got ${docStride}`);
}

/** Windows of at most `room` tokens that together cover the passage; the last one reaches its end. */
export function placeWindows(tokenCount: number, room: number, docStride: number): readonly Window[] {
  const windows: Window[] = [];
  for (let start = 0; start < tokenCount;) {
    const length = Math.min(tokenCount - start, room);
    windows.push({ start, length });
    if (start + length === tokenCount) break;
    start += Math.min(length, docStride);
  }
  return windows;
}

/** Index of the window that shows passage token `token` with most context on both sides; the earlier one on ties. */
export function maxContextWindow(windows: readonly Window[], token: number): number {
  let best = -1;
  let bestScore = -Infinity;
  for (const [index, { start, length }] of windows.entries()) {
    const left = token - start;
    const right = start + length - 1 - token;
    if (left < 0 || right < 0) continue;
    const score = Math.min(left, right) + 0.01 * length;
    if (score > bestScore) {
      best = index;
      bestScore = score;
    }
  }
  return best;
}

function fillFeatures(
  planned: readonly PlannedQuestion[],
  vocabulary: Vocabulary,
  maxSequenceLength: number,
  onQuestion: (place: number) => void,
): Features {
  let sampleCount = 0;
  let tokenCount = 0;
  for (const { query, windows } of planned) {
    sampleCount += windows.length;
    for (const { length } of windows) tokenCount += query.length + length + SPECIAL_TOKENS;
  }
  const features = allocateFeatures(sampleCount, tokenCount, maxSequenceLength);
  const { samples, questionIndices, characterStarts, characterEnds, isMaxContext } = features;
  const { tokenIds, offsets, segmentStarts } = samples;
  characterStarts.fill(-1);
  characterEnds.fill(-1);

  let sample = 0;
  let at = 0;
  for (const [questionIndex, { query, passage, windows }] of planned.entries()) {
    for (const [windowIndex, { start, length }] of windows.entries()) {
      questionIndices[sample] = questionIndex;
      segmentStarts[sample] = query.length + 2;
      tokenIds[at++] = vocabulary.clsId;
      for (const id of query) tokenIds[at++] = id;
      tokenIds[at++] = vocabulary.sepId;
      for (let token = start; token < start + length; token++) {
        tokenIds[at] = passage.ids[token]!;
        characterStarts[at] = passage.starts[token]!;
        characterEnds[at] = passage.ends[token]!;
        const isAlone = windows.length === 1;
        isMaxContext[at] = isAlone || maxContextWindow(windows, token) === windowIndex ? 1 : 0;
        at++;
      }
      tokenIds[at++] = vocabulary.sepId;
      offsets[++sample] = at;
    }
    onQuestion(questionIndex);
  }
  return features;
}

/** Zeroed features over shared memory, to be filled. */
export function allocateFeatures(
  sampleCount: number,
  tokenCount: number,
  maxSequenceLength: number,
): Features {
  const sharedInt32 = (length: number) => new Int32Array(new SharedArrayBuffer(length * 4));
  return {
    samples: {
      sampleCount,
      tokenIds: sharedInt32(tokenCount),
      offsets: sharedInt32(sampleCount + 1),
      segmentStarts: sharedInt32(sampleCount),
      maxSequenceLength,
    },
    questionIndices: sharedInt32(sampleCount),
    characterStarts: sharedInt32(tokenCount),
    characterEnds: sharedInt32(tokenCount),
    isMaxContext: new Uint8Array(new SharedArrayBuffer(tokenCount)),
  };
}
