// The graph of a BERT in every precision and form, run by ONNX Runtime, against the libraries that made the checkpoints.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { openCheckpoint, type BertCheckpoint } from '../../../engines/bert/checkpoint.js';
import { interleaved, type Dense } from '../../../engines/bert/dense.js';
import { toBfloat16 } from '../../../engines/bert/float-bits.js';
import { paddedForm } from '../../../engines/bert/graph-form.js';
import { placements, type GraphOptions, type Quantization } from '../../../engines/bert/graph-options.js';
import { buildBertGraph } from '../../../engines/bert/graph.js';
import { encodeModel } from '../../../engines/bert/onnx-writer.js';
import { placeName, quantizationPlaces } from '../../../engines/bert/quantization-places.js';

const folder = 'tests/fixtures/checkpoints';
const { input_ids, token_type_ids, models } = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')) as {
  readonly input_ids: readonly number[];
  readonly token_type_ids: readonly number[];
  readonly models: Readonly<
    Record<string, { readonly start_logits: readonly number[]; readonly end_logits: readonly number[] }>
  >;
};

const row = (values: readonly number[]): Tensor =>
  new Tensor('int32', Int32Array.from(values), [1, values.length]);

async function logitsOf(checkpoint: BertCheckpoint, options: GraphOptions, paddingCount = 0) {
  const bytes = Buffer.concat(encodeModel(buildBertGraph(checkpoint, options), 'test'));
  const session = await InferenceSession.create(bytes, {
    logSeverityLevel: 3,
    graphOptimizationLevel: 'disabled', // the graph as it is written, not as a processor's kernels have it
  });
  const padding = Array<number>(paddingCount).fill(0);
  const { logits } = await session.run({
    input_ids: row([...input_ids, ...padding]),
    token_type_ids: row([...token_type_ids, ...padding]),
    ...(paddingCount === 0 ? {} : { attention_mask: row([...input_ids.map(() => 1), ...padding]) }),
  });
  await session.release();
  return (logits!.data as Float32Array).subarray(0, input_ids.length * 2); // the graph's only output
}

function largestDifference(got: Float32Array, model: string): number {
  const { start_logits, end_logits } = models[model]!;
  const expected = start_logits.flatMap((start, token) => [start, end_logits[token]!]);
  expect(got).toHaveLength(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(got[i]! - value)));
}

/** Wide enough for these small models. */
function wideRanges(checkpoint: BertCheckpoint): Quantization['ranges'] {
  return new Map(
    checkpoint.layers.flatMap((_shape, layer) =>
      quantizationPlaces.map((place) => [
        placeName(layer, place),
        place === 'probabilities' ? { min: 0, max: 1 } : { min: -4, max: 4 },
      ]),
    ),
  );
}

describe('the graph in fp32', () => {
  it.each(['safetensors-sharded', 'pytorch', 'pytorch-pruned', 'tensorflow', 'onnx'])(
    'of %s gives the logits of the library that made it',
    async (model) => {
      using checkpoint = openCheckpoint(`${folder}/${model}`);
      expect(largestDifference(await logitsOf(checkpoint, { precision: 'fp32' }), model)).toBeLessThan(1e-5);
    },
  );

  it('gives padded tokens no say in the others', async () => {
    using checkpoint = openCheckpoint(`${folder}/pytorch`);
    const padded = await logitsOf(checkpoint, { precision: 'fp32', form: paddedForm() }, 5);
    expect(largestDifference(padded, 'pytorch')).toBeLessThan(1e-5);
  });
});

