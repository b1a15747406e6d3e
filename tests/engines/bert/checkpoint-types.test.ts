// The number types a checkpoint may come in: each gives the values it stores, and anything else is refused by name.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../configs/errors.js';
import { openCheckpoint } from '../../../engines/bert/checkpoint.js';
import { tinyConfig, tinyTensors, writeTinyBert } from '../../fakes/tiny-bert.js';

interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const NAME = 'bert.encoder.layer.0.attention.self.query.weight';
const SHAPE = [32, 32];
const ELEMENTS = 32 * 32;

/** A tiny model in which some tensors are stored differently; undefined leaves one out. */
function modelWith(
  changes: Readonly<Record<string, Stored | undefined>>,
  config: object = tinyConfig,
): string {
  const stored = new Map<string, Stored>();
  for (const [name, { shape, values }] of tinyTensors()) {
    stored.set(name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) });
  }
  for (const [name, change] of Object.entries(changes)) {
    if (change === undefined) stored.delete(name);
    else stored.set(name, change);
  }
  let at = 0;
  const header = Object.fromEntries(
    [...stored].map(([name, { dtype, shape, bytes }]) => {
      const entry = { dtype, shape, data_offsets: [at, at + bytes.length] };
      at += bytes.length;
      return [name, entry];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const folder = writeTinyBert(tinyTensors(), config);
  const body = [...stored.values()].map(({ bytes }) => bytes);
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, text, ...body]));
  return folder;
}

const halves = (dtype: string, bits: readonly number[]): Stored => ({
  dtype,
  shape: SHAPE,
  bytes: new Uint8Array(Uint16Array.from({ length: ELEMENTS }, (_unused, i) => bits[i] ?? 0).buffer),
});
const floats = (shape: readonly number[], values: Float32Array): Stored => ({
  dtype: 'F32',
  shape,
  bytes: new Uint8Array(values.buffer),
});

