// A linear layer in the precisions we offer. Several layers with the same input become one matrix product.

import { dequantized, type Matrix } from './checkpoint.js';
import { toFloat16 } from './float16.js';
import type { Dense } from './graph.js';
import type { GraphBuilder } from './graph-builder.js';

export type Precision = 'fp32' | 'fp16' | 'int8';

/** `x[batch, sequence, in]` times the layers' weights, side by side in the last axis. */
export type Linear = (x: string, layers: readonly Dense[], output?: string) => string;

/**
 * - fp32: float32 weights.
 * - fp16: weights stored as float16, multiplied in float32 (CPUs have no faster way).
 * - int8: dynamic: uint8 activations with one scale per tensor, found at run time; int8 weights with one scale per row.
 *   A checkpoint that stores int8 rows is used as it is: its weights are not rounded twice.
 */
export function createLinear(graph: GraphBuilder, precision: Precision): Linear {
  switch (precision) {
    case 'fp32':
      return (x, layers, output) => {
        const { inSize, outSize } = sizes(layers);
        const weight = graph.tensor('float32', [inSize, outSize], transposedFloat32(layers));
        return graph.node(
          'Add',
          [graph.node('MatMul', [x, weight]), graph.vector(joinedBias(layers))],
          {},
          output,
        );
      };
    case 'fp16':
      return (x, layers, output) => {
        const { inSize, outSize } = sizes(layers);
        const stored = graph.tensor('float16', [inSize, outSize], toFloat16(transposedFloat32(layers)));
        const product = graph.node('MatMul', [x, graph.cast(stored, 'float32')]);
        return graph.node('Add', [product, graph.vector(joinedBias(layers))], {}, output);
      };
    case 'int8':
      return (x, layers, output) => {
        const { inSize, outSize } = sizes(layers);
        const { values, columnScales } = transposedInt8(layers);
        const [quantized = '', scale = '', zeroPoint = ''] = graph.nodes('DynamicQuantizeLinear', [x], 3);
        const weight = graph.tensor('int8', [inSize, outSize], values);
        const product = graph.node('MatMulInteger', [quantized, weight, zeroPoint]);
        const factor = graph.node('Mul', [scale, graph.vector(columnScales)]);
        const scaled = graph.node('Mul', [graph.cast(product, 'float32'), factor]);
        return graph.node('Add', [scaled, graph.vector(joinedBias(layers))], {}, output);
      };
  }
}

function sizes(layers: readonly Dense[]): { readonly inSize: number; readonly outSize: number } {
  return {
    inSize: layers[0]?.weight.columns ?? 0,
    outSize: layers.reduce((sum, { weight }) => sum + weight.rows, 0),
  };
}

function joinedBias(layers: readonly Dense[]): Float32Array {
  return Float32Array.from(layers.flatMap(({ bias, scale }) => Array.from(bias, (value) => value * scale)));
}

/** float32[in, out] */
function transposedFloat32(layers: readonly Dense[]): Float32Array {
  const { inSize, outSize } = sizes(layers);
  const result = new Float32Array(inSize * outSize);
  let column = 0;
  for (const { weight, scale } of layers) {
    const values = dequantized(weight);
    for (let row = 0; row < weight.rows; row++, column++) {
      for (let i = 0; i < inSize; i++) result[i * outSize + column] = values[row * inSize + i]! * scale;
    }
  }
  return result;
}

/** int8[in, out] and float32[out]: the scale of each output. */
function transposedInt8(layers: readonly Dense[]): {
  readonly values: Int8Array;
  readonly columnScales: Float32Array;
} {
  const { inSize, outSize } = sizes(layers);
  const values = new Int8Array(inSize * outSize);
  const columnScales = new Float32Array(outSize);
  let column = 0;
  for (const { weight, scale } of layers) {
    const rows = quantizedRows(weight);
    for (let row = 0; row < weight.rows; row++, column++) {
      for (let i = 0; i < inSize; i++) values[i * outSize + column] = rows.values[row * inSize + i]!;
      columnScales[column] = rows.rowScales[row]! * scale;
    }
  }
  return { values, columnScales };
}

function quantizedRows(matrix: Matrix): { readonly values: Int8Array; readonly rowScales: Float32Array } {
  if (matrix.kind === 'int8') return matrix;
  const { rows, columns, values } = matrix;
  const quantized = new Int8Array(values.length);
  const rowScales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++)
      largest = Math.max(largest, Math.abs(values[i]!));
    const scale = largest === 0 ? 1 : largest / 127;
    rowScales[row] = scale;
    for (let i = row * columns; i < (row + 1) * columns; i++) quantized[i] = Math.round(values[i]! / scale);
  }
  return { values: quantized, rowScales };
}
