// Which form of int8 weights a processor gets, and why: sums of 8-bit products that saturate.

import { expect, it, test } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { createGraphBuilder } from '../../../engines/bert/graph-builder.js';
import { dynamicLinear } from '../../../engines/bert/linear.js';
import { encodeModel } from '../../../engines/bert/onnx-writer.js';
import { storedWeightsFor } from '../../../engines/onnxruntime/processor.js';
import { sessionOptions } from '../../../engines/onnxruntime/session-options.js';

test.each([
  ['x64', 'fpu avx2 fma', 'int7'],
  ['x64', 'fpu avx2 avx512f avx512bw', 'int7'],
  ['x64', '', 'int7'],
  ['x64', 'fpu avx2 avx_vnni', 'int8'],
  ['x64', 'avx512f avx512_vnni amx_int8', 'int8'],
  ['arm64', 'fp asimd', 'int8'],
] as const)('%s with "%s" gets %s weights', (arch, flags, weights) => {
  expect(storedWeightsFor(arch, flags)).toBe(weights);
});

it('multiplies the largest weights and activations without cutting their sums on this very processor', async () => {
  const size = 64;
  const graph = createGraphBuilder();
  const weight = {
    kind: 'float32',
    rows: size,
    columns: size,
    values: new Float32Array(size * size).fill(1),
  } as const;
  const layer = { rows: size, columns: size, weight: () => weight, bias: new Float32Array(size), scale: 1 };
  dynamicLinear(storedWeightsFor())(graph, [layer])('x', 'y');
  const shape = [1, size, size];
  const model = graph.finish({
    name: 'test',
    opset: 17,
    inputs: [{ name: 'x', type: 'float32', shape }],
    outputs: [{ name: 'y', type: 'float32', shape }],
  });
  const session = await InferenceSession.create(
    Buffer.concat(encodeModel(model, 'test')),
    sessionOptions({ threads: 1, optimize: true }),
  );
  const x = new Tensor('float32', new Float32Array(size * size).fill(1), shape);
  const { y } = await session.run({ x });
  await session.release();
  for (const value of y!.data as Float32Array) expect(value).toBeCloseTo(size, 3); // about half of it with saturation
});
