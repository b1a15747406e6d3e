// What a call of the program leaves, and waiting for it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of a scenario of the only call in a log folder. */
export function runFolder(logDir: string, scenario: string): string {
  const [call = ''] = readdirSync(logDir);
  const [system = ''] = readdirSync(join(logDir, call)).filter((name) => !name.endsWith('.json'));
  const [benchmark = ''] = readdirSync(join(logDir, call, system));
  return join(logDir, call, system, benchmark, scenario);
}

export const readJson = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

/** Waits for something that another process does. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    try {
      if (isTrue()) return;
    } catch {
      // not there yet
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not happen within 30 s');
}
