// Is a file what was published? Both sizes or both hashes are said where it is not.

import { ConfigError } from '../../configs/errors.js';
import type { FileContent } from './file-content.js';
import type { ExpectedContent } from './presets.js';

/** The differences between what was published and what is there; none if they agree as far as is known. */
export function differences(expected: ExpectedContent, got: FileContent): readonly string[] {
  return [
    ...(expected.bytes === undefined || expected.bytes === got.bytes
      ? []
      : [`${got.bytes} bytes, not the ${expected.bytes} that were expected`]),
    ...(expected.sha256 === undefined || expected.sha256 === got.sha256
      ? []
      : [`SHA-256 ${got.sha256}, not the ${expected.sha256} that was expected`]),
    ...(expected.md5 === undefined || got.md5 === undefined || expected.md5 === got.md5
      ? []
      : [`MD5 ${got.md5}, not the ${expected.md5} that was expected`]),
  ];
}

/** @throws {ConfigError} with both hashes; `remedy` ends the message. */
export function checkContent(
  what: string,
  expected: ExpectedContent,
  got: FileContent,
  remedy: string,
): void {
  const found = differences(expected, got);
  if (found.length > 0) throw new ConfigError(`${what} has ${found.join(' and ')}. ${remedy}`);
}

/** How far a file could be checked, for people. */
export function checkedBy({ sha256, md5 }: ExpectedContent, got: FileContent): string {
  if (sha256 !== undefined) return `SHA-256 ${got.sha256}, as expected`;
  if (md5 !== undefined) return `MD5 as published, SHA-256 ${got.sha256}`;
  return `no published hash; got SHA-256 ${got.sha256}`;
}
