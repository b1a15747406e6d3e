// Rows of weights rounded to int8 steps, one scale per row.

import { dequantized, type Matrix } from './checkpoint.js';

/** Of a weight's int8 value: 8 uses −127 … 127, 7 uses −64 … 63. */
export type WeightBits = 7 | 8;

/** int8[rows, columns] in steps of `scales`, those of rowScales; 8 bits of a checkpoint that stores int8 rows are its own. */
export function quantizedRows(matrix: Matrix, scales: Float32Array, bits: WeightBits): Int8Array {
  if (matrix.kind === 'int8' && bits === 8) return matrix.values;
  const { rows, columns } = matrix;
  const values = dequantized(matrix);
  const quantized = new Int8Array(values.length);
  for (let row = 0; row < rows; row++) {
    const scale = scales[row]!;
    for (let i = row * columns; i < (row + 1) * columns; i++)
      quantized[i] = rounded(values[i]! / scale, bits);
  }
  return quantized;
}

/**
 * float32[rows]: the value of one step. Of training's magnitudes (`amax`, per row or one for all) where they are given.
 * Otherwise 8 bits reach the row's largest magnitude, and 7 bits, whose steps are twice as wide, only as far as makes the
 * squared error of the row least.
 */
export function rowScales(matrix: Matrix, amax: Float32Array | undefined, bits: WeightBits): Float32Array {
  if (matrix.kind === 'int8' && bits === 8) return matrix.rowScales;
  const { rows, columns } = matrix;
  const values = dequantized(matrix);
  return Float32Array.from({ length: rows }, (_unused, row) => {
    const given = amax?.[amax.length === 1 ? 0 : row];
    const part = values.subarray(row * columns, (row + 1) * columns);
    const largest = given ?? part.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (largest === 0) return 1;
    const scale = largest / greatest(bits);
    return bits === 8 || given !== undefined ? scale : bestScale(part, scale, bits);
  });
}

const greatest = (bits: WeightBits): number => (bits === 8 ? 127 : 63);

function rounded(steps: number, bits: WeightBits): number {
  const most = greatest(bits);
  return Math.max(bits === 8 ? -most : -most - 1, Math.min(most, Math.round(steps)));
}

/** Of `scale` and a few smaller ones, which clip the row's largest values, the one with the least squared error. */
function bestScale(row: Float32Array, scale: number, bits: WeightBits): number {
  let best = { scale, error: Infinity };
  for (let part = 1; part > 0.65; part -= 0.04) {
    const tried = scale * part;
    let error = 0;
    for (let i = 0; i < row.length; i++) {
      const difference = row[i]! - rounded(row[i]! / tried, bits) * tried;
      error += difference * difference;
    }
    if (error < best.error) best = { scale: tried, error };
  }
  return best.scale;
}
