import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { promptForQuestions } from '../../../harness/ask/prompt.js';

/** What is asked and printed when these lines are typed. */
async function typed(passage: string | undefined, ...lines: readonly string[]) {
  const input = new PassThrough();
  const output = new PassThrough();
  const asked: string[] = [];
  input.end(`${lines.join('\n')}\n`);
  await promptForQuestions({
    input,
    output,
    isTerminal: false,
    passage,
    answer: (context, question) => {
      asked.push(`${context} | ${question}`);
      return Promise.resolve('an answer\n');
    },
  });
  output.end();
  return { asked, printed: await text(output) };
}

it('asks for the passage first where none is given', async () => {
  const { asked, printed } = await typed(undefined, 'The text.', 'Who?');
  expect(asked).toEqual(['The text. | Who?']);
  expect(printed).toMatch(/Passage: .*Question: .*an answer/su);
});

it('ends at exit or quit, and passes over empty lines', async () => {
  expect((await typed('P', '', 'Who?', 'quit', 'When?')).asked).toEqual(['P | Who?']);
  expect((await typed('P', 'exit', 'When?')).asked).toEqual([]);
});

it('takes another passage by :passage', async () => {
  expect((await typed('P', ':passage New text.', 'Who?')).asked).toEqual(['New text. | Who?']);
  expect((await typed('P', ':passage', 'Typed text.', 'Who?')).asked).toEqual(['Typed text. | Who?']);
});
