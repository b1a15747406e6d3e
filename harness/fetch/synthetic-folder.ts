// `fetch synthetic-bert-base|synthetic-bert-large`: a model of random weights for speed work; nothing is loaded.

import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syntheticPresets, writeSyntheticModel } from '../../engines/bert/synthetic.js';
import { ConfigError } from '../../configs/errors.js';
import { toJsonText, writeWholeFile } from '../write-file.js';
import { diskError } from './disk-error.js';
import { hashFile } from './file-content.js';
import { filesBelow } from './manifest.js';
import { placeFiles } from './target.js';

export interface SyntheticPlan {
  readonly size: keyof typeof syntheticPresets;
  readonly seed: bigint;
  readonly target: string;
  /** Copied: the tokens are real, the weights are not. */
  readonly vocabulary: string;
  readonly replace: boolean;
  readonly now: Date;
}

/** Reads --seed. @throws {ConfigError} */
export function parseSeed(text: string): bigint {
  const seed = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (seed >= 0n && seed < 2n ** 64n) return seed;
  throw new ConfigError(`--seed must be a whole number from 0 to 2^64 - 1, got "${text}"`);
}

/**
 * Writes synthetic.json, config.json, vocab.txt and their manifest.
 *
 * @returns there: the same model was there already.
 * @throws {ConfigError} when something else lies there and may not be replaced. @throws {SetupError} for the disk.
 */
export async function writeSyntheticFolder(plan: SyntheticPlan): Promise<'there' | 'fetched'> {
  const { size, seed, target, vocabulary, replace, now } = plan;
  const staging = join(dirname(target), `.${basename(target)}.${process.pid}.fetch`);
  const ready = join(staging, 'files');
  try {
    writeSyntheticModel(ready, size, seed, vocabulary);
    writeWholeFile(join(ready, 'config.json'), toJsonText(syntheticPresets[size]));
    const files = await Promise.all(
      filesBelow(ready).map(async (name) => {
        const { bytes, sha256 } = await hashFile(join(ready, name));
        return { name, bytes, sha256, from: `synthetic, seed ${seed}`, fetched_at: now.toISOString() };
      }),
    );
    return await placeFiles({ kind: 'model', target }, files, { ready, staging, replace }, () => {
      const remedy = 'Keep it and choose another place by --to, or take its place by --replace.';
      return new ConfigError(`${target}: there already, with other content (another seed?). ${remedy}`);
    });
  } catch (error) {
    throw diskError(target, error);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
