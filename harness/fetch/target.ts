// The place where fetched files go: what lies there is never replaced unasked, and what comes, comes whole.

import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hashFile } from './file-content.js';
import type { FetchPlan } from './fetch-files.js';
import { filesBelow, readManifest, writeManifest, type ManifestFile } from './manifest.js';
import type { FetchItem } from './sources.js';

/** Where files go: a model's folder is replaced whole, data files one by one. */
type Place = Pick<FetchPlan, 'kind' | 'target'>;

/** Whether something lies where the files of these names would go. */
export function isOccupied({ kind, target }: Place, names: readonly string[]): boolean {
  if (kind === 'data') return names.some((name) => existsSync(join(target, name)));
  const stats = statSync(target, { throwIfNoEntry: false });
  return stats !== undefined && (!stats.isDirectory() || readdirSync(target).length > 0);
}

/** Whether all that the plan wants is known to lie there, without loading anything: its files are hashed. */
export async function isAlreadyThere(plan: FetchPlan): Promise<boolean> {
  const { target, items } = plan;
  if (!existsSync(target) || !statSync(target).isDirectory()) return false;
  const manifest = readManifest(target) ?? [];
  for (const item of items) if (!(await isItemThere(target, item, manifest))) return false;
  return items.length > 0;
}

async function isItemThere(
  target: string,
  { source, name, isArchive, expected }: FetchItem,
  manifest: readonly ManifestFile[],
): Promise<boolean> {
  const path = join(target, name);
  if (isArchive === false && expected.sha256 !== undefined) {
    return (await hashOf(path)) === expected.sha256;
  }
  if (source.kind === 'file') {
    return isArchive === false && existsSync(path) && (await hashOf(path)) === (await hashOf(source.path));
  }
  const ofItem = manifest.filter(({ from }) => from === source.url);
  for (const file of ofItem) if ((await hashOf(join(target, file.name))) !== file.sha256) return false;
  return ofItem.length > 0;
}

async function hashOf(path: string): Promise<string | undefined> {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
    ? (await hashFile(path)).sha256
    : undefined;
}

interface Staged {
  /** Holds the files. */
  readonly ready: string;
  readonly staging: string;
  readonly replace: boolean;
}

/**
 * Renames the files into place, with their manifest.
 *
 * @returns there: the same content lay there already.
 * @throws what `refuse` gives, where other content lies there and may not be replaced.
 */
export async function placeFiles(
  place: Place,
  files: readonly ManifestFile[],
  staged: Staged,
  refuse: () => Error,
): Promise<'there' | 'fetched'> {
  const names = files.map(({ name }) => name);
  if (isOccupied(place, names)) {
    if (await isSame(place, files)) return 'there';
    if (!staged.replace) throw refuse();
  }
  if (place.kind === 'model') placeFolder(place.target, files, staged);
  else placeEach(place.target, files, staged);
  return 'fetched';
}

async function isSame({ kind, target }: Place, files: readonly ManifestFile[]): Promise<boolean> {
  for (const { name, sha256 } of files) if ((await hashOf(join(target, name))) !== sha256) return false;
  return kind === 'data' || filesBelow(target).length === files.length;
}

function placeFolder(target: string, files: readonly ManifestFile[], { ready, staging }: Staged): void {
  writeManifest(ready, files);
  mkdirSync(dirname(target), { recursive: true });
  const replaced = join(staging, 'replaced');
  const isThere = existsSync(target);
  if (isThere) renameSync(target, replaced);
  try {
    renameSync(ready, target);
  } catch (error) {
    if (isThere) renameSync(replaced, target);
    throw error;
  }
}

function placeEach(target: string, files: readonly ManifestFile[], { ready }: Staged): void {
  for (const { name } of files) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    renameSync(join(ready, name), join(target, name));
  }
  writeManifest(target, files, readManifest(target));
}
