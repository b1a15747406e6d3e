// Which entries of an archive are taken: plain files and folders below the target, each once, no larger than they say. Everything
// else ends the fetch and names the entry; nothing is written outside the target.

import { ConfigError } from '../../configs/errors.js';
import { quoted } from '../../configs/explain-issue.js';

export interface UnpackLimits {
  /** Most bytes of all files together. */
  readonly mostBytes: number;
  /** Most bytes of all files together as a multiple of the archive's own; small archives may have `alwaysBytes`. */
  readonly mostRatio: number;
  readonly alwaysBytes: number;
  readonly mostEntries: number;
}

/** Weights hardly shrink: a checkpoint that grows a hundredfold is a bomb. */
export const unpackLimits: UnpackLimits = {
  mostBytes: 64 * 2 ** 30,
  mostRatio: 100,
  alwaysBytes: 64 * 2 ** 20,
  mostEntries: 10_000,
};

export type EntryKind = 'file' | 'directory' | 'other';

export interface ArchiveEntry {
  readonly name: string;
  readonly kind: EntryKind;
  /** What it is where it is neither a file nor a folder: "a symbolic link". */
  readonly what: string;
  /** What its header says. */
  readonly bytes: number;
}

export interface EntryRules {
  /**
   * Checks an entry's header and gives its path below the target, with `/`.
   *
   * @throws {ConfigError}
   */
  readonly accept: (entry: ArchiveEntry) => string;
  /** Counts bytes that were really unpacked. @throws {ConfigError} above the limits. */
  readonly count: (entry: ArchiveEntry, bytes: number) => void;
}

/** Rules for one archive of `archiveBytes`. */
export function createEntryRules(
  archive: string,
  archiveBytes: number,
  { mostBytes, mostRatio, alwaysBytes, mostEntries }: UnpackLimits,
): EntryRules {
  const most = Math.min(mostBytes, Math.max(alwaysBytes, archiveBytes * mostRatio));
  const kinds = new Map<string, EntryKind>();
  let saidBytes = 0;
  let countedBytes = 0;
  const refuse = (entry: ArchiveEntry, why: string): never => {
    throw new ConfigError(
      `${archive}: entry ${quoted(entry.name)} ${why}. Nothing was taken from the archive.`,
    );
  };
  const checkTotal = (entry: ArchiveEntry, bytes: number): void => {
    if (bytes <= most) return;
    refuse(
      entry,
      `brings the files to ${bytes} bytes; from an archive of ${archiveBytes} at most ${most} are taken`,
    );
  };
  return {
    accept(entry) {
      if (entry.kind === 'other') {
        refuse(entry, `is ${entry.what}; only plain files and folders are taken`);
      }
      const parts = partsOf(entry, refuse);
      const path = parts.join('/');
      // Disks that ignore case and the form of letters would write two names into one file.
      const key = path.normalize('NFC').toLowerCase();
      const known = kinds.get(key);
      if (known !== undefined && !(known === 'directory' && entry.kind === 'directory')) {
        refuse(entry, 'is there twice');
      }
      parts.slice(0, -1).forEach((_, depth) => {
        const above = parts
          .slice(0, depth + 1)
          .join('/')
          .normalize('NFC')
          .toLowerCase();
        if (kinds.get(above) === 'file') refuse(entry, `lies below ${quoted(above)}, which is a file`);
        kinds.set(above, 'directory');
      });
      kinds.set(key, entry.kind);
      if (kinds.size > mostEntries) refuse(entry, `is one of more than ${mostEntries} entries`);
      saidBytes += entry.kind === 'file' ? entry.bytes : 0;
      checkTotal(entry, saidBytes);
      return path;
    },
    count(entry, bytes) {
      countedBytes += bytes;
      checkTotal(entry, countedBytes);
    },
  };
}

function partsOf(
  entry: ArchiveEntry,
  refuse: (entry: ArchiveEntry, why: string) => never,
): readonly string[] {
  const { name } = entry;

  if (/[\u0000-\u001f\u007f\\]/.test(name))
    refuse(entry, 'has a backslash or a control character in its name');
  if (name.startsWith('/') || /^[a-zA-Z]:/.test(name)) refuse(entry, 'has an absolute path');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) refuse(entry, 'leads out of the target by ".."');
  if (parts.length === 0 && entry.kind === 'file') refuse(entry, 'has no name');
  if (parts.some((part) => Buffer.byteLength(part) > 255)) refuse(entry, 'has a name of more than 255 bytes');
  return parts;
}
