// manifest.json beside fetched files: what each is, where it came from and when. `fetch --verify` reads it again.

import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../configs/errors.js';
import { toJsonText, writeWholeFile } from '../write-file.js';
import { hashFile } from './file-content.js';

export const MANIFEST = 'manifest.json';

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);
const fileSchema = z.object({
  /** Path in the folder, with `/`. */
  name: z.string().min(1),
  bytes: z.int().nonnegative(),
  sha256: hashSchema,
  /** Address or path; of an archive's file, the archive's. */
  from: z.string(),
  /** ISO 8601, UTC. */
  fetched_at: z.string(),
});
const manifestSchema = z.object({ files: z.array(fileSchema) });

export type ManifestFile = Readonly<z.output<typeof fileSchema>>;

/** The manifest of a folder; undefined where there is none. @throws {ConfigError} when it is no manifest. */
export function readManifest(folder: string): readonly ManifestFile[] | undefined {
  const path = join(folder, MANIFEST);
  if (!existsSync(path)) return undefined;
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).files;
  } catch (cause) {
    throw new ConfigError(
      `${path}: not a manifest of fetched files. Move it away, or fetch again with --replace.`,
      { cause },
    );
  }
}

/** Writes the manifest; files of the same name in an older one are replaced by the new lines. @throws {SetupError} */
export function writeManifest(
  folder: string,
  files: readonly ManifestFile[],
  older: readonly ManifestFile[] = [],
): void {
  const names = new Set(files.map(({ name }) => name));
  const all = [...older.filter(({ name }) => !names.has(name)), ...files];
  all.sort((a, b) => (a.name < b.name ? -1 : 1));
  writeWholeFile(join(folder, MANIFEST), toJsonText({ files: all }));
}

export interface VerifiedFile {
  readonly name: string;
  readonly state: 'ok' | 'missing' | 'changed';
  /** What is wrong, for people. */
  readonly detail: string;
}

/** Hashes every file of a manifest again. @throws {ConfigError | SetupError} where there is no readable manifest. */
export async function verifyFolder(folder: string): Promise<readonly VerifiedFile[]> {
  const files = readManifest(folder);
  if (files === undefined) {
    throw new SetupError(
      `${folder}: no ${MANIFEST} in it, so there is nothing to verify. Give a folder that \`loadrig fetch\` has written.`,
    );
  }
  const verified: VerifiedFile[] = [];
  for (const file of files) verified.push(await verifyFile(folder, file));
  return verified;
}

async function verifyFile(folder: string, { name, bytes, sha256 }: ManifestFile): Promise<VerifiedFile> {
  const path = join(folder, name);
  if (!existsSync(path)) return { name, state: 'missing', detail: 'is missing' };
  const got = await hashFile(path);
  if (got.sha256 === sha256) return { name, state: 'ok', detail: `${bytes} bytes, SHA-256 ${sha256}` };
  const size = got.bytes === bytes ? '' : `${got.bytes} bytes, not ${bytes}; `;
  return { name, state: 'changed', detail: `${size}SHA-256 ${got.sha256}, not ${sha256}` };
}

/** Every file below a folder, as paths with `/`; our manifest is left out. */
export function filesBelow(folder: string, prefix = ''): readonly string[] {
  return readdirSync(folder)
    .filter((name) => prefix !== '' || name !== MANIFEST)
    .sort()
    .flatMap((name) => {
      const stats = lstatSync(join(folder, name));
      if (stats.isDirectory()) return filesBelow(join(folder, name), `${prefix}${name}/`);
      return stats.isFile() ? [`${prefix}${name}`] : [];
    });
}
