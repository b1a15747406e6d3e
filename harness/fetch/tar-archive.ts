// Tar archives, plain or compressed by gzip, read by tar's parser as a stream: entries are checked as they come.

import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import type { ArchiveEntry, EntryRules } from './entry-rules.js';
import type { WriteEntry } from './unpack.js';

const plainTypes: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);
const otherTypes: Readonly<Record<string, string>> = {
  SymbolicLink: 'a symbolic link',
  Link: 'a hard link',
  CharacterDevice: 'a character device',
  BlockDevice: 'a block device',
  FIFO: 'a pipe',
};

/** Unpacks a tar. @throws {ConfigError} for every entry that the rules refuse; the parser's own errors for damage. */
export async function unpackTar(
  archive: string,
  isGzip: boolean,
  rules: EntryRules,
  write: WriteEntry,
): Promise<void> {
  const parser = new Parser({ strict: true });
  const failures: Error[] = [];
  const fail = (error: unknown): void => {
    failures.push(error instanceof Error ? error : new Error(String(error)));
  };
  const work: Promise<void>[] = [];
  let current: ReadEntry | undefined;
  const take = (entry: ReadEntry): void => {
    current = entry;
    const task = takeEntry(entry, rules, write).catch((error: unknown) => {
      fail(error);
      entry.resume(); // the parser waits for the end of each entry
    });
    work.push(task);
  };
  parser.on('entry', take);
  parser.on('ignoredEntry', take);
  parser.on('error', fail); // each of them: one chunk may hold several
  const ended = once(parser, 'end').catch(fail);

  const feed = async (chunks: AsyncIterable<unknown>): Promise<void> => {
    for await (const chunk of chunks) {
      if (failures.length > 0) return;
      if (!parser.write(chunk as Buffer)) await Promise.race([once(parser, 'drain').catch(fail), ended]);
    }
    if (failures.length > 0) return;
    parser.end();
    await ended;
  };
  const file = createReadStream(archive, { highWaterMark: 1 << 20 });
  // The parser could unzip by itself, but never ends where the gzip is cut short.
  await (isGzip ? pipeline(file, createGunzip(), feed) : pipeline(file, feed)).catch(fail);
  const [first] = failures;
  // An entry that will never end must not be waited for.
  if (first !== undefined) current?.destroy(first);
  await Promise.all(work);
  const [failure] = failures;
  if (failure !== undefined) throw failure;
}

async function takeEntry(entry: ReadEntry, rules: EntryRules, write: WriteEntry): Promise<void> {
  const described = describe(entry);
  const path = rules.accept(described);
  if (described.kind === 'file') await write(path, described, entry);
  else entry.resume();
}

function describe({ path, type, size }: ReadEntry): ArchiveEntry {
  const kind = plainTypes.has(type)
    ? 'file'
    : type === 'Directory' || type === 'GNUDumpDir'
      ? 'directory'
      : 'other';
  return { name: path, kind, what: otherTypes[type] ?? `of the kind ${type}`, bytes: size };
}
