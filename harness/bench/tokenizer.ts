// Our tokenizer beside @huggingface/tokenizers, the pure-JavaScript one, on the same text: speed, once the ids are equal.

import { Tokenizer } from '@huggingface/tokenizers';
import { join } from 'node:path';
import { readSquad } from '../qsl/squad.js';
import { readVocabulary, type Vocabulary } from '../qsl/vocabulary.js';
import { createTokenizer } from '../qsl/wordpiece.js';
import { BENCH_DATA, BENCH_MODEL } from './default-engine.js';
import { ratios, spread, type BenchRow, type Spread } from './table.js';

interface PlainTokenizer {
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: readonly number[] };
}

// The package's own types import files by aliases that do not resolve outside of it.
const TheirTokenizer = Tokenizer as unknown as new (settings: object, options: object) => PlainTokenizer;

export interface TokenizerComparison {
  /** Texts per second. */
  readonly ours: Spread;
  readonly theirs: Spread;
  /** Ours over theirs, round by round. */
  readonly ratio: Spread;
}

/** Every round tokenizes all texts with a new tokenizer of each kind; who begins alternates. */
const ROUNDS = 7;

/** Every question and passage of the default data set, by both. */
export async function benchTokenizer(say: (line: string) => void): Promise<readonly BenchRow[]> {
  say('text: our tokenizer and @huggingface/tokenizers');
  const { questions } = await readSquad(BENCH_DATA);
  const texts = [...new Set(questions.flatMap(({ context, question }) => [context, question]))];
  const { ours, theirs, ratio } = compareTokenizers(
    texts,
    await readVocabulary(join(BENCH_MODEL, 'vocab.txt')),
  );
  const what = `${texts.length} texts, equal ids`;
  return [
    { what: `${what}: our tokenizer`, unit: 'texts/s', ...ours, aim: '', context: '' },
    { what: `${what}: @huggingface/tokenizers`, unit: 'texts/s', ...theirs, aim: '', context: '' },
    { what: 'ours over theirs', unit: '×', ...ratio, aim: '≥ 3', context: '' },
  ];
}

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
    ours: spread(rates.ours),
    theirs: spread(rates.theirs),
    ratio: spread(ratios(rates.ours, rates.theirs)),
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
