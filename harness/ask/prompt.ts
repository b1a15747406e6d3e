// The interactive prompt: one passage, any number of questions, with history.

import { createInterface } from 'node:readline/promises';

export interface PromptRequest {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Whether the line can be edited and has a history. */
  readonly isTerminal: boolean;
  /** Undefined: asked for first. */
  readonly passage: string | undefined;
  /** The answer as text. */
  readonly answer: (passage: string, question: string) => Promise<string>;
}

const HELP = 'Ask about the passage. `:passage TEXT` changes it; exit, quit or Ctrl-D ends.\n';
const PASSAGE = ':passage';

/** Asks until exit, quit or the end of the input. */
export async function promptForQuestions(request: PromptRequest): Promise<void> {
  const { input, output, isTerminal, answer } = request;
  let passage = request.passage ?? '';
  const lines = createInterface({ input, output, terminal: isTerminal, historySize: 1000 });
  let isOpen = true;
  lines.once('close', () => (isOpen = false));
  const ask = (): void => {
    const prompt = passage === '' ? 'Passage: ' : 'Question: ';
    lines.setPrompt(prompt);
    // Lines may still wait after the input has ended, and a closed readline refuses to prompt.
    if (isOpen) lines.prompt();
    else output.write(prompt);
  };
  try {
    output.write(HELP);
    ask();
    for await (const line of lines) {
      const text = line.trim();
      if (text === 'exit' || text === 'quit') return;
      if (text === PASSAGE || text.startsWith(`${PASSAGE} `)) passage = text.slice(PASSAGE.length).trim();
      else if (text !== '' && passage === '') passage = text;
      else if (text !== '') output.write(await answer(passage, text));
      ask();
    }
  } finally {
    lines.close();
  }
}
