// Where things lie when the program is called from another folder than its own: what ships with it and what it generates
// belong to the package; a path that a person types belongs to the current folder.

import { existsSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { packageRoot } from './program.js';

/** A place in the package's folder, as seen from the current one: short where they are the same. */
function inPackage(path: string): string {
  const seen = join(relative(process.cwd(), packageRoot), path);
  return seen.startsWith('..') ? join(packageRoot, path) : seen;
}

/** Folder of generated files: engines, preprocessed data, logs. */
export const buildPath = (part: string): string => inPackage(join('build', part));

/** Where fetched models and data sets go. */
export const dataPath = (part: string): string => inPackage(join('data', part));

/** Where a model or data set lies: as typed where that exists, else in the package, so that its own are found from anywhere. */
export function inputPath(path: string): string {
  if (isAbsolute(path) || existsSync(path)) return path;
  const own = inPackage(path);
  return existsSync(own) ? own : path;
}