describe('the graph with lower precision', () => {
  const quantized = (checkpoint: BertCheckpoint, more: Partial<Quantization> = {}): Quantization => ({
    ranges: wideRanges(checkpoint),
    placement: placements.everywhere,
    ...more,
  });

  it.each<readonly [string, number, (checkpoint: BertCheckpoint) => GraphOptions]>([
    ['fp16', 0.01, () => ({ precision: 'fp16' })],
    ['fp16 with fused softmax', 0.01, () => ({ precision: 'fp16', softmax: 'fused' })],
    ['fp16 as stored', 0.01, () => ({ precision: 'fp16-stored' })],
    ['dynamic int8 of 7 bits', 0.06, () => ({ precision: 'int8-dynamic', storedWeights: 'int7' })],
    ['dynamic int8 of unsigned weights', 0.03, () => ({ precision: 'int8-dynamic', storedWeights: 'uint8' })],
    ['int8', 0.2, (checkpoint) => ({ precision: 'int8', quantization: quantized(checkpoint) })],
    [
      'int8 around fp16',
      0.2,
      (checkpoint) => ({
        precision: 'int8',
        quantization: quantized(checkpoint, { unquantized: 'float16' }),
      }),
    ],
    [
      'int8 with uint8 activations and stored weights',
      0.2,
      (checkpoint) => ({
        precision: 'int8',
        quantization: quantized(checkpoint, {
          placement: placements.products,
          activations: 'uint8',
          weights: 'int8',
        }),
      }),
    ],
    ['fp8', 0.3, (checkpoint) => ({ precision: 'fp8', quantization: quantized(checkpoint) })],
  ])('%s stays within %d of fp32', async (_name, tolerance, optionsOf) => {
    using checkpoint = openCheckpoint(`${folder}/pytorch-pruned`);
    const difference = largestDifference(await logitsOf(checkpoint, optionsOf(checkpoint)), 'pytorch-pruned');
    expect(difference).toBeLessThan(tolerance);
    expect(difference).toBeGreaterThan(1e-6); // it is not fp32
  });

  it('keeps the places that it is told to keep', () => {
    using checkpoint = openCheckpoint(`${folder}/pytorch`);
    const places = (kept: ReadonlySet<string>): number =>
      buildBertGraph(checkpoint, {
        precision: 'int8',
        quantization: quantized(checkpoint),
        kept,
      }).nodes.filter(({ op }) => op === 'QuantizeLinear').length;
    // The activation and the weights behind it.
    expect(places(new Set(['layer.1.ffn_gelu']))).toBe(places(new Set()) - 2);
    expect(places(new Set(['layer.0.probabilities']))).toBe(places(new Set()) - 1);
  });

  it('has the scale of the scores in Q, and in the range of Q: no node between the products and softmax', () => {
    using checkpoint = openCheckpoint(`${folder}/pytorch`);
    const quantization = quantized(checkpoint);
    const { nodes, initializers } = buildBertGraph(checkpoint, {
      precision: 'int8',
      form: paddedForm(),
      quantization,
    });
    const behind = (value: string | undefined) => nodes.find(({ outputs }) => outputs[0] === value)!;
    const float = (name: string | undefined): number =>
      Buffer.from(initializers.find((each) => each.name === name)!.bytes()).readFloatLE();
    const softmaxes = nodes.filter(({ op }) => op === 'Softmax');
    expect(softmaxes).toHaveLength(checkpoint.layers.length);
    for (const [layer, softmax] of softmaxes.entries()) {
      const masked = behind(softmax.inputs[0]);
      const product = behind(masked.inputs[0]);
      expect([masked.op, product.op]).toEqual(['Add', 'MatMul']);
      const [query, key] = product.inputs.map(behind);
      expect([query?.op, key?.op]).toEqual(['DequantizeLinear', 'DequantizeLinear']);
      const times = 1 / Math.sqrt(checkpoint.layers[layer]!.head_size);
      expect(float(query?.inputs[1])).toBeCloseTo((4 / 127) * times, 7);
      expect(float(key?.inputs[1])).toBeCloseTo(4 / 127, 7);
    }
  });

  it('without a range for one of its places is refused by the place', () => {
    using checkpoint = openCheckpoint(`${folder}/pytorch`);
    const ranges = new Map(wideRanges(checkpoint));
    ranges.delete('layer.1.value');
    expect(() =>
      buildBertGraph(checkpoint, { precision: 'int8', quantization: quantized(checkpoint, { ranges }) }),
    ).toThrow(/no range for layer\.1\.value/);
  });

  it('in bf16 calculates in bfloat16, but softmax in float32', () => {
    using checkpoint = openCheckpoint(`${folder}/pytorch`);
    const { nodes, initializers } = buildBertGraph(checkpoint, { precision: 'bf16' });
    expect(new Set(initializers.map(({ type }) => type))).toEqual(new Set(['bfloat16', 'int64']));
    const softmax = nodes.find(({ op }) => op === 'Softmax')!;
    const before = nodes.find(({ outputs }) => outputs[0] === softmax.inputs[0]);
    expect(before).toMatchObject({ op: 'Cast', attributes: { to: { int: 1 } } });
  });
});

describe('weights', () => {
  it('rounds to bfloat16 to the nearest, ties to even', () => {
    const values = Float32Array.of(1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, -0.5, Infinity);
    expect([...toBfloat16(values)]).toEqual([0x3f80, 0x3f80, 0x3f82, 0x3f81, 0xbf00, 0x7f80]);
  });

  it('are put side by side group by group, with their scales', () => {
    const dense = (first: number, scale: number): Dense => ({
      rows: 4,
      columns: 1,
      scale,
      bias: Float32Array.of(first, first + 1, first + 2, first + 3),
      weight: () => ({
        kind: 'float32',
        rows: 4,
        columns: 1,
        values: Float32Array.of(first, first + 1, first + 2, first + 3),
      }),
    });
    const joined = interleaved([dense(0, 1), dense(10, 2)], 2, 2);
    expect([...joined.bias]).toEqual([0, 1, 20, 22, 2, 3, 24, 26]);
    expect(joined.weight()).toMatchObject({ rows: 8, values: Float32Array.of(0, 1, 20, 22, 2, 3, 24, 26) });
  });
});
