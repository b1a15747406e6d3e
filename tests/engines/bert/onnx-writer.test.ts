// The ONNX writer against ONNX Runtime's own reader.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { createGraphBuilder } from '../../../engines/bert/graph-builder.js';
import { encodeModel, encodeSplitModel, type OnnxGraph } from '../../../engines/bert/onnx-writer.js';
import { temporaryFolder } from '../../built.js';

const SIZE = 130; // its square of float32 is 66 KiB: over the 64 KiB from which a tensor leaves the model file

/** y = x · A + B + c with two large tensors and a small one. */
function largeGraph(): OnnxGraph {
  const graph = createGraphBuilder();
  const square = (seed: number): Float32Array =>
    Float32Array.from({ length: SIZE * SIZE }, (_unused, i) => ((i * seed) % 17) - 8);
  const product = graph.node('MatMul', ['x', graph.tensor('float32', [SIZE, SIZE], square(3))]);
  const sum = graph.node('Add', [product, graph.tensor('float32', [SIZE, SIZE], square(5))]);
  graph.node('Add', [sum, graph.scalar(0.5)], {}, 'y');
  return graph.finish({
    name: 'test',
    opset: 17,
    inputs: [{ name: 'x', type: 'float32', shape: [SIZE, SIZE] }],
    outputs: [{ name: 'y', type: 'float32', shape: [SIZE, SIZE] }],
  });
}

async function resultOf(path: string): Promise<unknown> {
  const session = await InferenceSession.create(path, { logSeverityLevel: 3 });
  const x = Float32Array.from({ length: SIZE * SIZE }, (_unused, i) => (i % 11) - 5);
  const { y } = await session.run({ x: new Tensor('float32', x, [SIZE, SIZE]) });
  await session.release();
  return y?.data;
}

test('a model split in two files computes what the whole one computes', async () => {
  const folder = temporaryFolder();
  const whole = join(folder, 'whole.onnx');
  const split = join(folder, 'split.onnx');
  const { model, data } = encodeSplitModel(largeGraph(), 'test', 'split.data');
  writeFileSync(whole, Buffer.concat(encodeModel(largeGraph(), 'test')));
  writeFileSync(split, Buffer.concat(model));
  writeFileSync(join(folder, 'split.data'), Buffer.concat([...data]));
  const expected = await resultOf(whole);
  expect(expected).toBeInstanceOf(Float32Array);
  expect(await resultOf(split)).toEqual(expected);
});

test('external tensors start at multiples of 64 KiB, and small ones stay inside', () => {
  const { model, data } = encodeSplitModel(largeGraph(), 'test', 'split.data');
  const bytes = SIZE * SIZE * 4;
  expect(Buffer.concat([...data])).toHaveLength(2 * 65_536 + bytes);
  const text = Buffer.concat(model).toString('latin1');
  expect(text.match(/offset\x12.(\d+)/gs)?.map((match) => match.slice(8))).toEqual(['0', '131072']);
  expect(text.match(/split\.data/g)).toHaveLength(2);
});

test('the same graph is always the same bytes', () => {
  const bytes = (): Buffer => Buffer.concat(encodeModel(largeGraph(), 'test'));
  expect(bytes().equals(bytes())).toBe(true);
});
