// Exact match and F1 of answers. Follows the official SQuAD v1.1 evaluate script; its Python text functions are spelled
// out here where JavaScript's differ.

import type { SquadQuestion } from '../qsl/squad.js';

/** In percent of all questions. */
export interface SquadScore {
  readonly exact_match: number;
  readonly f1: number;
  /** Questions without a prediction; they count as wrong. */
  readonly unanswered_count: number;
}

/** Scores one prediction per question id. */
export function scorePredictions(
  questions: readonly SquadQuestion[],
  predictions: ReadonlyMap<string, string>,
): SquadScore {
  let exactSum = 0;
  let f1Sum = 0;
  let unanswered_count = 0;
  for (const { id, answers } of questions) {
    const prediction = predictions.get(id);
    if (prediction === undefined) {
      unanswered_count++;
      continue;
    }
    if (isExactMatch(prediction, answers)) exactSum++;
    f1Sum += bestF1(prediction, answers);
  }
  // 100 × sum ÷ count in this order, as the official script: another order rounds differently in the last digit.
  return {
    exact_match: (100 * exactSum) / questions.length,
    f1: (100 * f1Sum) / questions.length,
    unanswered_count,
  };
}

/** Whether the prediction equals one of the answers, both normalised. */
export function isExactMatch(prediction: string, answers: readonly string[]): boolean {
  const normal = normalizeAnswer(prediction);
  return answers.some((answer) => normalizeAnswer(answer) === normal);
}

/** Greatest overlap of words with one of the answers, 0 to 1. */
export function bestF1(prediction: string, answers: readonly string[]): number {
  return answers.reduce((best, answer) => Math.max(best, wordF1(prediction, answer)), 0);
}

function wordF1(prediction: string, answer: string): number {
  const predicted = wordsOf(normalizeAnswer(prediction));
  const expected = wordsOf(normalizeAnswer(answer));
  const left = new Map<string, number>();
  for (const word of expected) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of predicted) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    shared++;
  }
  if (shared === 0) return 0;
  const precision = shared / predicted.length;
  const recall = shared / expected.length;
  return (2 * precision * recall) / (precision + recall);
}

const asciiPunctuation = /[!-/:-@[-`{-~]/gu;
// Python's \b knows the letters of all scripts, JavaScript's only ASCII: it would cut the "a" out of "año".
const articles = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;
// Where Python's str.split() splits. JavaScript's \s lacks U+001C–U+001F and U+0085, and has U+FEFF too much.
const pythonBlanks = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

/** Lower case, no ASCII punctuation, no articles, single blanks; in this order. */
export function normalizeAnswer(text: string): string {
  const plain = text.toLowerCase().replace(asciiPunctuation, '').replace(articles, ' ');
  return plain
    .split(pythonBlanks)
    .filter((word) => word !== '')
    .join(' ');
}

const wordsOf = (normal: string) => (normal === '' ? [] : normal.split(' '));
