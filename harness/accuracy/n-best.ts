// The best answers of a question with their probabilities, and for SQuAD v2.0 the odds that it has none. Follows
// compute_predictions_logits of transformers' squad_metrics.py, which follows write_predictions of google-research/bert.

import type { Features } from '../qsl/features.js';
import type { Vocabulary } from '../qsl/vocabulary.js';
import { answerText, bestPositions, NO_ANSWER, type Logits } from './predict.js';

export interface AnswerRules {
  /** Start and end positions considered per sample, and answers kept; 20 by default in the official scripts. */
  readonly nBestSize: number;
  /** In tokens; 30 by default in the official scripts. */
  readonly maxAnswerLength: number;
  /**
   * SQuAD v2.0: the question counts as unanswerable when its null odds are greater than this (0 by default in the
   * official scripts). Undefined: v1.1, every question has an answer.
   */
  readonly nullScoreDiffThreshold?: number;
}

/** Keys as in nbest_predictions.json. */
export interface Candidate {
  /** Empty for "there is no answer". */
  readonly text: string;
  /** Softmax of start + end logit over the candidates. */
  readonly probability: number;
  readonly start_logit: number;
  readonly end_logit: number;
}

export interface RankedAnswer {
  /** What predictions.json gets; empty where the question counts as unanswerable. */
  readonly answer: string;
  /** Where the span of the answer begins in the passage, in UTF-16 units; undefined where there is none. */
  readonly answerStart: number | undefined;
  /** At least one, best first. */
  readonly candidates: readonly Candidate[];
  /** v2.0: least null score of all windows minus the score of the best answer. Undefined for v1.1. */
  readonly nullOdds: number | undefined;
}

export interface RankRequest {
  readonly questions: readonly { readonly context: string }[];
  readonly features: Features;
  readonly vocabulary: Vocabulary;
  /** Undefined for a sample that was never answered; it then offers no span. */
  readonly logitsOf: (sample: number) => Logits | undefined;
  readonly rules: AnswerRules;
  /** Called with the place of each question when it is done, for whoever measures. */
  readonly onQuestion?: (place: number) => void;
}

/** Ranks the answers of every question over all its windows, in the order of the questions. */
export function rankAnswers(request: RankRequest): readonly RankedAnswer[] {
  const { questions, features, onQuestion } = request;
  let sample = 0;
  return questions.map(({ context }, questionIndex) => {
    const from = sample;
    while (sample < features.samples.sampleCount && features.questionIndices[sample] === questionIndex)
      sample++;
    const ranked = rankQuestion(request, context, from, sample);
    onQuestion?.(questionIndex);
    return ranked;
  });
}

interface ScoredSpan {
  /** Places in `tokenIds`; undefined for the null answer. */
  readonly tokens: { readonly first: number; readonly last: number } | undefined;
  readonly start_logit: number;
  readonly end_logit: number;
}

type Entry = Omit<Candidate, 'probability'> & { readonly characterStart?: number };

const scoreOf = (span: Pick<Entry, 'start_logit' | 'end_logit'>): number => span.start_logit + span.end_logit;
/** What the official code starts from; stays where a passage is empty and so has no window. */
const NO_NULL_SCORE = 1_000_000;

function rankQuestion(
  { features, vocabulary, logitsOf, rules }: RankRequest,
  context: string,
  from: number,
  to: number,
): RankedAnswer {
  const spans: ScoredSpan[] = [];
  let nullScore = NO_NULL_SCORE;
  let nullSpan: ScoredSpan = { tokens: undefined, start_logit: 0, end_logit: 0 };
  for (let sample = from; sample < to; sample++) {
    const logits = logitsOf(sample);
    if (logits === undefined) continue;
    const start_logit = logits.starts[0]!;
    const end_logit = logits.ends[0]!;
    if (start_logit + end_logit < nullScore) {
      nullScore = start_logit + end_logit;
      nullSpan = { tokens: undefined, start_logit, end_logit };
    }
    pushSpans(spans, sample, logits, features, rules);
  }
  const mayBeNull = rules.nullScoreDiffThreshold !== undefined;
  if (mayBeNull && nullScore !== NO_NULL_SCORE) spans.push(nullSpan);
  // Both sorts keep the order of generation on ties.
  spans.sort((a, b) => scoreOf(b) - scoreOf(a));
  const entries = distinctTexts(spans, features, rules.nBestSize, (tokens) =>
    answerText(tokens, context, features, vocabulary),
  );
  if (mayBeNull) {
    if (!entries.some(({ text }) => text === ''))
      entries.push({ text: '', start_logit: nullSpan.start_logit, end_logit: nullSpan.end_logit });
    if (entries.length === 1) entries.unshift({ text: NO_ANSWER, start_logit: 0, end_logit: 0 });
  }
  if (entries.length === 0) entries.push({ text: NO_ANSWER, start_logit: 0, end_logit: 0 });
  const probabilities = softmax(entries.map(scoreOf));
  const candidates = entries.map(({ text, start_logit, end_logit }, place) => ({
    text,
    probability: probabilities[place]!,
    start_logit,
    end_logit,
  }));
  const best = candidates.find(({ text }) => text !== '') ?? candidates[0]!;
  const ranked = (answer: string, nullOdds?: number): RankedAnswer => {
    const answerStart = entries.find(({ text }) => text === answer)?.characterStart;
    return { answer, answerStart, candidates, nullOdds };
  };
  if (rules.nullScoreDiffThreshold === undefined) return ranked(candidates[0]!.text);
  const nullOdds = nullScore - best.start_logit - best.end_logit;
  return ranked(nullOdds > rules.nullScoreDiffThreshold ? '' : best.text, nullOdds);
}

/** Every valid span of a sample between its best starts and ends. */
function pushSpans(
  spans: ScoredSpan[],
  sample: number,
  { starts, ends }: Logits,
  { samples, characterStarts, isMaxContext }: Features,
  { nBestSize, maxAnswerLength }: AnswerRules,
): void {
  const offset = samples.offsets[sample]!;
  const length = samples.offsets[sample + 1]! - offset;
  const isInWindow = (position: number): boolean =>
    position < length && characterStarts[offset + position]! >= 0;
  const bestEnds = bestPositions(ends, nBestSize).filter(isInWindow);
  for (const start of bestPositions(starts, nBestSize)) {
    if (!isInWindow(start) || isMaxContext[offset + start] !== 1) continue;
    for (const end of bestEnds) {
      if (end < start || end - start + 1 > maxAnswerLength) continue;
      spans.push({
        tokens: { first: offset + start, last: offset + end },
        start_logit: starts[start]!,
        end_logit: ends[end]!,
      });
    }
  }
}

/** The first `count` spans with different texts. */
function distinctTexts(
  spans: readonly ScoredSpan[],
  { characterStarts }: Features,
  count: number,
  textOf: (tokens: NonNullable<ScoredSpan['tokens']>) => string,
): Entry[] {
  const seen = new Set<string>();
  const entries: Entry[] = [];
  for (const { tokens, start_logit, end_logit } of spans) {
    if (entries.length >= count) break;
    const text = tokens === undefined ? '' : textOf(tokens);
    if (seen.has(text)) continue;
    seen.add(text);
    const place = tokens === undefined ? {} : { characterStart: characterStarts[tokens.first]! };
    entries.push({ text, start_logit, end_logit, ...place });
  }
  return entries;
}

function softmax(scores: readonly number[]): readonly number[] {
  const greatest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = scores.map((score) => Math.exp(score - greatest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
