// One log file: text gathered in a fixed buffer, written synchronously, so that what was logged survives a crash.

import { closeSync, openSync, writeSync } from 'node:fs';
import { SetupError } from '../../configs/errors.js';

/** The write(2) of Node; tests give one that fails. */
export type WriteSync = (fd: number, bytes: Uint8Array, offset: number, length: number) => number;

const BUFFER_BYTES = 1 << 16;

export interface LogFile {
  readonly path: string;
  /** Appends text as UTF-8. */
  write(text: string): void;
  /** Appends ASCII bytes as they are; at most 64 KiB at once. */
  writeBytes(bytes: Uint8Array, length: number): void;
  /** Everything written so far is with the operating system afterwards. @throws {SetupError} on a full disk. */
  flush(): void;
  close(): void;
}

/**
 * Creates (or empties) a log file.
 *
 * @throws {SetupError} when it cannot be created. The methods throw it at the first write that fails and drop what
 * comes after, so that the file ends where the disk did.
 */
export function openLogFile(path: string, write: WriteSync = writeSync): LogFile {
  let fd: number;
  try {
    fd = openSync(path, 'w');
  } catch (cause) {
    throw new SetupError(
      `cannot create ${path}: ${reasonOf(cause)}. Its folder must exist and be writable.`,
      { cause },
    );
  }
  const buffer = Buffer.alloc(BUFFER_BYTES);
  let used = 0;

  let hasFailed = false;

  const flush = (): void => {
    const length = used;
    used = 0;
    // Told once; whoever closes the file afterwards needs no second error for the same disk.
    if (hasFailed) return;
    try {
      for (let written = 0; written < length;) {
        const count = write(fd, buffer, written, length - written);
        if (count === 0) throw new Error('the system took none of the bytes');
        written += count;
      }
    } catch (cause) {
      hasFailed = true;
      throw new SetupError(
        `cannot write ${path}: ${reasonOf(cause)}. What was written so far is kept; make room and run again.`,
        { cause },
      );
    }
  };

  return {
    path,
    flush,
    write(text) {
      // A UTF-16 unit takes at most three bytes of UTF-8.
      if (text.length * 3 <= BUFFER_BYTES) {
        if (used + text.length * 3 > BUFFER_BYTES) flush();
        used += buffer.write(text, used);
        return;
      }
      const bytes = Buffer.from(text);
      for (let from = 0; from < bytes.length; from += BUFFER_BYTES) {
        flush();
        used = bytes.copy(buffer, 0, from, Math.min(bytes.length, from + BUFFER_BYTES));
      }
    },
    writeBytes(bytes, length) {
      if (used + length > BUFFER_BYTES) flush();
      buffer.set(length === bytes.length ? bytes : bytes.subarray(0, length), used);
      used += length;
    },
    close() {
      try {
        flush();
      } finally {
        closeSync(fd);
      }
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
