// The addon and the fake libraries it runs on, compiled when a test first needs them and kept in build/native-tests.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { repository } from '../../built.js';

/** Releases of TensorRT whose headers CI has: a fake of each. */
export const releases = ['10.16', '11.4'] as const;
export type Release = (typeof releases)[number];

const folder = join(repository, 'build/native-tests/plain');

export const parts = {
  addon: join(folder, 'addon', `loadrig-tensorrt-${process.platform}-${process.arch}.node`),
  /** libcuda.so.1 and libnvidia-ml.so.1 */
  driver: join(folder, 'driver'),
  /** libnvinfer, its parser, plugins and builder resource. */
  libraries: (release: Release): string => join(folder, release),
};

/** Why the parts cannot be made here; undefined where they can. In CI they must be. */
export async function missingTools(): Promise<string | undefined> {
  if (process.env['CI'] !== undefined || process.platform !== 'linux') {
    return process.platform === 'linux' ? undefined : 'the TensorRT engine runs on Linux';
  }
  const needed = ['g++', 'make', 'flock'];
  if (!existsSync(join(repository, 'build/tensorrt-headers/11.4/NvInfer.h'))) needed.push('cargo');
  for (const tool of needed) {
    // Run, not looked up: a launcher that has nothing to launch (rustup's cargo without a toolchain) is found, too.
    const { failed, exitCode, stderr } = await execa(tool, ['--version'], { reject: false });
    if (failed)
      return exitCode === undefined
        ? `${tool} is not installed`
        : `${tool} does not run: ${firstLine(stderr)}`;
  }
  return undefined;
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

/** Compiles what is not compiled yet; several test files may ask at once. */
export async function makeParts(variant: 'plain' | 'address' | 'thread' = 'plain'): Promise<void> {
  mkdirSync(join(repository, 'build'), { recursive: true });
  const make = ['make', '-j2', '-C', 'tests/fakes/native', `VARIANT=${variant}`];
  if (variant !== 'plain') make.push('sanitized');
  await execa('flock', ['build/native-tests.lock', ...make], { cwd: repository, stdout: 'ignore' });
}
