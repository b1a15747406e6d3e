// From a plan to a whole model folder or data files: everything is made ready in a staging folder beside the target, checked, and
// renamed into place. Interrupted, the staging folder stays, and the next call goes on from it.

import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode, withBuildLock } from '../../engines/build-lock.js';
import { ConfigError, SetupError } from '../../configs/errors.js';
import { diskError } from './disk-error.js';
import { hashFile } from './file-content.js';
import { filesBelow, MANIFEST, type ManifestFile } from './manifest.js';
import { missingFromModel } from './model-folder.js';
import { obtain, type ObtainedFile, type ObtainOptions } from './obtain.js';
import type { FetchItem } from './sources.js';
import { isAlreadyThere, isOccupied, placeFiles } from './target.js';
import { archiveKind, unpackArchive } from './unpack.js';

export interface FetchPlan {
  /** A model is a folder of its own; data files join others in a folder. */
  readonly kind: 'model' | 'data';
  readonly preset?: string;
  readonly items: readonly FetchItem[];
  /** The model's folder, or the folder that data files go into. */
  readonly target: string;
}

export interface FetchOptions extends Omit<ObtainOptions, 'downloads' | 'preset'> {
  /** Takes the place of other content. */
  readonly replace: boolean;
  readonly now: () => Date;
}

export interface FetchOutcome {
  /** there: it was there already, with the same content; nothing was written. */
  readonly state: 'there' | 'fetched';
  readonly files: readonly string[];
}

/**
 * Fetches what the plan says.
 *
 * @throws {ConfigError} for sources, archives and models that are not what they must be, and for a target with other content.
 * @throws {SetupError} for the network, the disk, a mirror without the file.
 */
export async function fetchFiles(plan: FetchPlan, options: FetchOptions): Promise<FetchOutcome> {
  const { target, kind, items } = plan;
  const names = items.map(({ name }) => name);
  const loads = options.offline === undefined && items.some(({ source }) => source.kind === 'url');
  try {
    if (!options.replace && (await isAlreadyThere(plan))) return { state: 'there', files: names };
    if (loads && !options.replace && isOccupied(plan, names)) throw otherContent(plan);
  } catch (cause) {
    throw diskError(target, cause);
  }

  const stagingName = kind === 'model' ? basename(target) : (names[0] ?? 'data');
  const staging = join(kind === 'model' ? dirname(target) : target, `.${stagingName}.fetch`);
  try {
    mkdirSync(staging, { recursive: true });
    checkSpace(plan, staging);
  } catch (cause) {
    throw diskError(staging, cause);
  }
  return withBuildLock(
    `${staging}.lock`,
    () => options.tools.say(`another call fetches ${stagingName}; waiting for it`),
    () => fetchInto(plan, staging, options),
  );
}

async function fetchInto(plan: FetchPlan, staging: string, options: FetchOptions): Promise<FetchOutcome> {
  const ready = join(staging, 'files');
  const downloads = join(staging, 'downloads');
  let isDone = false;
  try {
    rmSync(ready, { recursive: true, force: true });
    mkdirSync(ready, { recursive: true });
    const files: ManifestFile[] = [];
    for (const item of plan.items) {
      options.tools.signal.throwIfAborted();
      const obtained = await obtain(item, { ...options, downloads, preset: plan.preset });
      const names = await takeIn(item, obtained, ready, options);
      for (const name of names) {
        const content =
          names.length === 1 && name === item.name ? obtained.content : await hashFile(join(ready, name));
        const { bytes, sha256 } = content;
        files.push({ name, bytes, sha256, from: obtained.from, fetched_at: options.now().toISOString() });
      }
    }
    checkWhole(plan, ready, files);
    const state = await placeFiles(plan, files, { ready, staging, replace: options.replace }, () =>
      otherContent(plan),
    );
    isDone = true;
    return { state, files: files.map(({ name }) => name) };
  } catch (error) {
    throw diskError(plan.target, error);
  } finally {
    // What was downloaded is kept for the next try; what was made of it is not.
    const keeps = !isDone && existsSync(downloads) && filesBelow(downloads).length > 0;
    rmSync(keeps ? ready : staging, { recursive: true, force: true });
  }
}

/** Brings an obtained file, or the files of an archive, into the folder; gives their names. */
async function takeIn(
  item: FetchItem,
  obtained: ObtainedFile,
  ready: string,
  { tools }: FetchOptions,
): Promise<readonly string[]> {
  const isArchive =
    item.isArchive === 'by_content' ? archiveKind(obtained.path) !== undefined : item.isArchive;
  if (!isArchive) {
    linkOrCopy(obtained, join(ready, item.name));
    return [item.name];
  }
  const present = new Set(filesBelow(ready));
  const unpacked = join(ready, '.unpacked');
  mkdirSync(unpacked);
  await unpackArchive(obtained.path, unpacked);
  const names = filesBelow(unpacked);
  if (names.length === 0) throw new ConfigError(`${obtained.path}: no files in this archive`);
  if (existsSync(join(unpacked, MANIFEST))) {
    tools.say(`${item.name}: its ${MANIFEST} is left out; ours takes that name`);
  }
  for (const name of names) {
    if (present.has(name))
      throw new ConfigError(`${item.name} holds ${name}, which another source gives too`);
    mkdirSync(dirname(join(ready, name)), { recursive: true });
    renameSync(join(unpacked, name), join(ready, name));
  }
  rmSync(unpacked, { recursive: true });
  return names;
}

/** The user's own files are copied: a link would change with them. */
function linkOrCopy({ path, isOurs }: ObtainedFile, to: string): void {
  if (isOurs) {
    try {
      linkSync(path, to);
      return;
    } catch (error) {
      if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'].includes(errorCode(error) ?? '')) throw error;
    }
  }
  copyFileSync(path, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
}

function checkWhole({ kind, target }: FetchPlan, ready: string, files: readonly ManifestFile[]): void {
  if (kind === 'data') return;
  const missing = missingFromModel(
    ready,
    files.map(({ name }) => name),
  );
  if (missing.length === 0) return;
  throw new ConfigError(
    `${basename(target)} is not a whole model. It has ${files.map(({ name }) => name).join(', ')}; missing:\n` +
      `${missing.map((line) => `  ${line}`).join('\n')}\n` +
      'Give what is missing by further --from, or all of it in a folder or an archive.',
  );
}

function checkSpace({ items }: FetchPlan, folder: string): void {
  const neededBytes = items.reduce((sum, { expected }) => sum + (expected.bytes ?? 0), 0);
  const { bavail, bsize } = statfsSync(folder);
  if (neededBytes <= bavail * bsize) return;
  throw new SetupError(
    `${folder}: ${bavail * bsize} bytes are free, ${neededBytes} are needed. Free some space, or choose another folder by --to.`,
  );
}

function otherContent({ kind, target, items }: FetchPlan): ConfigError {
  const what = kind === 'model' ? target : items.map(({ name }) => join(target, name)).join(', ');
  return new ConfigError(
    `${what}: there already, with other content. Keep it and choose another place by --to, or take its place by --replace.`,
  );
}
