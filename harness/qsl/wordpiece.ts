// BERT's WordPiece: each basic token becomes the longest vocabulary pieces from left to right. Follows
// WordpieceTokenizer of google-research/bert tokenization.py.

import { basicTokenize, type BasicToken } from './basic-tokenizer.js';
import type { Vocabulary } from './vocabulary.js';

/** Longer words (in characters) are [UNK] without a look into the vocabulary. */
const MAX_WORD_CHARACTERS = 100;

/** The pieces of a text, in order; all three have the same length. Offsets count UTF-16 units of the text. */
export interface TextPieces {
  readonly ids: readonly number[];
  readonly starts: readonly number[];
  /** One past the last character of each piece. */
  readonly ends: readonly number[];
}

/** Tokenizes with one vocabulary; remembers the words of several pieces that it has seen. */
export type Tokenizer = (text: string) => TextPieces;

export function createTokenizer(vocabulary: Vocabulary): Tokenizer {
  const seen = new Map<string, WordPieces>();
  return (text) => {
    const ids: number[] = [];
    const starts: number[] = [];
    const ends: number[] = [];
    for (const token of basicTokenize(text)) {
      const wholeId = vocabulary.ids.get(token.text);
      if (wholeId !== undefined) {
        ids.push(wholeId);
        starts.push(startOf(token, 0));
        ends.push(endOf(token, token.text.length));
        continue;
      }
      let pieces = seen.get(token.text);
      if (pieces === undefined) {
        pieces = splitWord(token.text, vocabulary);
        seen.set(token.text, pieces);
      }
      let from = 0;
      for (let piece = 0; piece < pieces.ids.length; piece++) {
        const to = pieces.ends[piece]!;
        ids.push(pieces.ids[piece]!);
        starts.push(startOf(token, from));
        ends.push(endOf(token, to));
        from = to;
      }
    }
    return { ids, starts, ends };
  };
}

/** A token's own place counts for its first unit. */
const startOf = (token: BasicToken, unit: number) =>
  unit === 0 ? token.start : (token.units?.starts[unit] ?? token.start + unit);
const endOf = (token: BasicToken, unit: number) => token.units?.ends[unit - 1] ?? token.start + unit;

interface WordPieces {
  readonly ids: readonly number[];
  /** One past the last UTF-16 unit of each piece within the word. */
  readonly ends: readonly number[];
}

/** Greedy longest match; a word with any part outside the vocabulary is [UNK] as a whole. */
export function splitWord(word: string, vocabulary: Vocabulary): WordPieces {
  const unknown: WordPieces = { ids: [vocabulary.unknownId], ends: [word.length] };
  if (word.length > MAX_WORD_CHARACTERS && Array.from(word).length > MAX_WORD_CHARACTERS) return unknown;
  const ids: number[] = [];
  const ends: number[] = [];
  for (let from = 0; from < word.length;) {
    const prefix = from === 0 ? '' : '##';
    let to = word.length;
    let id: number | undefined;
    for (; to > from; to--) {
      id = vocabulary.ids.get(prefix + word.slice(from, to));
      if (id !== undefined) break;
    }
    if (id === undefined) return unknown;
    ids.push(id);
    ends.push(to);
    from = to;
  }
  return { ids, ends };
}
