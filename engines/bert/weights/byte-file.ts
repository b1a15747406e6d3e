// A file read in pieces at given places, so that large weights are never held whole.

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { ConfigError, SetupError } from '../../../configs/errors.js';

export interface ByteFile extends Disposable {
  readonly path: string;
  readonly sizeBytes: number;
  /**
   * `length` bytes from byte `from`, in a buffer of their own.
   *
   * @throws {ConfigError} when the file ends earlier.
   */
  read(from: number, length: number): Uint8Array;
}

/** @throws {SetupError} when the file cannot be opened. */
export function openByteFile(path: string): ByteFile {
  try {
    const fd = openSync(path, 'r');
    const sizeBytes = fstatSync(fd).size;
    return {
      path,
      sizeBytes,
      read: (from, length) => readExactly(fd, path, sizeBytes, from, length),
      [Symbol.dispose]: () => closeSync(fd),
    };
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function readExactly(fd: number, path: string, sizeBytes: number, from: number, length: number): Uint8Array {
  // Before the buffer is made: a damaged length must not ask for gigabytes.
  if (from < 0 || length < 0 || from + length > sizeBytes) {
    throw new ConfigError(
      `${path}: incomplete: bytes ${from} to ${from + length} are wanted, it has ${sizeBytes}. Copy or download it again.`,
    );
  }
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readOnce(fd, path, bytes.subarray(done), from + done);
    if (count === 0) throw new ConfigError(`${path}: became shorter while it was read`);
    done += count;
  }
  return bytes;
}

function readOnce(fd: number, path: string, into: Uint8Array, position: number): number {
  try {
    return readSync(fd, into, 0, into.length, position);
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function cannotRead(path: string, cause: unknown): SetupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SetupError(`cannot read ${path}: ${reason}`, { cause });
}

/**
 * SHA-256 in hex of a model: of its file, or where it has several, of the lines `<file name> <SHA-256 of the file>\n` sorted
 * by name.
 *
 * @throws {SetupError} when a file cannot be read.
 */
export function sha256OfFiles(paths: readonly string[]): string {
  const [only] = paths;
  if (paths.length === 1 && only !== undefined) return sha256OfFile(only);
  const lines = paths.map((path) => `${basename(path)} ${sha256OfFile(path)}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex');
}

function sha256OfFile(path: string): string {
  using file = openByteFile(path);
  const hash = createHash('sha256');
  const pieceBytes = 1 << 22;
  for (let at = 0; at < file.sizeBytes; at += pieceBytes) {
    hash.update(file.read(at, Math.min(pieceBytes, file.sizeBytes - at)));
  }
  return hash.digest('hex');
}
