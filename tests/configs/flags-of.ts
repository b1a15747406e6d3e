// Flags as the command line would give them, for tests of resolving.

import { parseFlags } from '../../harness/flags.js';
import type { Flags } from '../../configs/schema.js';

/** The flags of a command line that is right. */
export function flagsOf(...argv: readonly string[]): Flags {
  const line = parseFlags(argv);
  if (line.kind !== 'run') throw new Error(`not a run: ${argv.join(' ')}`);
  return line.flags;
}
