// An archive becomes files in a folder of ours; a folder that holds everything else is left out of the names.

import {
  createWriteStream,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  closeSync,
  renameSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ConfigError, SetupError } from '../../configs/errors.js';
import { diskError } from './disk-error.js';
import { createEntryRules, unpackLimits, type ArchiveEntry, type UnpackLimits } from './entry-rules.js';
import { unpackTar } from './tar-archive.js';
import { unpackZip } from './zip-archive.js';

/** Writes one accepted file. */
export type WriteEntry = (
  path: string,
  entry: ArchiveEntry,
  content: AsyncIterable<Uint8Array>,
) => Promise<void>;

export type ArchiveKind = 'zip' | 'tar' | 'tar.gz';

const archiveNames = /\.(zip|tar|tar\.gz|tgz)$/i;
const unreadNames = /\.(zst|tar\.xz|txz|xz|tar\.bz2|tbz2?|bz2|7z|rar|gz)$/i;

/** Whether a file's name says that it is an archive. @throws {ConfigError} for kinds that are not read. */
export function isArchiveName(name: string): boolean {
  if (archiveNames.test(name)) return true;
  if (!unreadNames.test(name)) return false;
  throw new ConfigError(
    `${name}: archives are read as .zip, .tar, .tar.gz or .tgz. Unpack it by hand and use --from FOLDER.`,
  );
}

/** What an archive is, by its first bytes; undefined of anything else. */
export function archiveKind(path: string): ArchiveKind | undefined {
  const head = Buffer.alloc(512);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, head, 0, 512, 0);
  } finally {
    closeSync(descriptor);
  }
  if (
    head.subarray(0, 4).equals(Buffer.from('PK\x03\x04')) ||
    head.subarray(0, 4).equals(Buffer.from('PK\x05\x06'))
  )
    return 'zip';
  if (head[0] === 0x1f && head[1] === 0x8b) return 'tar.gz';
  return head.toString('latin1', 257, 262) === 'ustar' ? 'tar' : undefined;
}

/**
 * Unpacks `archive` into `folder`, which must not hold anything yet and is the caller's to remove when this fails.
 *
 * @throws {ConfigError} naming the entry that is refused or damaged.
 * @throws {SetupError} when the disk is full or the folder may not be written.
 */
export async function unpackArchive(
  archive: string,
  folder: string,
  limits: UnpackLimits = unpackLimits,
): Promise<void> {
  const kind = archiveKind(archive);
  if (kind === undefined) {
    throw new ConfigError(
      `${archive}: neither a zip nor a tar archive (by its first bytes). Load it again, or unpack it by hand and use --from FOLDER.`,
    );
  }
  const rules = createEntryRules(archive, statSync(archive).size, limits);
  const write: WriteEntry = async (path, entry, content) => {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    await pipeline(
      content,
      (source) => counted(source, entry, rules.count),
      createWriteStream(target, { flags: 'wx' }),
    );
  };
  try {
    await (kind === 'zip'
      ? unpackZip(archive, rules, write)
      : unpackTar(archive, kind === 'tar.gz', rules, write));
  } catch (cause) {
    const error = diskError(folder, cause);
    if (error instanceof ConfigError || error instanceof SetupError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${archive}: damaged or not what its name says: ${reason}. Load it again.`, {
      cause,
    });
  }
  liftOnlyFolder(folder);
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  entry: ArchiveEntry,
  count: (entry: ArchiveEntry, bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    count(entry, chunk.length);
    yield chunk;
  }
}

/** Most archives hold one folder with everything in it. */
function liftOnlyFolder(folder: string): void {
  for (;;) {
    const [only, ...more] = readdirSync(folder, { withFileTypes: true });
    if (only === undefined || more.length > 0 || !only.isDirectory()) return;
    // Under another name first: the folder may hold an entry of its own name.
    const aside = join(folder, `.${only.name}.lifted`);
    renameSync(join(folder, only.name), aside);
    for (const name of readdirSync(aside)) renameSync(join(aside, name), join(folder, name));
    rmdirSync(aside);
  }
}
