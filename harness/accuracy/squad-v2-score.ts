// Scores of SQuAD v2.0, where a question may have no answer. Follows the official evaluate-v2.0 script.

import type { SquadQuestion } from '../qsl/squad.js';
import { bestF1, isExactMatch, normalizeAnswer } from './squad-score.js';

/** Keys and units as the official script prints them: scores in percent, thresholds in null odds. */
export interface SquadV2Score {
  readonly exact: number;
  readonly f1: number;
  readonly total: number;
  readonly HasAns_exact?: number;
  readonly HasAns_f1?: number;
  readonly HasAns_total?: number;
  readonly NoAns_exact?: number;
  readonly NoAns_f1?: number;
  readonly NoAns_total?: number;
  /** The four best values: what the best threshold on the null odds would give. Only with null odds. */
  readonly best_exact?: number;
  readonly best_exact_thresh?: number;
  readonly best_f1?: number;
  readonly best_f1_thresh?: number;
  /** Questions without a prediction; they count as wrong. */
  readonly unanswered_count: number;
}

interface QuestionScore {
  readonly id: string;
  readonly hasAnswer: boolean;
  /** Undefined without a prediction. */
  readonly prediction: string | undefined;
  /** 0 or 1. */
  readonly exact: number;
  /** 0 to 1. */
  readonly f1: number;
}

/**
 * Scores predictions by question id; an empty one says that there is no answer.
 *
 * Differs from the official script: a question without a prediction counts as wrong, as in v1.1. The script leaves it out
 * of the overall scores and breaks on those by kind.
 */
export function scoreSquadV2(
  questions: readonly SquadQuestion[],
  predictions: ReadonlyMap<string, string>,
  nullOdds?: ReadonlyMap<string, number>,
): SquadV2Score {
  const scores = questions.map((question) => scoreQuestion(question, predictions.get(question.id)));
  const withAnswer = scores.filter(({ hasAnswer }) => hasAnswer);
  const without = scores.filter(({ hasAnswer }) => !hasAnswer);
  const all = meansOf(scores);
  const has = meansOf(withAnswer);
  const none = meansOf(without);
  return {
    ...all,
    ...(withAnswer.length === 0
      ? {}
      : { HasAns_exact: has.exact, HasAns_f1: has.f1, HasAns_total: has.total }),
    ...(without.length === 0 ? {} : { NoAns_exact: none.exact, NoAns_f1: none.f1, NoAns_total: none.total }),
    ...(nullOdds === undefined ? {} : bestThresholds(scores, nullOdds)),
    unanswered_count: scores.filter(({ prediction }) => prediction === undefined).length,
  };
}

function scoreQuestion({ id, answers }: SquadQuestion, prediction: string | undefined): QuestionScore {
  const hasAnswer = answers.length > 0;
  if (prediction === undefined) return { id, hasAnswer, prediction, exact: 0, f1: 0 };
  // Answers of articles and punctuation alone cannot be matched by word; none left means: nothing is expected.
  const kept = answers.filter((answer) => normalizeAnswer(answer) !== '');
  const expected = kept.length > 0 ? kept : [''];
  const exact = isExactMatch(prediction, expected) ? 1 : 0;
  const isEmpty = normalizeAnswer(prediction) === '';
  const f1 = isEmpty || kept.length === 0 ? exact : bestF1(prediction, expected);
  return { id, hasAnswer, prediction, exact, f1 };
}

function meansOf(scores: readonly QuestionScore[]): {
  readonly exact: number;
  readonly f1: number;
  readonly total: number;
} {
  const total = scores.length;
  const mean = (key: 'exact' | 'f1'): number =>
    (100 * scores.reduce((sum, score) => sum + score[key], 0)) / total;
  return { exact: mean('exact'), f1: mean('f1'), total };
}

function bestThresholds(
  scores: readonly QuestionScore[],
  nullOdds: ReadonlyMap<string, number>,
): Required<Pick<SquadV2Score, 'best_exact' | 'best_exact_thresh' | 'best_f1' | 'best_f1_thresh'>> {
  const exact = bestThreshold(scores, nullOdds, 'exact');
  const f1 = bestThreshold(scores, nullOdds, 'f1');
  return {
    best_exact: exact.percent,
    best_exact_thresh: exact.threshold,
    best_f1: f1.percent,
    best_f1_thresh: f1.threshold,
  };
}

/** Starts from "nothing has an answer" and admits questions by rising null odds. */
function bestThreshold(
  scores: readonly QuestionScore[],
  nullOdds: ReadonlyMap<string, number>,
  key: 'exact' | 'f1',
): { readonly percent: number; readonly threshold: number } {
  const byId = new Map(scores.map((score) => [score.id, score]));
  let sum = scores.filter(({ hasAnswer }) => !hasAnswer).length;
  let best = sum;
  let threshold = 0;
  for (const [id, odds] of [...nullOdds].sort((a, b) => a[1] - b[1])) {
    const score = byId.get(id);
    if (score?.prediction === undefined) continue;
    if (score.hasAnswer) sum += score[key];
    else if (score.prediction !== '') sum -= 1;
    if (sum > best) {
      best = sum;
      threshold = odds;
    }
  }
  return { percent: (100 * best) / scores.length, threshold };
}
