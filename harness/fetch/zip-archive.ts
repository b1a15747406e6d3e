// Zip archives, read by yauzl. The directory at the end is checked whole before a byte is written.

import { crc32 } from 'node:zlib';
import { getFileNameLowLevel, openPromise, type Entry } from 'yauzl';
import { ConfigError } from '../../configs/errors.js';
import { quoted } from '../../configs/explain-issue.js';
import type { ArchiveEntry, EntryRules } from './entry-rules.js';
import type { WriteEntry } from './unpack.js';

const fileTypes: Readonly<Record<number, string>> = {
  0o120000: 'a symbolic link',
  0o020000: 'a character device',
  0o060000: 'a block device',
  0o010000: 'a pipe',
  0o140000: 'a socket',
};

/** Unpacks a zip. @throws {ConfigError} for damage, and for every entry that the rules refuse. */
export async function unpackZip(archive: string, rules: EntryRules, write: WriteEntry): Promise<void> {
  const entries: { readonly entry: Entry; readonly described: ArchiveEntry; readonly path: string }[] = [];
  const zip = await openPromise(archive, {
    autoClose: false,
    lazyEntries: true,
    validateEntrySizes: true,
    decodeStrings: false, // names come as they are: our own rules look at them, and say which they refuse
  });
  try {
    for await (const entry of zip.eachEntry()) {
      const described = describe(entry);
      const path = rules.accept(described);
      if (described.kind === 'file') entries.push({ entry, described, path });
    }
    for (const { entry, described, path } of entries) {
      if (entry.isEncrypted()) {
        throw new ConfigError(
          `${archive}: entry ${quoted(described.name)} is encrypted; unpack it by hand and use --from FOLDER`,
        );
      }
      const stream = await zip.openReadStreamPromise(entry);
      await write(
        path,
        described,
        checked(`${archive}: entry ${quoted(described.name)}`, entry.crc32, stream),
      );
    }
  } finally {
    zip.close();
  }
}

function describe(entry: Entry): ArchiveEntry {
  const { uncompressedSize, externalFileAttributes, versionMadeBy } = entry;
  const fileName = getFileNameLowLevel(
    entry.generalPurposeBitFlag,
    entry.fileNameRaw,
    entry.extraFields,
    true,
  );
  const isUnix = versionMadeBy >>> 8 === 3;
  const type = isUnix ? (externalFileAttributes >>> 16) & 0o170000 : 0;
  const isFolder = fileName.endsWith('/') || type === 0o040000;
  const isPlain = type === 0 || type === 0o100000;
  return {
    name: fileName,
    kind: isFolder ? 'directory' : isPlain ? 'file' : 'other',
    what: fileTypes[type] ?? 'of an unknown kind',
    bytes: uncompressedSize,
  };
}

async function* checked(
  what: string,
  expectedCrc32: number,
  stream: AsyncIterable<unknown>,
): AsyncGenerator<Uint8Array> {
  let sum = 0;
  for await (const chunk of stream) {
    sum = crc32(chunk as Uint8Array, sum);
    yield chunk as Uint8Array;
  }
  if (sum !== expectedCrc32) {
    throw new ConfigError(
      `${what} is damaged (CRC-32 ${hex(sum)}, not ${hex(expectedCrc32)}). Load it again.`,
    );
  }
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');
