// Who writes the logs: our name, version and, in a git checkout, the commit.

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export interface Program {
  readonly name: string;
  readonly version: string;
  /** First 10 digits of the git commit, `+` when the checkout has changes; NA outside git. */
  readonly commit: string;
}

/** Folder of package.json: two levels above the compiled file, one above the source. */
export const packageRoot = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

/** Reads package.json and asks git. */
export async function describeProgram(): Promise<Program> {
  const { name, version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  return { name, version, commit: await gitCommit() };
}

async function gitCommit(): Promise<string> {
  const git = (args: readonly string[]) =>
    execa('git', [...args], { cwd: packageRoot, reject: false, stdin: 'ignore' });
  const head = await git(['rev-parse', '--short=10', 'HEAD']);
  if (head.exitCode !== 0) return 'NA';
  const changes = await git(['status', '--porcelain', '--untracked-files=no']);
  return `${head.stdout}${changes.stdout === '' ? '' : '+'}`;
}

function findPackageRoot(from: string): string {
  for (let folder = from; ; folder = resolve(folder, '..')) {
    try {
      readFileSync(join(folder, 'package.json'));
      return folder;
    } catch (error) {
      if (folder === resolve(folder, '..'))
        throw new Error(`no package.json above ${from}`, { cause: error });
    }
  }
}
