// N-best lists, null odds and SQuAD v2.0 scores against transformers' squad_metrics on the same logits
// (tests/fixtures/squad/make-golden-n-best.py).

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rankAnswers, type AnswerRules, type Candidate } from '../../../harness/accuracy/n-best.js';
import { scorePredictions } from '../../../harness/accuracy/squad-score.js';
import { scoreSquadV2 } from '../../../harness/accuracy/squad-v2-score.js';
import { makeFeatures, type SequenceLengths } from '../../../harness/qsl/features.js';
import { readVocabulary } from '../../../harness/qsl/vocabulary.js';

interface GoldenRun {
  readonly n_best: number;
  readonly max_answer: number;
  /** Null: v1.1. */
  readonly threshold: number | null;
  readonly predictions: Readonly<Record<string, string>>;
  readonly nBest: Readonly<Record<string, readonly Candidate[]>>;
  readonly odds: Readonly<Record<string, number>> | null;
  readonly scores?: Readonly<Record<string, number>>;
}

interface Golden {
  readonly lengths: SequenceLengths;
  readonly cases: readonly {
    readonly id: string;
    readonly question: string;
    readonly context: string;
    readonly answers: readonly string[];
    readonly windows: readonly { readonly starts: readonly number[]; readonly ends: readonly number[] }[];
  }[];
  readonly runs: readonly GoldenRun[];
}

const { lengths, cases, runs } = JSON.parse(
  readFileSync('tests/fixtures/squad/golden-n-best.json', 'utf8'),
) as Golden;
const vocabulary = await readVocabulary('data/models/minilm-qa/vocab.txt');
const features = makeFeatures(cases, vocabulary, lengths);
const windows = cases.flatMap((each) => each.windows);

function rank(rules: AnswerRules) {
  return rankAnswers({
    questions: cases,
    features,
    vocabulary,
    rules,
    logitsOf: (sample) => {
      const { starts, ends } = windows[sample]!;
      return { starts: Float64Array.from(starts), ends: Float64Array.from(ends) };
    },
  });
}

const rulesOf = ({ n_best, max_answer, threshold }: GoldenRun): AnswerRules => ({
  nBestSize: n_best,
  maxAnswerLength: max_answer,
  ...(threshold === null ? {} : { nullScoreDiffThreshold: threshold }),
});

it('the golden logits fit the windows', () => {
  expect(features.samples.sampleCount).toBe(windows.length);
  for (const [sample, { starts }] of windows.entries())
    expect(features.samples.offsets[sample + 1]! - features.samples.offsets[sample]!).toBe(starts.length);
});

describe.each(runs)(
  'with n-best $n_best, answers of $max_answer tokens, null threshold $threshold',
  (golden) => {
    const ranked = rank(rulesOf(golden));

    it('every prediction is that of the official code', () => {
      const predictions = Object.fromEntries(cases.map(({ id }, place) => [id, ranked[place]!.answer]));
      expect(predictions).toEqual(golden.predictions);
    });

    it('every n-best list has the official texts in their order, logits and probabilities within 1e-9', () => {
      for (const [place, { id }] of cases.entries()) {
        const { candidates } = ranked[place]!;
        const official = golden.nBest[id]!;
        expect(candidates.map(({ text }) => text)).toEqual(official.map(({ text }) => text));
        for (const [rankPlace, candidate] of candidates.entries()) {
          for (const key of ['probability', 'start_logit', 'end_logit'] as const)
            expect(Math.abs(candidate[key] - official[rankPlace]![key])).toBeLessThan(1e-9);
        }
      }
    });

    it('null odds are the official ones within 1e-9, and absent for v1.1', () => {
      for (const [place, { id }] of cases.entries()) {
        const { nullOdds } = ranked[place]!;
        if (golden.odds === null) expect(nullOdds).toBeUndefined();
        else expect(Math.abs(nullOdds! - golden.odds[id]!)).toBeLessThan(1e-9);
      }
    });
  },
);

describe('SQuAD v2.0 scores', () => {
  const secondRuns = runs.filter(({ scores }) => scores !== undefined);

  it.each(secondRuns)('equal the official ones at threshold $threshold', ({ predictions, odds, scores }) => {
    const { unanswered_count, ...figures } = scoreSquadV2(
      cases,
      new Map(Object.entries(predictions)),
      new Map(Object.entries(odds!)),
    );
    expect(figures).toEqual(scores);
    expect(unanswered_count).toBe(0);
  });

  it('have no best thresholds without null odds, and no kind that the data lacks', () => {
    const score = scoreSquadV2([{ id: 'a', question: '', context: '', answers: [] }], new Map([['a', '']]));
    expect(score).toEqual({
      exact: 100,
      f1: 100,
      total: 1,
      NoAns_exact: 100,
      NoAns_f1: 100,
      NoAns_total: 1,
      unanswered_count: 0,
    });
  });

  it('count a question without a prediction as wrong', () => {
    const question = (id: string, ...answers: string[]) => ({ id, question: '', context: '', answers });
    const score = scoreSquadV2([question('a', 'x'), question('b')], new Map([['a', 'x']]));
    expect([score.exact, score.NoAns_exact, score.unanswered_count]).toEqual([50, 0, 1]);
  });
});

it('v1.1 scores of the golden predictions count every question', () => {
  const answerable = cases.filter(({ answers }) => answers.length > 0);
  const predictions = new Map(answerable.map(({ id, answers }) => [id, answers[0]!]));
  expect(scorePredictions(answerable, predictions).exact_match).toBe(100);
});

it('a question whose windows were never run is "empty", and unanswerable in v2.0', () => {
  const request = { questions: [cases[0]!], features, vocabulary, logitsOf: () => undefined };
  const first = rankAnswers({ ...request, rules: { nBestSize: 20, maxAnswerLength: 30 } })[0]!;
  expect([first.answer, first.candidates[0]!.probability]).toEqual(['empty', 1]);
  const second = rankAnswers({
    ...request,
    rules: { nBestSize: 20, maxAnswerLength: 30, nullScoreDiffThreshold: 0 },
  })[0]!;
  expect([second.answer, second.nullOdds]).toEqual(['', 1_000_000]);
});
