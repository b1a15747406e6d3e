// Linear layers whose heads are filled up with zeros to a size that an attention kernel has. Zeros in Q and K add nothing to a
// score, zeros in V nothing to what the output product takes of the wider context.

import type { Matrix } from './checkpoint.js';
import type { Dense } from './dense.js';

export interface HeadSizes {
  readonly count: number;
  readonly size: number;
  /** At least `size`. */
  readonly width: number;
}

/** The product that makes heads: [count · size, in] → [count · width, in], and its bias. */
export function headsMadeWider(layer: Dense, heads: HeadSizes): Dense {
  const { count, size, width } = heads;
  if (size === width) return layer;
  const spread = <T extends Float32Array | Int8Array>(from: T, to: T, columns: number): T => {
    for (let head = 0; head < count; head++)
      to.set(from.subarray(head * size * columns, (head + 1) * size * columns), head * width * columns);
    return to;
  };
  const rows = count * width;
  const { columns, amax } = layer;
  return {
    ...layer,
    rows,
    weight() {
      const matrix = layer.weight();
      if (matrix.kind === 'float32')
        return {
          ...matrix,
          rows,
          values: spread(matrix.values, new Float32Array(rows * columns), columns),
        };
      // A row of zeros needs a scale all the same.
      const rowScales = spread(matrix.rowScales, new Float32Array(rows).fill(1), 1);
      return {
        ...matrix,
        rows,
        rowScales,
        values: spread(matrix.values, new Int8Array(rows * columns), columns),
      };
    },
    bias: spread(layer.bias, new Float32Array(rows), 1),
    ...(amax === undefined || amax.length === 1 ? {} : { amax: spread(amax, new Float32Array(rows), 1) }),
  };
}

/** The product that takes heads: [out, count · size] → [out, count · width]. */
export function headsTakenWider(layer: Dense, { count, size, width }: HeadSizes): Dense {
  if (size === width) return layer;
  const { rows } = layer;
  const columns = count * width;
  const spread = <T extends Float32Array | Int8Array>(from: T, to: T): T => {
    for (let row = 0; row < rows; row++)
      for (let head = 0; head < count; head++) {
        const at = (row * count + head) * size;
        to.set(from.subarray(at, at + size), (row * count + head) * width);
      }
    return to;
  };
  return {
    ...layer,
    columns,
    weight(): Matrix {
      const matrix = layer.weight();
      return matrix.kind === 'float32'
        ? { ...matrix, columns, values: spread(matrix.values, new Float32Array(rows * columns)) }
        : { ...matrix, columns, values: spread(matrix.values, new Int8Array(rows * columns)) };
    },
  };
}
