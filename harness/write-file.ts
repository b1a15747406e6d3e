// Files that must be whole or absent: written beside their place, then renamed into it.

import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { SetupError } from '../configs/errors.js';

/** Writes `content` to `path` in one step as others see it. @throws {SetupError} on a full disk or missing permission. */
export function writeWholeFile(path: string, content: string | Uint8Array): void {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, content);
    renameSync(beside, path);
  } catch (cause) {
    rmSync(beside, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(
      `cannot write ${path}: ${reason}. Free some space or mend the permissions, then run again.`,
      {
        cause,
      },
    );
  }
}

/** Pretty JSON with a final newline; bigint seeds become decimal strings. */
export function toJsonText(value: unknown): string {
  return `${JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), 2)}\n`;
}
