// A download that is not whole yet: <file>.part with what came, <file>.part.json with what it must go on with.

import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const noteSchema = z.object({
  url: z.string(),
  etag: z.string().optional(),
  last_modified: z.string().optional(),
  total_bytes: z.int().nonnegative().optional(),
});

/** What the server said of the file when its first byte came. */
export type PartialNote = z.output<typeof noteSchema>;

export interface PartialFile {
  readonly path: string;
  /** 0 where there is none. */
  readonly bytes: number;
  readonly note: PartialNote | undefined;
}

/** What is left of an earlier try for the same address; a part of something else is thrown away. */
export function findPartial(file: string, url: string): PartialFile {
  const path = `${file}.part`;
  const note = readNote(path);
  if (note?.url === url && existsSync(path)) return { path, bytes: statSync(path).size, note };
  dropPartial(file);
  return { path, bytes: 0, note: undefined };
}

function readNote(path: string): PartialNote | undefined {
  try {
    return noteSchema.parse(JSON.parse(readFileSync(`${path}.json`, 'utf8')));
  } catch {
    return undefined; // absent or cut short: the part cannot be trusted, and is loaded again
  }
}

export function writeNote(file: string, note: PartialNote): void {
  writeFileSync(`${file}.part.json`, JSON.stringify(note));
}

export function dropPartial(file: string): void {
  rmSync(`${file}.part`, { force: true });
  rmSync(`${file}.part.json`, { force: true });
}

/** The part is whole: it gets its name. */
export function finishPartial(file: string): void {
  renameSync(`${file}.part`, file);
  rmSync(`${file}.part.json`, { force: true });
}