describe('a checkpoint', () => {
  it.each([
    ['F16', [0x3c00, 0xc000, 0x0001, 0x8400, 0x7bff], [1, -2, 2 ** -24, -(2 ** -14), 65504]],
    ['BF16', [0x3f80, 0xc000, 0x0001, 0x7f7f, 0xbf81], [1, -2, 2 ** -133, 3.3895313892515355e38, -1.0078125]],
  ])('in %s gives exactly the numbers it stores', (dtype, bits, values) => {
    using checkpoint = openCheckpoint(modelWith({ [NAME]: halves(dtype, bits) }));
    const matrix = checkpoint.matrix(NAME.slice('bert.'.length));
    expect(matrix.kind).toBe('float32');
    expect([...matrix.values.subarray(0, 5)]).toEqual(values);
  });

  it('in int8 rows keeps rows and scales as they are', () => {
    const values = Int8Array.from({ length: ELEMENTS }, (_unused, i) => (i % 255) - 127);
    const scales = Float32Array.from({ length: 32 }, (_unused, i) => (i + 1) / 1024);
    using checkpoint = openCheckpoint(
      modelWith({
        [NAME]: { dtype: 'I8', shape: SHAPE, bytes: new Uint8Array(values.buffer) },
        [`${NAME}_scale`]: floats([32, 1], scales),
      }),
    );
    const matrix = checkpoint.matrix(NAME.slice('bert.'.length));
    expect(matrix).toEqual({ kind: 'int8', rows: 32, columns: 32, values, rowScales: scales });
    expect(checkpoint.vector(NAME.slice('bert.'.length))[33]).toBe(values[33]! * scales[1]!);
  });

  const int8 = { dtype: 'I8', shape: SHAPE, bytes: new Uint8Array(ELEMENTS) };
  const bias = NAME.replace('weight', 'bias');
  it.each([
    ['int8 rows without scales', { [NAME]: int8 }, /query\.weight is I8 and needs .*_scale .*it is missing/],
    [
      'int8 rows with too many scales',
      { [NAME]: int8, [`${NAME}_scale`]: floats([32, 2], new Float32Array(64)) },
      /needs .*_scale in F32, \[32, 1\]; got F32 \[32, 2\]/,
    ],
    [
      'an int8 bias',
      { [bias]: { dtype: 'I8', shape: [32], bytes: new Uint8Array(32) } },
      /query\.bias is I8; F32, F16, BF16 or, for matrices, I8/,
    ],
    [
      'float64 weights',
      { [NAME]: { dtype: 'F64', shape: SHAPE, bytes: new Uint8Array(8 * ELEMENTS) } },
      /is F64/,
    ],
    ['a transposed matrix', { 'qa_outputs.weight': floats([32, 2], new Float32Array(64)) }, /not \[2, 32\]/],
  ])('with %s is refused by name', (_what, changes, reason) => {
    const open = (): unknown => openCheckpoint(modelWith(changes));
    expect(open).toThrow(/is not the model that config\.json describes/);
    expect(open).toThrow(reason);
  });

  const one = (value: number): Stored => {
    const values = new Float32Array(ELEMENTS);
    values[77] = value;
    return floats(SHAPE, values);
  };
  it.each([
    ['NaN', one(NaN), 1],
    ['infinity', one(-Infinity), 1],
    ['a half that is NaN', halves('F16', [0x7e01, 0x3c00, 0xfc00]), 2],
    ['a bfloat16 that is infinite', halves('BF16', [0x7f80]), 1],
  ])('with %s among its weights is refused by the name of the tensor', (_what, stored, count) => {
    using checkpoint = openCheckpoint(modelWith({ [NAME]: stored }));
    const read = (): unknown => checkpoint.matrix(NAME.slice('bert.'.length));
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(
      `"${NAME.slice('bert.'.length)}" holds ${count} NaN or infinite values among ${ELEMENTS}`,
    );
  });

  it('with NaN among the scales of its int8 rows is refused', () => {
    const scales = new Float32Array(32).fill(1);
    scales[3] = NaN;
    using checkpoint = openCheckpoint(modelWith({ [NAME]: int8, [`${NAME}_scale`]: floats([32], scales) }));
    expect(() => checkpoint.matrix(NAME.slice('bert.'.length))).toThrow(/_scale" holds 1 NaN/);
  });

  it('whose vocabulary has more tokens than the model has rows for is refused', () => {
    const folder = modelWith({});
    writeFileSync(join(folder, 'vocab.txt'), `${Array.from({ length: 41 }, (_unused, i) => i).join('\n')}\n`);
    expect(() => openCheckpoint(folder)).toThrow(
      /vocab\.txt has 41 tokens, vocab_size and the word embedding are 40/,
    );
  });

  it.each([
    ['fewer layers than the weights', { num_hidden_layers: 1 }],
    ['more layers than the weights', { num_hidden_layers: 3 }],
    ['another width', { hidden_size: 64 }],
    ['another vocabulary', { vocab_size: 39 }],
    ['fewer positions', { max_position_embeddings: 63 }],
    ['another feed-forward width', { intermediate_size: 128 }],
  ])('whose config.json has %s is refused', (_what, change) => {
    const folder = modelWith({});
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...tinyConfig, ...change }));
    const open = (): unknown => openCheckpoint(folder);
    expect(open).toThrow(ConfigError);
    expect(open).toThrow(/is not the model that config\.json describes/);
  });

  it.each([
    [{ ...tinyConfig, model_type: 'roberta' }, /only model_type "bert"/],
    [{ ...tinyConfig, position_embedding_type: 'relative_key' }, /only position_embedding_type "absolute"/],
    [{ ...tinyConfig, num_hidden_layers: 0 }, /num_hidden_layers/],
  ])('of another architecture is refused: %#', (config, reason) => {
    expect(() => openCheckpoint(modelWith({}, config))).toThrow(reason);
  });
});
