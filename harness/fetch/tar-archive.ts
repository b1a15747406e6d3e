// Tar archives, plain or compressed by gzip, read by tar's parser as a stream: entries are checked as they come.

import { createReadStream } from 'node:fs';
import { once } from 'node:events';
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
export async function unpackTar(archive: string, rules: EntryRules, write: WriteEntry): Promise<void> {
  const parser = new Parser({ strict: true });
  let failure: Error | undefined;
  const fail = (error: unknown): void => {
    failure ??= error instanceof Error ? error : new Error(String(error));
  };
  const work: Promise<void>[] = [];
  const take = (entry: ReadEntry): void => {
    const task = takeEntry(entry, rules, write).catch((error: unknown) => {
      fail(error);
      entry.resume(); // the parser waits for the end of each entry
    });
    work.push(task);
  };
  parser.on('entry', take);
  parser.on('ignoredEntry', take);
  parser.on('error', fail);
  const ended = once(parser, 'end').catch(fail);

  for await (const chunk of createReadStream(archive, { highWaterMark: 1 << 20 })) {
    if (failure !== undefined) break;
    if (!parser.write(chunk as Buffer)) await Promise.race([once(parser, 'drain').catch(fail), ended]);
  }
  if (failure === undefined) {
    parser.end();
    await ended;
    await Promise.all(work);
  }

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
