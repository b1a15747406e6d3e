// A linear layer in the precisions we offer. Several layers with the same input become one matrix product.

import { dequantized, type Matrix } from './checkpoint.js';
import { toFloat16 } from './float16.js';
import type { GraphBuilder } from './graph-builder.js';

export type Precision = 'fp32' | 'fp16' | 'int8';

/** A linear layer's weights [out, in] and bias, both times `scale`. */
export interface Dense {
  readonly weight: Matrix;
  readonly bias: Float32Array;
  readonly scale: number;
}

/** `x[batch, sequence, in]` times the weights, plus the bias. May be applied to several inputs: weights are kept once. */
export type Linear = (x: string, output?: string) => string;

/**
 * Puts the weights of layers with the same input into the graph, side by side in the last axis of the result.
 *
 * - fp32: float32 weights.
 * - fp16: weights stored as float16, multiplied in float32 (CPUs have no faster way).
 * - int8: dynamic: uint8 activations with one scale per tensor, found at run time; int8 weights with one scale per row.
 *   A checkpoint that stores int8 rows is used as it is: its weights are not rounded twice.
 */
export function createLinear(graph: GraphBuilder, precision: Precision, layers: readonly Dense[]): Linear {
  const inSize = layers[0]?.weight.columns ?? 0;
  const outSize = layers.reduce((sum, { weight }) => sum + weight.rows, 0);
  const shape = [inSize, outSize];
  const bias = graph.vector(joinedBias(layers));
  const plusBias = (product: string, output: string | undefined): string =>
    graph.node('Add', [product, bias], {}, output);
  switch (precision) {
    case 'fp32': {
      const weight = graph.tensor('float32', shape, transposedFloat32(layers, inSize, outSize));
      return (x, output) => plusBias(graph.node('MatMul', [x, weight]), output);
    }
    case 'fp16': {
      const stored = graph.tensor('float16', shape, toFloat16(transposedFloat32(layers, inSize, outSize)));
      const weight = graph.cast(stored, 'float32');
      return (x, output) => plusBias(graph.node('MatMul', [x, weight]), output);
    }
    case 'int8': {
      const { values, columnScales } = transposedInt8(layers, inSize, outSize);
      const weight = graph.tensor('int8', shape, values);
      const weightScale = graph.vector(columnScales);
      return (x, output) => {
        const [quantized = '', scale = '', zeroPoint = ''] = graph.nodes('DynamicQuantizeLinear', [x], 3);
        const product = graph.node('MatMulInteger', [quantized, weight, zeroPoint]);
        const factor = graph.node('Mul', [scale, weightScale]);
        return plusBias(graph.node('Mul', [graph.cast(product, 'float32'), factor]), output);
      };
    }
  }
}

function joinedBias(layers: readonly Dense[]): Float32Array {
  return Float32Array.from(layers.flatMap(({ bias, scale }) => Array.from(bias, (value) => value * scale)));
}

/** float32[in, out] */
function transposedFloat32(layers: readonly Dense[], inSize: number, outSize: number): Float32Array {
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
function transposedInt8(
  layers: readonly Dense[],
  inSize: number,
  outSize: number,
): { readonly values: Int8Array; readonly columnScales: Float32Array } {
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
