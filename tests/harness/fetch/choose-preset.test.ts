// Which preset the words of the BERT demo's download script mean, and what is answered where there is none.

import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../configs/errors.js';
import { choosePreset, type WantedTraits } from '../../../harness/fetch/choose-preset.js';
import { presets } from '../../../harness/fetch/presets.js';

const choose = (words: string, traits: WantedTraits = {}) =>
  choosePreset(
    words.split(' ').filter((word) => word !== ''),
    traits,
  ).preset.name;
const refusal = (words: string, traits: WantedTraits = {}): string => {
  try {
    choose(words, traits);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error(`${words} was taken`);
};

test('every preset answers to its name', () => {
  for (const { name } of presets) expect(choose(name)).toBe(name);
});

test.each([
  ['model', 'tf-large-squad2-128'],
  ['large', 'tf-large-squad2-128'],
  ['tf', 'tf-large-squad2-128'],
  ['384', 'tf-large-squad2-384'],
  ['large 384 v1_1', 'tf-large-squad11-384'],
  ['base 128 v2', 'tf-base-squad2-128'],
  ['base v1_1', 'tf-base-squad11-128'],
  ['pyt v1_1', 'qat-onnx'],
  ['pyt int8-qat', 'qat-onnx'],
  ['onnx v1_1 large', 'qat-onnx'],
  ['squad', 'squad11-dev'],
  ['squad v2', 'squad2-dev'],
])('"%s" is %s, as in the script', (words, name) => {
  expect(choose(words)).toBe(name);
});

test('flags choose as words do, and both together', () => {
  expect(choose('', { framework: 'tf', size: 'base', seq: '384' })).toBe('tf-base-squad2-384');
  expect(choose('base', { squad: '1.1' })).toBe('tf-base-squad11-128');
  expect(choose('squad', { squad: '2.0', split: 'train' })).toBe('squad2-train');
});

test('others that fit are named', () => {
  expect(choosePreset(['tf', 'v1_1', '384'], {}).others).toContain('mlperf-tf');
  expect(choosePreset(['mlperf-tf'], {}).others).toEqual([]);
});

describe('what does not exist is answered with what does', () => {
  test.each([
    ['base 384 v1_1', /no published model is BERT-base, length 384, SQuAD 1\.1/],
    ['sparse', /no published model is sparse/],
    ['pyt base', /no published model is pyt, BERT-base/],
  ])('%s', (words, message) => {
    const said = refusal(words);
    expect(said).toMatch(message);
    for (const { name, kind } of presets) if (kind === 'model') expect(said).toContain(name);
  });

  test('a name that nothing has, with the nearest', () => {
    expect(refusal('mlperf-onx')).toMatch(/nothing is called "mlperf-onx"; did you mean "mlperf-onnx"\?/);
    expect(refusal('my-bert')).toContain('say where from: --from URL|FILE|FOLDER|ARCHIVE');
  });
});

test.each<[string, WantedTraits, RegExp]>([
  ['large tf fp32 128', {}, /"fp32" chooses nothing.*Use: loadrig fetch large tf 128$/],
  ['pyt megatron-large sparse', {}, /loadrig build --pickle FILE --config_dir FOLDER[\s\S]*qat-onnx/],
  ['base large', {}, /"large" contradicts "base": one size can be fetched at a time/],
  ['base', { size: 'large' }, /"base" contradicts "large"/],
  ['qat-onnx', { size: 'large' }, /"qat-onnx" names one preset; leave out --size/],
  ['qat-onnx 384', {}, /leave out 384/],
  ['', { split: 'train' }, /--split is for data/],
  ['squad large', {}, /chosen by --squad and --split alone; large/],
  ['squad', { isQat: true }, /--qat says nothing about it/],
])('"%s" %j is refused', (words, traits, message) => {
  expect(refusal(words, traits)).toMatch(message);
});

describe('the presets', () => {
  test('have addresses with https, names without folders, hashes of the right length', () => {
    for (const { files, licence } of presets) {
      expect(licence).toMatch(/\S/);
      for (const { url, name, bytes = 1, sha256 = '0'.repeat(64), md5 = '0'.repeat(32) } of files) {
        expect(new URL(url).protocol).toBe('https:');
        expect(name).toMatch(/^[\w.-]+$/);
        expect(bytes).toBeGreaterThan(0);
        expect(sha256).toMatch(/^[0-9a-f]{64}$/);
        expect(md5).toMatch(/^[0-9a-f]{32}$/);
      }
      expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
    }
  });
});
