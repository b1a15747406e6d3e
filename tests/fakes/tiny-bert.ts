// A BERT of a few kilobytes with seeded random weights, as a Hugging Face folder on disk.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonical } from '../../scenarios/random.js';
import { createMersenneTwister } from '../../scenarios/mersenne-twister.js';

export const tinyConfig = {
  architectures: ['BertForQuestionAnswering'],
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 64,
  vocab_size: 40,
  max_position_embeddings: 64,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  hidden_act: 'gelu',
};

/** The same with heads of 64, the size that TensorRT's attention plugin runs packed. */
export const wideHeadConfig = { ...tinyConfig, hidden_size: 64, num_attention_heads: 1 };

export interface TinyTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}
export type TinyTensors = Map<string, TinyTensor>;

/** Every tensor of the tiny model, with the `bert.` prefix. */
export function tinyTensors(seed = 7n, config: typeof tinyConfig = tinyConfig): TinyTensors {
  const rng = createMersenneTwister(seed);
  const tensors: TinyTensors = new Map();
  const add = (name: string, shape: readonly number[], offset = 0): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => (canonical(rng) - 0.5) * 0.4 + offset);
    tensors.set(name, { shape, values });
  };
  const { hidden_size: hidden, intermediate_size: inner } = config;
  const linear = (name: string, out: number, from: number): void => {
    add(`${name}.weight`, [out, from]);
    add(`${name}.bias`, [out]);
  };
  const norm = (name: string): void => {
    add(`${name}.weight`, [hidden], 1);
    add(`${name}.bias`, [hidden]);
  };
  add('bert.embeddings.word_embeddings.weight', [config.vocab_size, hidden]);
  add('bert.embeddings.position_embeddings.weight', [config.max_position_embeddings, hidden]);
  add('bert.embeddings.token_type_embeddings.weight', [2, hidden]);
  norm('bert.embeddings.LayerNorm');
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `bert.encoder.layer.${layer}`;
    for (const part of ['query', 'key', 'value']) linear(`${at}.attention.self.${part}`, hidden, hidden);
    linear(`${at}.attention.output.dense`, hidden, hidden);
    norm(`${at}.attention.output.LayerNorm`);
    linear(`${at}.intermediate.dense`, inner, hidden);
    linear(`${at}.output.dense`, hidden, inner);
    norm(`${at}.output.LayerNorm`);
  }
  linear('qa_outputs', 2, hidden);
  return tensors;
}

/** Writes a model folder and returns its path. */
export function writeTinyBert(tensors: TinyTensors = tinyTensors(), config: object = tinyConfig): string {
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-bert-'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'model.safetensors'), safetensorsBytes(tensors));
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
  const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', ...letters, '?', '.', ','];
  writeFileSync(join(folder, 'vocab.txt'), `${vocabulary.join('\n')}\n`);
  return folder;
}

/** The safetensors form of float32 tensors. */
export function safetensorsBytes(tensors: TinyTensors): Buffer {
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { shape, values }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const body = [...tensors.values()].map(({ values }) => Buffer.from(values.buffer));
  return Buffer.concat([length, text, ...body]);
}
