import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  bestPositions,
  predictAnswers,
  projectAnswer,
  type Logits,
} from '../../../harness/accuracy/predict.js';
import { readPredictions } from '../../../harness/accuracy/score.js';
import { makeFeatures } from '../../../harness/qsl/features.js';
import { readSquad } from '../../../harness/qsl/squad.js';
import { readVocabulary } from '../../../harness/qsl/vocabulary.js';
import { readReferenceTexts } from '../qsl/reference-text.js';

const vocabulary = await readVocabulary('data/models/minilm-qa/vocab.txt');
const lengths = { maxSequenceLength: 384, docStride: 128, maxQueryLength: 64 };

/** Logits by passage token (window of sample 0 begins at 3: [CLS] why [SEP]); everything else is far below. */
interface Peaks {
  readonly starts?: Readonly<Record<number, number>>;
  readonly ends?: Readonly<Record<number, number>>;
}
const FIRST = 3;

function logitsOf({ starts = {}, ends = {} }: Peaks, maxSequenceLength: number): Logits {
  const spread = (peaks: Readonly<Record<number, number>>) => {
    const logits = new Float64Array(maxSequenceLength).fill(-1000);
    for (const [token, value] of Object.entries(peaks)) logits[FIRST + Number(token)] = value;
    return logits;
  };
  return { starts: spread(starts), ends: spread(ends) };
}

function answer(context: string, samples: readonly (Peaks | undefined)[], other = lengths): string {
  const questions = [{ id: '1', question: 'why', context, answers: ['x'] }];
  const features = makeFeatures(questions, vocabulary, other);
  expect(features.samples.sampleCount).toBe(samples.length);
  const all = samples.map((peaks) => peaks && logitsOf(peaks, other.maxSequenceLength));
  return predictAnswers({ questions, features, vocabulary, logitsOf: (sample) => all[sample] })[0]!;
}

describe('golden logits', () => {
  it('give the published predictions of every question whose windows are all among them', async () => {
    const golden = JSON.parse(readFileSync('data/models/minilm-qa/golden.json', 'utf8')) as {
      readonly features: readonly {
        readonly qsl_idx: number;
        readonly start_logits: readonly number[];
        readonly end_logits: readonly number[];
      }[];
    };
    const { questions } = await readSquad('data/squad/xquad.en.json');
    const features = makeFeatures(questions, vocabulary, lengths);
    const published = await readPredictions('data/models/minilm-qa/predictions.json');
    const padded = (values: readonly number[]) => {
      const logits = new Float64Array(384).fill(-10_000);
      logits.set(values);
      return logits;
    };
    const known = new Map(
      golden.features.map(({ qsl_idx, start_logits, end_logits }): [number, Logits] => [
        qsl_idx,
        { starts: padded(start_logits), ends: padded(end_logits) },
      ]),
    );
    const answers = predictAnswers({
      questions,
      features,
      vocabulary,
      logitsOf: (sample) => known.get(sample),
    });
    let checkedCount = 0;
    for (const [index, { id }] of questions.entries()) {
      const first = features.questionIndices.indexOf(index);
      const last = features.questionIndices.lastIndexOf(index);
      const windows = Array.from({ length: last - first + 1 }, (_unused, i) => first + i);
      if (!windows.every((sample) => known.has(sample))) continue;
      expect(answers[index]).toBe(published.get(id));
      checkedCount++;
    }
    expect(checkedCount).toBe(17);
  });
});

