// Random-weight models: their size, and that a seed means the same weights.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openCheckpoint } from '../../../engines/bert/checkpoint.js';
import { writeSyntheticModel } from '../../../engines/bert/synthetic.js';

it('a synthetic model has the size of its preset and the same weights for the same seed', () => {
  const open = (seed: bigint) => {
    const folder = mkdtempSync(join(tmpdir(), 'loadrig-test-'));
    writeSyntheticModel(folder, 'bert-base', seed, 'data/models/minilm-qa/vocab.txt');
    return openCheckpoint(folder);
  };
  using one = open(5n);
  using same = open(5n);
  using other = open(6n);
  const name = 'encoder.layer.3.intermediate.dense.weight';
  const values = one.vector(name);
  expect(one.kind).toBe('synthetic');
  expect(one.parameterCount).toBe(108_893_186);
  expect(Buffer.from(same.vector(name).buffer).equals(Buffer.from(values.buffer))).toBe(true);
  expect(other.vector(name).subarray(0, 8)).not.toEqual(values.subarray(0, 8));
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  expect(deviation).toBeCloseTo(0.02, 3);
});
