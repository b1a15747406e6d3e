// Checkpoints made by the real libraries (tests/fixtures/checkpoints) against what those libraries say is in them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, type BertCheckpoint } from '../../../engines/bert/checkpoint.js';

const folder = 'tests/fixtures/checkpoints';

interface Expected {
  readonly models: Readonly<Record<string, { readonly tensors: Readonly<Record<string, ExpectedTensor>> }>>;
}
interface ExpectedTensor {
  readonly shape: readonly number[];
  readonly sum: number;
  /** Each value times its place, from 1: differs when values are in another order. */
  readonly weighted_sum: number;
}
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;

function expectEveryTensor(checkpoint: BertCheckpoint, model: string): void {
  const tensors = Object.entries(expected.models[model]!.tensors);
  expect(tensors.length).toBeGreaterThan(30);
  for (const [name, { shape, sum, weighted_sum }] of tensors) {
    const values = checkpoint.vector(name);
    if (shape.length === 2) {
      const [rows, columns] = shape;
      expect(checkpoint.matrix(name), name).toMatchObject({ rows, columns });
    }
    const got = { sum: 0, weighted: 0 };
    for (const [i, value] of values.entries()) {
      got.sum += value;
      got.weighted += value * (i + 1);
    }
    expect(got.sum, name).toBeCloseTo(sum, 9);
    expect(got.weighted, name).toBeCloseTo(weighted_sum, 7);
  }
}

describe('a checkpoint saved by its own library gives every tensor as that library does', () => {
  it.each([
    ['safetensors-sharded', 'safetensors', 3],
    ['pytorch', 'pytorch', 1],
    ['pytorch-wrapped', 'pytorch', 1],
    ['pytorch-pruned', 'pytorch', 1],
    ['tensorflow', 'tensorflow', 3],
    ['onnx', 'onnx', 1],
    ['onnx-qat', 'onnx', 2],
  ])('%s', (model, kind, fileCount) => {
    using checkpoint = openCheckpoint(join(folder, model));
    expect(checkpoint.kind).toBe(kind);
    expect(checkpoint.files).toHaveLength(fileCount);
    expectEveryTensor(checkpoint, model);
    const shapes = Object.values(expected.models[model]!.tensors).map(({ shape }) => shape);
    expect(checkpoint.parameterCount).toBe(
      shapes.reduce((total, shape) => total + shape.reduce((product, size) => product * size, 1), 0),
    );
  });
});

describe('a checkpoint', () => {
  it('with pruned heads and feed-forward columns says the shape of each layer', () => {
    using checkpoint = openCheckpoint(join(folder, 'pytorch-pruned'));
    expect(checkpoint.layers).toEqual([
      { head_count: 2, head_size: 8, intermediate_size: 24 },
      { head_count: 1, head_size: 8, intermediate_size: 32 },
    ]);
  });

  it('can be named by its file, and a TensorFlow one by its basename', () => {
    using byFile = openCheckpoint(join(folder, 'pytorch-wrapped/ckpt_8601.pt'));
    using byBasename = openCheckpoint(join(folder, 'tensorflow/model.ckpt-8144'));
    expect([byFile.kind, byBasename.kind]).toEqual(['pytorch', 'tensorflow']);
  });
});