describe('the answer', () => {
  const digits = Array.from({ length: 40 }, (_unused, i) => `${i % 10}`).join(' ');
  /** Twenty neighbouring tokens with the logit 10. */
  const peaksFrom = (first: number) =>
    Object.fromEntries(Array.from({ length: 20 }, (_unused, i) => [first + i, 10]));
  const text = 'Ada built the tall white tower in Paris.';

  it('is the span with the greatest sum of logits', () => {
    const peaks = { starts: { 0: 5, 2: 4 }, ends: { 1: 1, 4: 3 } };
    // 0 … 4 has 8, 2 … 4 has 7, 0 … 1 has 6.
    expect(answer(text, [peaks])).toBe('Ada built the tall white');
  });

  it('takes the lower start, then the lower end, on ties', () => {
    expect(answer(text, [{ starts: { 1: 5, 3: 5 }, ends: { 5: 2, 4: 2 } }])).toBe('built the tall white');
  });

  it('takes the better ranked start where sums tie', () => {
    expect(answer(text, [{ starts: { 1: 4, 3: 6 }, ends: { 1: 5, 3: 3 } }])).toBe('tall');
  });

  it('never ends before it starts', () => {
    expect(answer(text, [{ starts: { 4: 9, 0: 1 }, ends: { 1: 9, 5: 2 } }])).toBe('white tower');
  });

  it('never lies in the question or on a special token', () => {
    const peaks = {
      starts: { [-2]: 50, [-1]: 50, [-3]: 50, 3: 1 },
      ends: { [-2]: 50, [-1]: 50, 4: 1, 9: 60 },
    };
    expect(answer(text, [peaks])).toBe('tall white');
  });

  it('has at most 30 tokens', () => {
    expect(answer(digits, [{ starts: { 2: 5 }, ends: { 31: 1, 32: 9 } }])).toBe(digits.slice(4, 4 + 59));
  });

  it('comes from the twenty best positions alone', () => {
    const starts = { 25: 99 };
    // The only end behind the start 25 ranks below twenty others, or above them.
    expect(answer(digits, [{ starts, ends: { ...peaksFrom(0), 26: 9 } }])).toBe('0');
    expect(answer(digits, [{ starts, ends: { ...peaksFrom(0), 26: 11 } }])).toBe('5 6');
  });

  it('is "empty" where no span is possible', () => {
    expect(answer(digits, [{ starts: peaksFrom(20), ends: peaksFrom(0) }])).toBe('empty');
    expect(answer(text, [undefined])).toBe('empty');
    expect(answer('  ', [])).toBe('empty');
  });

  it('may be cut from a word, but shows the text as it was written', () => {
    expect(answer("It was Steve Smith's.", [{ starts: { 2: 9 }, ends: { 3: 9 } }])).toBe('Steve Smith');
    expect(answer('At the CAFÉ, (Zoë)', [{ starts: { 2: 9 }, ends: { 2: 9 } }])).toBe('CAFÉ');
    expect(answer('At the CAFÉ, (Zoë)', [{ starts: { 5: 9 }, ends: { 5: 9 } }])).toBe('Zoë');
  });

  it('is the whole words where the two texts cannot be aligned', () => {
    // A no-break space splits tokens but not words.
    expect(answer('He ran 10\u00a0km.', [{ starts: { 2: 9 }, ends: { 2: 9 } }])).toBe('10\u00a0km.');
  });

  it('has single blanks between words, whatever the passage has', () => {
    expect(answer('Ada \n Quill\u202frests', [{ starts: { 0: 9 }, ends: { 2: 9 } }])).toMatch(/^Ada Quill/u);
  });
});

describe('windows of one passage', () => {
  const short = { maxSequenceLength: 7, docStride: 1, maxQueryLength: 1 };
  // Passage tokens a b c d e; windows abc, bcd, cde; max context: a b | c | d e.
  const text = 'a b c d e';

  it('compete by their logits', () => {
    const samples = [{ starts: { 0: 1 }, ends: { 0: 1 } }, { starts: { 1: 3 }, ends: { 1: 3 } }, {}];
    expect(answer(text, samples, short)).toBe('c');
  });

  it('give the earlier one the tie', () => {
    const same = 2;
    const samples = [
      { starts: { 1: same }, ends: { 1: same } },
      { starts: { 1: same }, ends: { 1: same } },
      {},
    ];
    expect(answer(text, samples, short)).toBe('b');
  });

  it('may start an answer only where they show the token with most context', () => {
    const samples = [{}, { starts: { 0: 50, 1: 1 }, ends: { 2: 5 } }, {}];
    expect(answer(text, samples, short)).toBe('c d');
  });

  it('are left out where they were never answered', () => {
    expect(answer(text, [undefined, undefined, { starts: { 1: 1 }, ends: { 2: 1 } }], short)).toBe('d e');
  });
});

describe('projecting tokens on the text', () => {
  it('agrees with the reference code on texts full of odd characters', () => {
    for (const { text, tokenText, projected } of readReferenceTexts()) {
      const words = text
        .split(/[ \t\r\n\u202f]/u)
        .filter((word) => word !== '')
        .join(' ');
      expect(projectAnswer(tokenText, words), JSON.stringify([text, tokenText])).toBe(projected);
    }
  });

  it.each([
    ['the part that the tokens stand for', 'steve smith', "Steve Smith's", 'Steve Smith'],
    ['characters, not UTF-16 units', 'b', '\u{1f600}b\u{1f600}', 'b'],
    ['all words where the tokens are not found', '[UNK]', 'Übung macht', 'Übung macht'],
    ['all words where lengths differ', 'x', '가x', '가x'],
    ['all words for no tokens', '', 'some words', 'some words'],
  ])('gives %s', (_promise, tokens, words, projected) => {
    expect(projectAnswer(tokens, words)).toBe(projected);
  });
});

describe('the best positions', () => {
  it.each([
    ['greatest first', [1, 5, 3, 4], [1, 3, 2]],
    ['the lower position on ties', [2, 7, 7, 2, 7, 7], [1, 2, 4]],
    ['all of a short list', [1, 2], [1, 0]],
  ])('are %s', (_promise, values, positions) => {
    expect(bestPositions(Float64Array.from(values), 3)).toEqual(positions);
  });

  it('are those of a stable sort', () => {
    const values = Float64Array.from({ length: 384 }, (_unused, i) => ((i * 7919) % 61) - 30);
    const sorted = [...values.keys()].sort((a, b) => values[b]! - values[a]!).slice(0, 20);
    expect(bestPositions(values, 20)).toEqual(sorted);
  });
});
