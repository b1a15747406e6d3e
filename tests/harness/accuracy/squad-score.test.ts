import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  bestF1,
  isExactMatch,
  normalizeAnswer,
  scorePredictions,
} from '../../../harness/accuracy/squad-score.js';
import { readPredictions } from '../../../harness/accuracy/score.js';
import { readSquad } from '../../../harness/qsl/squad.js';
import { readReferenceTexts } from '../qsl/reference-text.js';

describe('the published predictions of the reference model', () => {
  it('score exactly its published figures', async () => {
    const { questions } = await readSquad('data/squad/xquad.en.json');
    const predictions = await readPredictions('data/models/minilm-qa/predictions.json');
    const metrics = JSON.parse(readFileSync('data/models/minilm-qa/metrics.json', 'utf8')) as {
      readonly exact_match: number;
      readonly f1: number;
    };
    expect(scorePredictions(questions, predictions)).toEqual({
      exact_match: metrics.exact_match,
      f1: metrics.f1,
      unanswered_count: 0,
    });
    expect(metrics).toMatchObject({ exact_match: 57.05882352941177, f1: 72.3888977138764 });
  });
});

describe('a normalised answer', () => {
  it.each([
    ['is lower case', 'ADA Quill', 'ada quill'],
    ['has ASCII punctuation deleted, not replaced', 'U.S. a-b $5', 'us ab 5'],
    ['keeps Unicode quotes and dashes', '“x” – y', '“x” – y'],
    ['has no articles', 'The cat and a dog, an owl', 'cat and dog owl'],
    ['loses articles that come forth when punctuation goes', "t'he x", 'x'],
    ['keeps articles that are parts of words', 'theatre banana an_x', 'theatre banana anx'],
    ['keeps the letters of words in all scripts', 'año señal à théa', 'año señal à théa'],
    ['cuts an article before a combining mark, as Python does', 'a\u0301 x', '\u0301 x'],
    ['keeps articles beside digits of all scripts', 'a٣ ½a', 'a٣ ½a'],
    ['is split where Python splits', 'x\u001cy\u001fz\u0085w\u00a0v\u3000u', 'x y z w v u'],
    ['is not split at a byte order mark', 'x\ufeffy', 'x\ufeffy'],
    ['may be nothing', ' The. ', ''],
  ])('%s', (_promise, text, normal) => {
    expect(normalizeAnswer(text)).toBe(normal);
  });

  it('agrees with the reference code on texts full of odd characters', () => {
    for (const { text, normalAnswer } of readReferenceTexts()) {
      expect(normalizeAnswer(text), JSON.stringify(text)).toBe(normalAnswer);
    }
  });
});

describe('one answer', () => {
  it('matches exactly when any reference answer does', () => {
    expect(isExactMatch('the Quill', ['Ada Quill', 'quill!'])).toBe(true);
    expect(isExactMatch('Ada', ['Ada Quill', 'Quill'])).toBe(false);
  });

  it.each([
    ['half of the words', 'ada', ['ada quill'], 2 / 3],
    ['words counted as often as they occur', 'x x y', ['x y y'], 2 / 3],
    ['the best of several', 'quill', ['ada quill', 'Quill'], 1],
    ['nothing in common', 'x', ['y'], 0],
    ['words in any order', 'quill ada', ['ada quill'], 1],
  ])('has an F1 of %s', (_name, prediction, answers, f1) => {
    expect(bestF1(prediction, answers)).toBeCloseTo(f1, 15);
  });

  it('that normalises to nothing matches nothing exactly, but has no F1', () => {
    expect(isExactMatch('The', ['...'])).toBe(true);
    expect(bestF1('The', ['...'])).toBe(0);
  });
});

describe('a score', () => {
  const questionOf = (id: string, ...answers: readonly string[]) => ({
    id,
    question: '',
    context: '',
    answers,
  });

  it('is in percent of all questions, those without a prediction too', () => {
    const questions = [
      questionOf('1', 'x'),
      questionOf('2', 'y z'),
      questionOf('3', 'w'),
      questionOf('4', 'v'),
    ];
    const predictions = new Map([
      ['1', 'x'],
      ['2', 'y'],
      ['4', 'x'],
    ]);
    const score = scorePredictions(questions, predictions);
    expect(score.exact_match).toBe(25);
    expect(score.f1).toBeCloseTo((100 * (1 + 2 / 3)) / 4, 12);
    expect(score.unanswered_count).toBe(1);
  });
});
