// ONNX files as sources of weights: NVIDIA's ranges, Q/DQ of ONNX Runtime's quantiser, and files that lie.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../configs/errors.js';
import { dequantized, openCheckpoint, type BertCheckpoint } from '../../../engines/bert/checkpoint.js';
import { quantizationPlaces } from '../../../engines/bert/quantization-places.js';
import { qatRanges } from '../../../engines/bert/qat-ranges.js';

const folder = 'tests/fixtures/checkpoints';
const scalesOf = (model: string) =>
  JSON.parse(readFileSync(join(folder, model, 'scales.json'), 'utf8')) as Readonly<
    Record<string, readonly number[]>
  >;

function copyOf(model: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'loadrig-onnx-'));
  cpSync(join(folder, model), copy, { recursive: true });
  return copy;
}

/** Replaces text in a file by text of the same length. */
function patch(path: string, from: string, to: string): void {
  expect(to).toHaveLength(from.length);
  const text = readFileSync(path, 'latin1');
  expect(text).toContain(from);
  writeFileSync(path, text.replaceAll(from, to), 'latin1');
}

describe("NVIDIA's fake-quant export", () => {
  it('gives the range of every place bit for bit', () => {
    using checkpoint = openCheckpoint(join(folder, 'onnx-qat'));
    const { activations, weights } = checkpoint.quantization!;
    // The script counts them up in thirds, layer by layer, in the order of the quantisers.
    const inOrder = [0, 1].flatMap((layer) => quantizationPlaces.map((place) => `layer.${layer}.${place}`));
    expect([...activations]).toEqual(inOrder.map((place, i) => [place, Math.fround((i + 1) / 3)]));
    expect([...weights.keys()]).toEqual([
      'encoder.layer.0.attention.self.query.weight',
      'encoder.layer.1.attention.self.query.weight',
    ]);
    expect(weights.get('encoder.layer.0.attention.self.query.weight')).toHaveLength(16);
  });

  it('may name the quantisers of the attention products in either of its two ways', () => {
    const read = () => Float32Array.of(2);
    const places = (...names: readonly string[]) => [
      ...qatRanges(
        names.map((name) => `encoder.layer.0.attention.self.${name}._amax`),
        read,
      )!.activations.keys(),
    ];
    expect(
      places('qv_a_input_quantizer', 'qv_b_input_quantizer', 'av_b_input_quantizer', 'av_a_input_quantizer'),
    ).toEqual(
      places(
        'matmul_q_input_quantizer',
        'matmul_k_input_quantizer',
        'matmul_v_input_quantizer',
        'matmul_a_input_quantizer',
      ),
    );
  });
});

describe('Q/DQ of a quantiser', () => {
  it.each(['onnx-int8', 'onnx-pairs'])('%s: matrices are int8 rows with the scales of the file', (model) => {
    using original = openCheckpoint(join(folder, 'onnx'));
    using checkpoint = openCheckpoint(join(folder, model));
    const scales = scalesOf(model);
    const names = { query: 'onnx::MatMul_276_scale', 'intermediate.dense': 'onnx::MatMul_299_scale' };
    for (const [layer, scaleName] of [
      ['encoder.layer.0.attention.self.query.weight', names.query],
      ['encoder.layer.0.intermediate.dense.weight', names['intermediate.dense']],
    ] as const) {
      const matrix = checkpoint.matrix(layer);
      if (matrix.kind !== 'int8') throw new Error(`${layer} is ${matrix.kind}`);
      expect([...matrix.rowScales]).toEqual(scales[scaleName]);
      expectNear(checkpoint, original, layer, Math.max(...matrix.rowScales));
    }
  });

  it('int8 tables and biases are multiplied out', () => {
    using original = openCheckpoint(join(folder, 'onnx'));
    using checkpoint = openCheckpoint(join(folder, 'onnx-int8'));
    const scales = scalesOf('onnx-int8');
    for (const name of ['embeddings.word_embeddings.weight', 'encoder.layer.1.attention.self.key.bias']) {
      expectNear(checkpoint, original, name, scales[`inner.bert.${name}_scale`]![0]!);
    }
  });

  it('ranges of activations come back as the scales of the file, bit for bit', () => {
    using checkpoint = openCheckpoint(join(folder, 'onnx-int8'));
    const { activations } = checkpoint.quantization!;
    const scales = scalesOf('onnx-int8');
    const at = '/inner/bert/encoder/layer.1';
    const expected = {
      qkv_input: '/inner/bert/encoder/layer.0/output/LayerNorm/LayerNormalization_output_0',
      query: `${at}/attention/self/Transpose_output_0`,
      key: `${at}/attention/self/Transpose_2_output_0`,
      value: `${at}/attention/self/Transpose_1_output_0`,
      probabilities: `${at}/attention/self/Softmax_output_0`,
      context: `${at}/attention/self/Reshape_3_output_0`,
      attention_output: `${at}/attention/output/dense/Add_output_0`,
      attention_residual: '/inner/bert/encoder/layer.0/output/LayerNorm/LayerNormalization_output_0',
      ffn_input: `${at}/attention/output/LayerNorm/LayerNormalization_output_0`,
      ffn_gelu: `${at}/intermediate/intermediate_act_fn/Mul_1_output_0`,
      ffn_output: `${at}/output/dense/Add_output_0`,
      ffn_residual: `${at}/attention/output/LayerNorm/LayerNormalization_output_0`,
    };
    for (const place of quantizationPlaces) {
      const scale = scales[`${expected[place]}_scale`]![0]!;
      expect(activations.get(`layer.1.${place}`)! / 127, place).toBe(scale);
    }
  });
});

