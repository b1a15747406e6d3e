// Weights in several files, listed in an index (model.safetensors.index.json, pytorch_model.bin.index.json) as transformers
// writes it: {"weight_map": {tensor name: file name}}.

import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../../configs/errors.js';
import { plainName, type StoredTensor, type WeightKind, type WeightSource } from './weight-source.js';

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens every shard of an index.
 *
 * @throws {ConfigError} when the index is wrong, names a missing shard or a tensor that its shard lacks.
 */
export function openShards(
  indexPath: string,
  kind: WeightKind,
  openOne: (path: string) => WeightSource,
): WeightSource {
  const weightMap = readIndex(indexPath);
  const names = [...new Set(Object.values(weightMap))].sort();
  const outside = names.find((name) => name !== basename(name) || name === '..' || name === '');
  if (outside !== undefined) {
    throw new ConfigError(`${indexPath}: shard "${outside}" must be a file beside the index`);
  }
  const missing = names.filter((name) => !existsSync(join(dirname(indexPath), name)));
  if (missing.length > 0) {
    throw new ConfigError(
      `${indexPath} names ${names.length} shards; missing: ${missing.join(', ')}. Copy or download the whole model again.`,
    );
  }
  const shards = new Map<string, WeightSource>();
  const dispose = (): void => {
    for (const shard of shards.values()) shard[Symbol.dispose]();
  };
  try {
    const tensors = new Map<string, StoredTensor>();
    const homes = new Map<string, WeightSource>();
    for (const name of names) shards.set(name, openOne(join(dirname(indexPath), name)));
    for (const [name, shardName] of Object.entries(weightMap)) {
      const shard = shards.get(shardName)!; // opened above
      const tensor = shard.tensors.get(plainName(name));
      if (tensor === undefined) throw new ConfigError(`${indexPath}: ${shardName} has no tensor "${name}"`);
      tensors.set(plainName(name), tensor);
      homes.set(plainName(name), shard);
    }
    return {
      kind,
      files: [indexPath, ...[...shards.values()].flatMap(({ files }) => files)],
      tensors,
      read: (name) => homes.get(name)!.read(name), // callers take names from `tensors`
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

function readIndex(path: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SetupError(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  try {
    return indexSchema.parse(JSON.parse(text)).weight_map;
  } catch (cause) {
    throw new ConfigError(`${path}: not an index of weights ({"weight_map": {tensor: file}})`, { cause });
  }
}
