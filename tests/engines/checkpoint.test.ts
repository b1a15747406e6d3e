import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, SetupError } from '../../configs/errors.js';
import { dequantized, openCheckpoint } from '../../engines/bert/checkpoint.js';
import { toFloat16 } from '../../engines/bert/float-bits.js';
import { tinyConfig, tinyTensors, writeTinyBert } from '../fakes/tiny-bert.js';

describe('a model folder', () => {
  it('gives its tensors under their Hugging Face names, with or without the prefix', () => {
    const tensors = tinyTensors();
    const bare = new Map([...tensors].map(([name, tensor]) => [name.replace(/^bert\./, ''), tensor]));
    for (const folder of [writeTinyBert(tensors), writeTinyBert(bare)]) {
      using checkpoint = openCheckpoint(folder);
      const name = 'encoder.layer.1.output.dense.bias';
      expect(checkpoint.vector(name)).toEqual(tensors.get(`bert.${name}`)?.values);
      expect(checkpoint.matrix('qa_outputs.weight')).toMatchObject({ kind: 'float32', rows: 2, columns: 32 });
    }
  });

  it('names every missing and misshaped tensor at once', () => {
    const tensors = tinyTensors();
    tensors.delete('qa_outputs.bias');
    tensors.set('bert.embeddings.LayerNorm.weight', { shape: [31], values: new Float32Array(31) });
    const open = (): unknown => openCheckpoint(writeTinyBert(tensors));
    expect(open).toThrow(ConfigError);
    expect(open).toThrow(
      /embeddings\.LayerNorm\.weight is \[31\], not \[32\][\s\S]*qa_outputs\.bias \[2\] is missing/,
    );
  });

  it.each([4, 100, 5000])('whose weights end after %i bytes is called incomplete', (bytes) => {
    const folder = writeTinyBert();
    truncateSync(join(folder, 'model.safetensors'), bytes);
    expect(() => openCheckpoint(folder)).toThrow(ConfigError);
    expect(() => openCheckpoint(folder)).toThrow(/not a complete safetensors file/);
  });

  it('without weights or config is a setup error that says what belongs there', () => {
    expect(() => openCheckpoint('/no/such/model')).toThrow(SetupError);
    expect(() => openCheckpoint('/no/such/model')).toThrow(/config\.json, model\.safetensors and vocab\.txt/);
  });

  it.each([
    [{ ...tinyConfig, hidden_act: 'relu' }, /gelu/],
    [{ ...tinyConfig, num_attention_heads: 5 }, /multiple of num_attention_heads/],
    [{ hidden_size: 'large' }, /hidden_size/],
  ])('with an unsupported config is refused by name: %#', (config, text) => {
    expect(() => openCheckpoint(writeTinyBert(tinyTensors(), config))).toThrow(text);
  });

  it('with a config that is not JSON is refused', () => {
    const folder = writeTinyBert();
    writeFileSync(join(folder, 'config.json'), '{');
    expect(() => openCheckpoint(folder)).toThrow(/config\.json: not JSON/);
  });

  it('of the default model multiplies its int8 rows out to the reference weights', () => {
    using checkpoint = openCheckpoint('data/models/minilm-qa');
    const matrix = checkpoint.matrix('encoder.layer.0.attention.self.query.weight');
    if (matrix.kind !== 'int8') throw new Error('the default model stores int8 rows');
    const values = dequantized(matrix);
    expect(values[385]).toBe(Math.fround(matrix.values[385]! * matrix.rowScales[1]!));
    expect(checkpoint.model_sha256).toBe('14b9234970dd7086657c56f72a4ae676e13451b2b9e0227b60f384abf13c75e3');
  });
});

describe('half precision', () => {
  it.each([
    [0, 0x0000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [0.1, 0x2e66],
  ])('rounds %d to nearest even', (value, bits) => {
    expect(toFloat16(Float32Array.of(value))[0]).toBe(bits);
  });
});
