import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, SetupError } from '../../../configs/errors.js';
import { parseSquad, readSquad } from '../../../harness/qsl/squad.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const parse = (value: unknown) => parseSquad(bytesOf(JSON.stringify(value)), 'my.json');
const dataOf = (...qas: readonly unknown[]) => ({ data: [{ paragraphs: [{ context: 'Some text.', qas }] }] });
const question = (id: string, ...answers: readonly string[]) => ({
  id,
  question: 'What?',
  answers: answers.map((text) => ({ text, answer_start: 0 })),
});

describe('a SQuAD v1.1 file', () => {
  it('becomes its questions in file order, each with its context and all its answers', async () => {
    const { questions } = await readSquad('tests/fixtures/squad/small.json');
    expect(questions.map(({ id }) => id)).toEqual([
      'harbour-opened',
      'lighthouse-builder',
      '7',
      'clock-owner',
      '3',
    ]);
    expect(questions[1]).toEqual({
      id: 'lighthouse-builder',
      question: 'Who built the lighthouse?',
      context: questions[0]!.context,
      answers: ['Ada Quill', 'Quill'],
    });
  });

  it('is hashed as its bytes are on disk', async () => {
    const { questions, sha256 } = await readSquad('data/squad/xquad.en.json');
    expect(questions).toHaveLength(1190);
    expect(sha256).toBe('e4c57d1c9143aaa1c5d265ba5987a65f4e69528d2a98f29d6e75019b10344f29');
  });

  it('may have keys that nobody reads and a byte order mark', () => {
    const extra = { version: '1.1', ...dataOf({ ...question('q', 'text'), is_impossible: false }) };
    expect(parseSquad(bytesOf(`\ufeff${JSON.stringify(extra)}`), 'my.json')).toHaveLength(1);
  });
});

describe('a data set that cannot be used', () => {
  it('is a setup error when there is no such file, and names the flag', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'loadrig-squad-')), 'missing.json');
    await expect(readSquad(file)).rejects.toThrow(SetupError);
    await expect(readSquad(file)).rejects.toThrow(/missing\.json.*--data=FILE/su);
  });

  it('is a setup error when the name is a folder', async () => {
    await expect(readSquad(tmpdir())).rejects.toThrow(SetupError);
  });

  it.each([
    ['an empty file', '', /my\.json: the file is empty/u],
    ['text that is not JSON', '{"data": [', /my\.json: not JSON/u],
    ['JSON of another form', '[1, 2]', /not SQuAD v1\.1.*expected object/su],
    ['a misspelled key', '{"dato": []}', /not SQuAD v1\.1.*at data/su],
    ['no paragraphs at all', '{"data": []}', /without a single question/u],
    ['paragraphs without questions', JSON.stringify(dataOf()), /without a single question/u],
  ])('is a config error for %s', (_name, text, message) => {
    expect(() => parseSquad(bytesOf(text), 'my.json')).toThrow(ConfigError);
    expect(() => parseSquad(bytesOf(text), 'my.json')).toThrow(message);
  });

  it('is a config error for bytes that are not UTF-8', () => {
    expect(() => parseSquad(Uint8Array.of(0x22, 0xff, 0x22), 'my.json')).toThrow(/not JSON in UTF-8/u);
  });

  it('names the place of the first mistakes and counts the rest', () => {
    const qas = Array.from({ length: 9 }, () => ({ id: 4, question: 'What?', answers: [] }));
    expect(() => parse(dataOf(...qas))).toThrow(/at data\[0\]\.paragraphs\[0\]\.qas\[0\]\.id.*and 4 more/su);
  });

  it('names each question without answers by its id', () => {
    const unanswered = () => parse(dataOf(question('good', 'text'), question('bad-1'), question('bad-2')));
    expect(unanswered).toThrow(ConfigError);
    expect(unanswered).toThrow(/2 questions without a reference answer: "bad-1", "bad-2"/u);
  });

  it('names each question id that is used more than once', () => {
    const repeated = () => parse(dataOf(question('a', 'x'), question('b', 'x'), question('a', 'y')));
    expect(repeated).toThrow(ConfigError);
    expect(repeated).toThrow(/1 question id used more than once: "a"/u);
  });

  it('tells all of its mistakes at once, and not endless lists of them', () => {
    const qas = Array.from({ length: 8 }, () => question('same'));
    expect(() => parse(dataOf(...qas))).toThrow(/8 questions.*and 3 more.*\n.*more than once: "same"/su);
  });
});
