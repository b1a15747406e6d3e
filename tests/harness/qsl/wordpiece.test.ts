import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { basicTokenize } from '../../../harness/qsl/basic-tokenizer.js';
import { parseVocabulary } from '../../../harness/qsl/vocabulary.js';
import { createTokenizer } from '../../../harness/qsl/wordpiece.js';
import { readReferenceTexts } from './reference-text.js';

const tiny = parseVocabulary(
  new TextEncoder().encode(
    '[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\n##a\na\n##u\nu\n,\ncafe\n##s\n\u1100\n##\u1161\n',
  ),
  'tiny',
);
const piecesOf = (text: string) => createTokenizer(tiny)(text).ids.map((id) => tiny.pieces[id]);
const minilm = parseVocabulary(readFileSync('data/models/minilm-qa/vocab.txt'), 'vocab.txt');

describe('WordPiece', () => {
  it.each([
    ['takes the longest piece from the left', 'unaffable', ['un', '##aff', '##able']],
    ['gives up a whole word for one unknown part', 'unaffix a', ['[UNK]', 'a']],
    ['begins anew at punctuation', 'un,a', ['un', ',', 'a']],
    ['accepts words of 100 characters', 'a'.repeat(100), ['a', ...Array<string>(99).fill('##a')]],
    ['does not look at longer ones', 'a'.repeat(101), ['[UNK]']],
    ['has no piece for nothing', '', []],
  ])('%s', (_promise, text, pieces) => {
    expect(piecesOf(text)).toEqual(pieces);
  });

  it('counts characters, not UTF-16 units, against the limit of 100', () => {
    const vocabulary = parseVocabulary(
      new TextEncoder().encode('[UNK]\n[CLS]\n[SEP]\n\u{1f600}\n##\u{1f600}'),
      'v',
    );
    expect(createTokenizer(vocabulary)('\u{1f600}'.repeat(100)).ids).toHaveLength(100);
    expect(createTokenizer(vocabulary)('\u{1f600}'.repeat(101)).ids).toEqual([0]);
  });

  it('gives the ids of the reference code for texts full of odd characters', () => {
    const tokenize = createTokenizer(minilm);
    for (const { text, pieceIds } of readReferenceTexts()) {
      expect(tokenize(text).ids, JSON.stringify(text)).toEqual(pieceIds);
    }
  });

  it('gives a word that it has seen before its own offsets', () => {
    const tokenize = createTokenizer(tiny);
    expect(tokenize('una')).toEqual({ ids: [3, 6], starts: [0, 2], ends: [2, 3] });
    expect(tokenize('  UNA')).toEqual({ ids: [3, 6], starts: [2, 4], ends: [4, 5] });
  });

  it('places pieces by the text, where normalising changed the length', () => {
    const text = 'Cafe\u0301s 가';
    const { starts, ends } = createTokenizer(tiny)(text);
    expect(starts.map((start, i) => text.slice(start, ends[i]))).toEqual(['Cafe\u0301', 's', '가', '가']);
  });

  it('maps every piece back into any text, in order', () => {
    const tokenize = createTokenizer(minilm);
    const mixed = fc.string({
      unit: fc.oneof(
        fc.constantFrom(...Array.from('the cat Sat, 42.éÅ가中ßİ\u00ad\u0301\u00a0\u2028\u{1f600}')),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
    });
    fc.assert(
      fc.property(mixed, (text) => {
        const { ids, starts, ends } = tokenize(text);
        expect([starts.length, ends.length]).toEqual([ids.length, ids.length]);
        for (const [piece, start] of starts.entries()) {
          const end = ends[piece]!;
          expect(start).toBeGreaterThanOrEqual(starts[piece - 1] ?? 0);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(text.length);
          const own = minilm.pieces[ids[piece]!]!.replace(/^##/u, '');
          // What stands there normalises to the piece; a hangul syllable or an unknown word has more.
          const there = basicTokenize(text.slice(start, end))
            .map((token) => token.text)
            .join('');
          if (own !== '[UNK]') expect(there.replaceAll('ς', 'σ')).toContain(own.replaceAll('ς', 'σ'));
        }
      }),
      { seed: 2018, numRuns: 3000 },
    );
  });
});
