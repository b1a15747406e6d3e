import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { basicTokenize } from '../../../harness/qsl/basic-tokenizer.js';
import { readReferenceTexts } from './reference-text.js';

const wordsOf = (text: string) => basicTokenize(text).map((token) => token.text);

describe('the basic tokenizer', () => {
  it.each([
    ['lower-cases and splits at punctuation', 'Hello, World!', ['hello', ',', 'world', '!']],
    ['splits at each character of a run', "U.S.'s", ['u', '.', 's', '.', "'", 's']],
    ['counts ASCII symbols as punctuation', '$5+6=^x^', ['$', '5', '+', '6', '=', '^', 'x', '^']],
    ['does not count other symbols', '€5 ±2 6½', ['€5', '±2', '6½']],
    ['drops accents, composed or not', 'CAFÉ cafe\u0301', ['cafe', 'cafe']],
    ['spaces CJK ideographs', '中文abc字', ['中', '文', 'abc', '字']],
    ['decomposes hangul without spacing it', '가', ['\u1100\u1161']],
    ['drops control and format characters', 'x\u00ady\u200bz\u0000\ufffd!', ['xyz', '!']],
    ['splits at Unicode blanks', 'a\u00a0b\u202fc\u3000d', ['a', 'b', 'c', 'd']],
    ['splits at line and paragraph separators', 'a\u2028b\u2029c', ['a', 'b', 'c']],
    ['joins over controls that JavaScript takes for blanks', 'a\vb\fc\ufeffd', ['abcd']],
    ['knows the final sigma', 'ΟΔΟΣ', ['οδος']],
    ['finds nothing in blanks', ' \t\r\n ', []],
  ])('%s', (_promise, text, tokens) => {
    expect(wordsOf(text)).toEqual(tokens);
  });

  it('agrees with the reference code on texts full of odd characters', () => {
    for (const { text, basicTokens } of readReferenceTexts()) {
      expect(wordsOf(text), JSON.stringify(text)).toEqual(basicTokens);
    }
  });

  it('says where each token stands, in UTF-16 units, with what was dropped behind it', () => {
    const text = '\u{1f600} Cafe\u0301s, x\u00ad';
    const places = basicTokenize(text).map(({ start, end }) => text.slice(start, end));
    expect(places).toEqual(['\u{1f600}', 'Cafe\u0301s', ',', 'x\u00ad']);
  });

  it('keeps tokens in order, apart and inside any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        let behind = 0;
        for (const { text: normal, start, end } of basicTokenize(text)) {
          expect(normal).not.toBe('');
          expect(start).toBeGreaterThanOrEqual(behind);
          expect(end).toBeGreaterThan(start);
          behind = end;
        }
        expect(behind).toBeLessThanOrEqual(text.length);
      }),
      { seed: 2018, numRuns: 2000 },
    );
  });
});
