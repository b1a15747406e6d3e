// A built engine goes where --output says: each file whole or not at all, the sidecar last, builders of one file in turn.

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createReadStream } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ConfigError, SetupError } from '../../configs/errors.js';
import type { BuiltEngine } from '../../engines/contract.js';
import { writeWholeFile } from '../write-file.js';
import { readSidecar, sidecarPath, type Sidecar } from './sidecar.js';

export interface PlacedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The files of an engine at `output`, in the order that sidecars have. */
export async function describeFiles(
  output: string,
  { path, dataFiles }: Pick<BuiltEngine, 'path' | 'dataFiles'>,
): Promise<readonly PlacedFile[]> {
  const described: PlacedFile[] = [];
  for (const file of [path, ...dataFiles]) {
    const name = file === path ? basename(output) : basename(file);
    described.push({ name, bytes: statSync(file).size, sha256: await sha256Of(file) });
  }
  return described;
}

/**
 * Copies the files beside their places, then renames them; an older sidecar goes first, so that it never describes
 * another engine.
 *
 * @throws {SetupError} when the folder cannot be written or the disk is full.
 */
export function placeEngine(
  output: string,
  { path, dataFiles }: Pick<BuiltEngine, 'path' | 'dataFiles'>,
  sidecarText: string,
): void {
  const folder = dirname(output);
  const moves = [...dataFiles.map((file) => [file, join(folder, basename(file))] as const), [path, output] as const];
  const temporary = (target: string): string => `${target}.tmp`;
  try {
    for (const [from, to] of moves) copyFileSync(from, temporary(to));
    rmSync(sidecarPath(output), { force: true });
    for (const [, to] of moves) renameSync(temporary(to), to);
  } catch (cause) {
    for (const [, to] of moves) rmSync(temporary(to), { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(
      `cannot write ${output}: ${reason}. Make room or mend the permissions of the folder, then build again.`,
      { cause },
    );
  }
  writeWholeFile(sidecarPath(output), sidecarText);
}

/** Makes sure that engine files can be written at `output`, before minutes of work. @throws {ConfigError | SetupError} */
export function prepareOutput(output: string): void {
  if (existsSync(output) && statSync(output).isDirectory())
    throw new ConfigError(`--output: ${output} is a folder; name a file in it`);
  try {
    makeFolder(dirname(output));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`--output: cannot make the folder ${dirname(output)}: ${reason}`, { cause });
  }
}

/** mkdir's own recursion never ends where the system makes no folders (/proc). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // somebody else may have made it meanwhile
  }
}

/** What is wrong with an engine's files, by their sidecar; undefined when they are as they were built. */
export async function damageOf(engineFile: string, { files }: Sidecar): Promise<string | undefined> {
  for (const { name, sha256 } of files) {
    const file = name === basename(engineFile) ? engineFile : join(dirname(engineFile), name);
    if (!existsSync(file)) return `${name} is missing beside it`;
    if ((await sha256Of(file)) !== sha256) return `${name} has changed since it was built`;
  }
  return undefined;
}

/** The sidecar of an engine that is there and whole. */
export async function wholeSidecar(output: string): Promise<Sidecar | undefined> {
  if (!existsSync(output)) return undefined;
  try {
    const sidecar = readSidecar(output);
    return sidecar === undefined || (await damageOf(output, sidecar)) !== undefined ? undefined : sidecar;
  } catch {
    return undefined; // a damaged sidecar is written again
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
