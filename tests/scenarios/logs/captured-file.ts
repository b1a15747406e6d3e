// A log file that keeps its bytes in memory, for tests of what the writers write.

import type { LogFile } from '../../../scenarios/logs/log-file.js';

export interface CapturedFile extends LogFile {
  /** Everything written so far. */
  text(): string;
  /** How many bytes had been flushed at the last flush. */
  flushedBytes(): number;
}

export function createCapturedFile(): CapturedFile {
  const pieces: Buffer[] = [];
  let flushed = 0;
  const bytes = (): Buffer => Buffer.concat(pieces);
  return {
    path: 'captured',
    write: (text) => void pieces.push(Buffer.from(text)),
    writeBytes: (given, length) => void pieces.push(Buffer.from(given.subarray(0, length))),
    flush: () => void (flushed = bytes().length),
    close: () => undefined,
    text: () => bytes().toString(),
    flushedBytes: () => flushed,
  };
}
