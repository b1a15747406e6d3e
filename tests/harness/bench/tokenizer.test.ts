import { expect, it } from 'vitest';
import { compareTokenizers } from '../../../harness/bench/tokenizer.js';
import { readSquad } from '../../../harness/qsl/squad.js';
import { readVocabulary } from '../../../harness/qsl/vocabulary.js';

const vocabulary = await readVocabulary('data/models/minilm-qa/vocab.txt');

it('our ids are those of @huggingface/tokenizers for every question and passage of the default data set', async () => {
  const { questions } = await readSquad('data/squad/xquad.en.json');
  const texts = [...new Set(questions.flatMap(({ context, question }) => [context, question]))];
  const { ours, theirs, ratio } = compareTokenizers(texts, vocabulary);
  for (const { min } of [ours, theirs, ratio]) expect(min).toBeGreaterThan(0);
});

it('a text with different ids stops the comparison', () => {
  // Another id for a piece on our side alone: theirs reads `ids` whole, ours piece by piece.
  const shifted = { ...vocabulary, ids: Object.assign(new Map(vocabulary.ids), { get: () => 7 }) };
  expect(() => compareTokenizers(['the lighthouse'], shifted)).toThrow(/disagree on "the lighthouse"/u);
});
