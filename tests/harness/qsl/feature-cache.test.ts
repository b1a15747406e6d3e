import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { cacheFile, loadOrMakeFeatures, type FeatureKey } from '../../../harness/qsl/feature-cache.js';
import { makeFeatures, TOKENIZER_VERSION } from '../../../harness/qsl/features.js';
import { readSquad } from '../../../harness/qsl/squad.js';
import { readVocabulary } from '../../../harness/qsl/vocabulary.js';

const { questions, sha256: dataSha256 } = await readSquad('tests/fixtures/squad/small.json');
const vocabulary = await readVocabulary('data/models/minilm-qa/vocab.txt');
const lengths = { maxSequenceLength: 40, docStride: 8, maxQueryLength: 12 };
const key: FeatureKey = {
  ...lengths,
  dataSha256,
  vocabSha256: vocabulary.sha256,
  tokenizerVersion: TOKENIZER_VERSION,
};
const expected = makeFeatures(questions, vocabulary, lengths);

let cacheDir: string;
let lines: string[];
let madeCount: number;
beforeEach(() => {
  cacheDir = join(mkdtempSync(join(tmpdir(), 'loadrig-features-')), 'deep', 'cache');
  lines = [];
  madeCount = 0;
});
const load = (changes: Partial<FeatureKey> = {}) =>
  loadOrMakeFeatures({
    cacheDir,
    key: { ...key, ...changes },
    make: () => {
      madeCount++;
      return makeFeatures(questions, vocabulary, lengths);
    },
    report: (line) => lines.push(line),
  });

describe('cached features', () => {
  it('are made once, said so, and come back the same without a word', () => {
    const first = load();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('preprocessing the data set');
    const second = load();
    expect([first.fromCache, second.fromCache, madeCount]).toEqual([false, true, 1]);
    expect(second.features).toEqual(expected);
    expect(second.sha256).toBe(first.sha256);
    expect(lines).toHaveLength(1);
  });

  it('come back in shared memory', () => {
    load();
    expect(load().features.samples.tokenIds.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it.each([
    ['data', { dataSha256: 'other' }],
    ['vocabulary', { vocabSha256: 'other' }],
    ['tokenizer', { tokenizerVersion: TOKENIZER_VERSION + 1 }],
    ['max_seq_length', { maxSequenceLength: 41 }],
    ['doc_stride', { docStride: 9 }],
    ['max_query_length', { maxQueryLength: 13 }],
  ])('are not those of another %s', (_name, changes) => {
    load();
    expect(load(changes).fromCache).toBe(false);
    expect(lines).toHaveLength(2);
    expect(load().fromCache).toBe(true);
  });

  it.each([
    ['a changed byte in the arrays', (file: string) => changeByte(file, -1), /is damaged/u],
    ['a changed byte in the header', (file: string) => changeByte(file, 3), /is damaged \(its header/u],
    ['a missing end', (file: string) => truncateSync(file, readFileSync(file).length - 5), /is damaged/u],
    ['a header alone', (file: string) => truncateSync(file, 20), /is damaged/u],
    ['nothing inside', (file: string) => truncateSync(file, 0), /is damaged/u],
    ['text of another kind', (file: string) => writeFileSync(file, 'hello\nworld\n'), /is damaged/u],
    ['more at its end', (file: string) => writeFileSync(file, 'x', { flag: 'a' }), /is damaged/u],
  ])('are made again, saying so, when their file has %s', (_name, damage, message) => {
    const { sha256 } = load();
    damage(cacheFile(cacheDir, key));
    const again = load();
    expect(again).toMatchObject({ fromCache: false, sha256 });
    expect(again.features).toEqual(expected);
    expect(lines[1]).toMatch(message);
    expect(lines[1]).toContain(cacheFile(cacheDir, key));
    expect(load().fromCache).toBe(true);
  });

  it('are made again when a file of other features took their name', () => {
    load();
    const other = { ...key, docStride: 9 };
    writeFileSync(cacheFile(cacheDir, other), readFileSync(cacheFile(cacheDir, key)));
    expect(load({ docStride: 9 }).fromCache).toBe(false);
    expect(lines[1]).toMatch(/is stale/u);
  });

  it('replace a damaged file by a new one, so that whoever reads the old one never sees half of each', () => {
    load();
    const file = cacheFile(cacheDir, key);
    truncateSync(file, 30);
    const reader = openSync(file, 'r');
    load();
    expect(fstatSync(reader).size).toBe(30);
    closeSync(reader);
    expect(readdirSync(cacheDir)).toHaveLength(1);
  });

  it('are not disturbed by what an interrupted write left behind', () => {
    mkdirSync(cacheDir, { recursive: true });
    writeFileSync(`${cacheFile(cacheDir, key)}.123.tmp`, 'half');
    expect(load().fromCache).toBe(false);
    expect(load().fromCache).toBe(true);
  });

  it('are used but not kept, with a warning, where the folder cannot be made', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'loadrig-features-')), 'a-file');
    writeFileSync(file, '');
    cacheDir = join(file, 'cache');
    expect(load().features).toEqual(expected);
    expect(lines.at(-1)).toMatch(/not kept for the next run: .*a-file/u);
  });

  it('are used but not kept, with a warning, where the file cannot be written', () => {
    mkdirSync(cacheFile(cacheDir, key), { recursive: true });
    expect(load().features).toEqual(expected);
    expect(lines.at(-1)).toMatch(/not kept for the next run: cannot write/u);
  });

  it('have the content that TOKENIZER_VERSION stands for', () => {
    // If this hash changes, old caches are wrong: raise TOKENIZER_VERSION, then write both here.
    expect({ version: TOKENIZER_VERSION, sha256: load().sha256 }).toMatchInlineSnapshot(`
      {
        "sha256": "8c6f4a1e1b04f7470efcde5e6905809385c7c3846a263b04e89fede17a11eb02",
        "version": 1,
      }
    `);
  });
});

function changeByte(file: string, place: number): void {
  const bytes = readFileSync(file);
  const at = place < 0 ? bytes.length + place : place;
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(file, bytes);
}
