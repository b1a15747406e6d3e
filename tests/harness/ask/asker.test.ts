import { describe, expect, it } from 'vitest';
import type { TokenizedSamples } from '../../../engines/contract.js';
import { createAsker } from '../../../harness/ask/asker.js';
import { readVocabulary } from '../../../harness/qsl/vocabulary.js';

const vocabulary = await readVocabulary('data/models/minilm-qa/vocab.txt');
const lengths = { maxSequenceLength: 24, docStride: 6, maxQueryLength: 8 };
const rules = { nBestSize: 20, maxAnswerLength: 5 };

/** Points at every `token`; remembers what it was given. */
function fakeEngine(token: string) {
  const calls: TokenizedSamples[] = [];
  const id = vocabulary.ids.get(token);
  return {
    calls,
    run: (samples: TokenizedSamples) => {
      calls.push(samples);
      const logits = Array.from({ length: samples.sampleCount }, (_unused, sample) => {
        const tokens = samples.tokenIds.subarray(samples.offsets[sample], samples.offsets[sample + 1]);
        return Float32Array.from(tokens, (each) => (each === id ? 5 : -5)).reduce(
          (all, value, place) => {
            all[2 * place] = value;
            all[2 * place + 1] = value;
            return all;
          },
          new Float32Array(2 * tokens.length),
        );
      });
      return Promise.resolve(logits);
    },
  };
}

/** Every reading is one millisecond later. */
function countingClock(): () => number {
  let ms = 0;
  return () => ms++;
}

describe('an asker', () => {
  const long = `${'stone '.repeat(40)}lighthouse ${'stone '.repeat(15)}`;

  it('finds an answer in any window of a long passage', async () => {
    const inference = fakeEngine('lighthouse');
    const asker = createAsker({ inference, vocabulary, lengths, batchSize: 1 });
    const { answers, sampleCount } = await asker.ask([{ question: 'where', context: long }], rules);
    expect(answers[0]!.answer).toBe('lighthouse');
    expect(sampleCount).toBeGreaterThan(3);
    expect(inference.calls).toHaveLength(sampleCount);
  });

  it('runs windows of equal length together, of any questions, and gives the same answers', async () => {
    const questions = ['where', 'why', 'stone'].map((question) => ({ question, context: long }));
    const [alone, together] = [fakeEngine('lighthouse'), fakeEngine('lighthouse')];
    const first = await createAsker({ inference: alone, vocabulary, lengths, batchSize: 1 }).ask(
      questions,
      rules,
    );
    const second = await createAsker({ inference: together, vocabulary, lengths, batchSize: 8 }).ask(
      questions,
      rules,
    );
    expect(second.answers).toEqual(first.answers);
    expect(together.calls.length).toBeLessThan(alone.calls.length / 3);
    for (const { sampleCount, offsets } of together.calls) {
      expect(sampleCount).toBeLessThanOrEqual(8);
      const sizes = Array.from({ length: sampleCount }, (_unused, i) => offsets[i + 1]! - offsets[i]!);
      expect(new Set(sizes).size).toBe(1);
    }
  });

  it('times its three stages apart', async () => {
    const inference = fakeEngine('lighthouse');
    const asker = createAsker({ inference, vocabulary, lengths, batchSize: 1, now: countingClock() });
    const { stages, inferences } = await asker.ask(
      [{ question: 'where', context: 'The lighthouse.' }],
      rules,
    );
    expect(stages).toEqual({ tokenize_ms: 2, inference_ms: 1, project_ms: 1 });
    expect(inferences).toEqual([{ sampleCount: 1, milliseconds: 1 }]);
  });

  it('gives every question its own times, and together they are the stages', async () => {
    const questions = [
      { question: 'where', context: long },
      { question: 'why', context: 'The lighthouse.' },
      { question: 'how', context: 'The lighthouse.' },
    ];
    const request = { inference: fakeEngine('x'), vocabulary, lengths, now: countingClock() };
    const alone = await createAsker({ ...request, batchSize: 1 }).ask(questions, rules);
    expect(alone.questionTimes.map(({ sampleCount }) => sampleCount)).toEqual([alone.sampleCount - 2, 1, 1]);
    for (const stage of ['tokenize_ms', 'inference_ms', 'project_ms'] as const) {
      const sum = alone.questionTimes.reduce((total, times) => total + times[stage], 0);
      expect(sum).toBe(alone.stages[stage]);
    }
    expect(alone.questionTimes[0]!.inference_ms).toBe(alone.sampleCount - 2);
    // Two questions of one length share a batch, and both wait for all of it.
    const { questionTimes, stages } = await createAsker({ ...request, batchSize: 2 }).ask(
      questions.slice(1),
      rules,
    );
    expect(questionTimes.map(({ inference_ms }) => inference_ms)).toEqual([1, 1]);
    expect(stages.inference_ms).toBe(1);
  });

  it('tells how many samples are done', async () => {
    const seen: string[] = [];
    const asker = createAsker({ inference: fakeEngine('x'), vocabulary, lengths, batchSize: 1 });
    await asker.ask(
      [
        { question: 'where', context: 'a b' },
        { question: 'why', context: 'c' },
      ],
      rules,
      (done, all) => seen.push(`${done}/${all}`),
    );
    expect(seen).toEqual(['1/2', '2/2']);
  });
});