/** Rounding to int8 is off by half a step at most; float64 keeps the comparison out of it. */
function expectNear(checkpoint: BertCheckpoint, original: BertCheckpoint, name: string, step: number): void {
  const values = name.endsWith('bias') ? checkpoint.vector(name) : dequantized(checkpoint.matrix(name));
  const wanted = original.vector(name);
  expect(values).toHaveLength(wanted.length);
  const worst = Math.max(...wanted.map((value, i) => Math.abs(value - values[i]!)));
  expect(worst, name).toBeGreaterThan(0);
  expect(worst, name).toBeLessThan(step * 0.501);
}

describe('an ONNX file', () => {
  it('whose external data would lie elsewhere is refused', () => {
    const copy = copyOf('onnx-qat');
    patch(join(copy, 'model.onnx'), 'model.data', '../el.data');
    expect(() => openCheckpoint(copy)).toThrow(ConfigError);
    expect(() => openCheckpoint(copy)).toThrow(/"\.\.\/el\.data" must be a file in the same folder/);
  });

  it('whose external data is a link is refused', () => {
    const copy = copyOf('onnx-qat');
    rmSync(join(copy, 'model.data'));
    symlinkSync('/etc/hostname', join(copy, 'model.data'));
    expect(() => openCheckpoint(copy)).toThrow(/model\.data is a link/);
  });

  it('without its external data, or with half of it, is called incomplete', () => {
    const copy = copyOf('onnx-qat');
    truncateSync(join(copy, 'model.data'), 9000);
    expect(() => openCheckpoint(copy)).toThrow(/model\.data: incomplete: "bert\..*" ends at byte/);
    rmSync(join(copy, 'model.data'));
    expect(() => openCheckpoint(copy)).toThrow(/weights are in model\.data, which is missing/);
  });

  it.each([100, 20_000, 51_000])('cut off at byte %i is called damaged', (bytes) => {
    const copy = copyOf('onnx');
    truncateSync(join(copy, 'model.onnx'), bytes);
    expect(() => openCheckpoint(copy)).toThrow(ConfigError);
    expect(() => openCheckpoint(copy)).toThrow(/damaged at byte/);
  });

  it('that is none, or another model, is refused with what is missing', () => {
    const copy = copyOf('onnx');
    writeFileSync(join(copy, 'model.onnx'), '');
    expect(() => openCheckpoint(copy)).toThrow(/no ONNX model/);
    cpSync(join(folder, 'onnx', 'model.onnx'), join(copy, 'model.onnx'));
    patch(join(copy, 'model.onnx'), 'layer.0.intermediate', 'layer.0.somethingels');
    expect(() => openCheckpoint(copy)).toThrow(
      /encoder\.layer\.0\.intermediate\.dense\.weight \[32, 16\] is missing/,
    );
  });
});
