// One item becomes a whole, checked file: downloaded, or taken from this machine (a mirror in place of the network).

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../../configs/errors.js';
import { download, type DownloadTools } from './download.js';
import { checkContent, checkedBy } from './expected-content.js';
import { createRunningHash, hashFile, type FileContent } from './file-content.js';
import { findInMirror } from './offline-mirror.js';
import type { FetchItem } from './sources.js';

export interface ObtainOptions {
  /** Folder of unfinished and finished downloads. */
  readonly downloads: string;
  /** Name of the preset, for its folder in a mirror. */
  readonly preset: string | undefined;
  /** A mirror: then no socket is opened. */
  readonly offline: string | undefined;
  readonly tools: Omit<DownloadTools, 'progress'>;
  /** Shows how far one download is. */
  readonly startProgress: (title: string) => {
    readonly update: (doneBytes: number, totalBytes: number | undefined) => void;
    readonly stop: () => void;
  };
}

export interface ObtainedFile {
  readonly path: string;
  /** Whether it lies in our downloads; other files are the user's, and stay as they are. */
  readonly isOurs: boolean;
  readonly content: FileContent;
  /** Where it came from, for the manifest. */
  readonly from: string;
}

/** @throws {ConfigError | SetupError} */
export async function obtain(item: FetchItem, options: ObtainOptions): Promise<ObtainedFile> {
  const obtained = await obtainUnsaid(item, options);
  options.tools.say(
    `${item.name}: ${obtained.content.bytes} bytes, ${checkedBy(item.expected, obtained.content)}`,
  );
  return obtained;
}

async function obtainUnsaid(item: FetchItem, options: ObtainOptions): Promise<ObtainedFile> {
  const { source, name, expected } = item;
  if (source.kind === 'file') return local(source.path, source.path, false, item);
  if (options.offline !== undefined) {
    const path = findInMirror(options.offline, source.url, name, options.preset);
    return local(path, source.url, false, item);
  }
  // A folder for each address: what lies in it is of that address, from whichever call.
  const folder = join(options.downloads, createHash('sha256').update(source.url).digest('hex').slice(0, 16));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  if (existsSync(file)) return local(file, source.url, true, item);
  const progress = options.startProgress(name);
  try {
    const tools = { ...options.tools, progress: progress.update };
    const content = await download({ url: source.url, file, expected }, tools);
    return { path: file, isOurs: true, content, from: source.url };
  } finally {
    progress.stop();
  }
}

async function local(
  path: string,
  from: string,
  isOurs: boolean,
  { expected }: FetchItem,
): Promise<ObtainedFile> {
  let content: FileContent;
  try {
    content = await hashFile(path, createRunningHash(expected.md5 !== undefined));
  } catch (cause) {
    throw new SetupError(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  checkContent(
    path,
    expected,
    content,
    'Nothing was taken; put the right file there, or take it from another place.',
  );
  return { path, isOurs, content, from };
}
