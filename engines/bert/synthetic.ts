// Models of random weights for speed work: a folder with synthetic.json ({"seed", "config"}) and vocab.txt. Weights are made
// from the seed when they are asked for; answers mean nothing.

import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../configs/errors.js';
import { parseBertConfig, type BertConfig } from './bert-config.js';
import { expectedTensors } from './layer-shapes.js';
import type { StoredTensor, WeightSource } from './weights/weight-source.js';

const common = { vocab_size: 30_522, max_position_embeddings: 512, type_vocab_size: 2, hidden_act: 'gelu' };
/** The published sizes of BERT, uncased vocabulary. */
export const syntheticPresets = {
  'bert-base': {
    ...common,
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    intermediate_size: 3072,
  },
  'bert-large': {
    ...common,
    hidden_size: 1024,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    intermediate_size: 4096,
  },
} as const;

/** BERT's initializer_range: the standard deviation of weights. */
export const SYNTHETIC_DEVIATION = 0.02;
const fileSchema = z.object({ seed: z.string().regex(/^\d{1,20}$/), config: z.unknown() });

/** Writes a synthetic model; the vocabulary is copied from `vocabPath`. */
export function writeSyntheticModel(
  folder: string,
  preset: keyof typeof syntheticPresets,
  seed: bigint,
  vocabPath: string,
): void {
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ seed: `${seed}`, config: syntheticPresets[preset] }, undefined, 2);
  writeFileSync(join(folder, 'synthetic.json'), `${text}\n`);
  copyFileSync(vocabPath, join(folder, 'vocab.txt'));
}

/** @throws {ConfigError} when synthetic.json is not as described above. */
export function readSynthetic(path: string): { readonly seed: string; readonly config: BertConfig } {
  try {
    const { seed, config } = fileSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    return { seed, config: parseBertConfig(path, config) };
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`${path}: wanted is {"seed": "<whole number>", "config": {…}}`, { cause });
  }
}

/** Weights of deviation 0.02 around 0, LayerNorm's around 1: the same for the same seed and name. */
export function openSynthetic(path: string): WeightSource {
  const { seed, config } = readSynthetic(path);
  const layer = {
    head_count: config.num_attention_heads,
    head_size: config.hidden_size / config.num_attention_heads,
    intermediate_size: config.intermediate_size,
  };
  const layers = Array.from({ length: config.num_hidden_layers }, () => layer);
  const tensors = new Map<string, StoredTensor>(
    expectedTensors(config, layers).map(([name, shape]) => [name, { dtype: 'F32', shape }]),
  );
  return {
    kind: 'synthetic',
    files: [path],
    tensors,
    read(name) {
      const count = tensors.get(name)!.shape.reduce((product, size) => product * size, 1); // from `tensors`
      return new Uint8Array(
        normalValues(`${seed}/${name}`, count, name.endsWith('LayerNorm.weight') ? 1 : 0).buffer,
      );
    },
    [Symbol.dispose]: () => undefined,
  };
}

/** Four uniform bytes summed, nearly normal: variance 4 · (256² − 1) / 12. The 32-bit steps are xorshift32 (Marsaglia 2003). */
function normalValues(key: string, count: number, mean: number): Float32Array {
  const scale = SYNTHETIC_DEVIATION / Math.sqrt((4 * (256 ** 2 - 1)) / 12);
  const values = new Float32Array(count);
  let state = createHash('sha256').update(key).digest().readUInt32LE() | 1;
  for (let i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const sum = (state & 255) + ((state >>> 8) & 255) + ((state >>> 16) & 255) + (state >>> 24);
    values[i] = mean + (sum - 510) * scale;
  }
  return values;
}
