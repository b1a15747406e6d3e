// A command of the program called in this process, with what it prints. The test restores its mocks.

import { vi } from 'vitest';

export interface Printed {
  readonly code: number;
  /** stdout */
  readonly text: string;
}

/** @param hear Gets what is said beside, on stderr, also of a call that throws. */
export async function callCommand(
  command: (argv: readonly string[]) => Promise<number>,
  argv: readonly string[],
  hear: (said: string) => void = () => undefined,
): Promise<Printed> {
  let text = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    hear(String(chunk));
    return true;
  });
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const code = await command(argv);
  return { code, text };
}
