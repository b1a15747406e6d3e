import { describe, expect, it } from 'vitest';
import { ConfigError, SetupError } from '../../../configs/errors.js';
import { parseVocabulary, readVocabulary } from '../../../harness/qsl/vocabulary.js';

const parse = (text: string) => parseVocabulary(new TextEncoder().encode(text), 'vocab.txt');

describe('a vocabulary', () => {
  it('numbers its lines from 0', async () => {
    const vocabulary = await readVocabulary('data/models/minilm-qa/vocab.txt');
    expect(vocabulary.pieces).toHaveLength(30_522);
    expect(vocabulary.ids.get('the')).toBe(1996);
    expect(vocabulary.pieces[1996]).toBe('the');
    expect(vocabulary).toMatchObject({ clsId: 101, sepId: 102, unknownId: 100 });
    expect(vocabulary.sha256).toBe('07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3');
  });

  it('is the same with Windows line ends and without a final one', () => {
    expect(parse('[UNK]\r\n[CLS]\r\n[SEP]\r\na').pieces).toEqual(['[UNK]', '[CLS]', '[SEP]', 'a']);
  });

  it('keeps its numbering over an empty line', () => {
    expect(parse('[UNK]\n\n[CLS]\n[SEP]\n').clsId).toBe(2);
  });

  it('without its special pieces is a config error that names them', () => {
    expect(() => parse('[CLS]\nword\n')).toThrow(ConfigError);
    expect(() => parse('[CLS]\nword\n')).toThrow(/vocab\.txt: \[SEP\], \[UNK\] missing among its 2 lines/u);
  });

  it('that cannot be read is a setup error', async () => {
    await expect(readVocabulary('tests/no-such-folder/vocab.txt')).rejects.toThrow(SetupError);
  });
});
