// Our tokenizer beside @huggingface/tokenizers, the pure-JavaScript one, on the same text: speed, once the ids are equal.

import { Tokenizer } from '@huggingface/tokenizers';
import { createTokenizer } from '../qsl/wordpiece.js';
import type { Vocabulary } from '../qsl/vocabulary.js';
import { spread } from './table.js';

interface PlainTokenizer {
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: readonly number[] };
}

// The package's own types import files by aliases that do not resolve outside of it.
const TheirTokenizer = Tokenizer as unknown as new (settings: object, options: object) => PlainTokenizer;

export interface TokenizerComparison {
  readonly name: string;
  /** Median of the rounds, in texts per second. */
  readonly ours: number;
  readonly theirs: number;
  /** Median of ours over theirs, round by round. */
  readonly ratio: number;
}

/** Every round tokenizes all texts with a new tokenizer of each kind; who begins alternates. */
const ROUNDS = 7;

/** @throws {Error} when the two give different ids for a text. */
export function compareTokenizers(texts: readonly string[], vocabulary: Vocabulary): TokenizerComparison {
  const settings = bertSettings(vocabulary);
  const makers = {
    ours: () => {
      const tokenize = createTokenizer(vocabulary);
      return (text: string): readonly number[] => tokenize(text).ids;
    },
    theirs: () => {
      const tokenizer = new TheirTokenizer(settings, {});
      return (text: string): readonly number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
    },
  };
  const [ours, theirs] = [makers.ours(), makers.theirs()];
  for (const text of texts) {
    if (ours(text).join(' ') !== theirs(text).join(' '))
      throw new Error(`the tokenizers disagree on ${JSON.stringify(text.slice(0, 200))}`);
  }
  const rates = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const);
    for (const name of order) {
      const tokenize = makers[name]();
      const startMs = performance.now();
      for (const text of texts) tokenize(text);
      rates[name].push((texts.length * 1000) / (performance.now() - startMs));
    }
  }
  return {
    name: 'tokenizer, texts/s: ours ÷ @huggingface/tokenizers',
    ours: spread(rates.ours).median,
    theirs: spread(rates.theirs).median,
    ratio: spread(rates.ours.map((rate, round) => rate / rates.theirs[round]!)).median,
  };
}

/** What a tokenizer.json of an uncased BERT says. */
function bertSettings({ ids }: Vocabulary): object {
  return {
    version: '1.0',
    added_tokens: [],
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
  };
}
