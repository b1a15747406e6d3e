import { describe, expect, it } from 'vitest';
import { parseSquadVersion } from '../../../harness/qsl/squad.js';

function parse(version: unknown, ...qas: readonly unknown[]) {
  const file = { version, data: [{ paragraphs: [{ context: 'Some text.', qas }] }] };
  return parseSquadVersion(new TextEncoder().encode(JSON.stringify(file)), 'my.json', ['1.1', '2.0']);
}

const answered = { id: 'a', question: 'What?', answers: [{ text: 'text' }] };
const impossible = { id: 'b', question: 'Why?', answers: [], is_impossible: true };

describe('the version of a SQuAD file', () => {
  it('is 2.0 when the file says so or holds a question to be impossible, otherwise 1.1', () => {
    expect(parse('v2.0', answered).version).toBe('2.0');
    expect(parse(undefined, answered, impossible).version).toBe('2.0');
    expect(parse('1.1', answered).version).toBe('1.1');
    expect(parse(undefined, { ...answered, is_impossible: false }).version).toBe('1.1');
  });

  it('decides whether a question may have no answer', () => {
    expect(parse('v2.0', answered, impossible).questions.map(({ answers }) => answers)).toEqual([
      ['text'],
      [],
    ]);
    expect(() => parse('1.1', { ...impossible, is_impossible: false })).toThrow(
      /without a reference answer: "b"/u,
    );
  });
});

it('an impossible question with answers is refused by its id', () => {
  expect(() => parse('v2.0', { ...answered, is_impossible: true })).toThrow(
    /1 question with is_impossible and reference answers at once: "a"/u,
  );
});
