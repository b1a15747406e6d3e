// Quantised constants of an ONNX file as our int8 rows: symmetric, one scale per row, the bits of the file.

import { ConfigError } from '../../../configs/errors.js';
import type { OnnxConstant } from './onnx-model.js';
import type { ReadableTensor } from './onnx.js';
import type { ConstantUse, Quantization } from './onnx-wiring.js';
import { transposed } from './weight-source.js';

/**
 * `name` as I8 [out, in] and `<name>_scale` as F32 [out, 1]. A float matrix behind QuantizeLinear becomes the int8 values
 * that the graph computes with.
 *
 * @throws {ConfigError} for asymmetric weights, other types, and scales along the inputs.
 */
export function quantizedMatrix(
  path: string,
  name: string,
  { constant, isTransposed }: ConstantUse,
  { scale, zeroPoint, axis }: Quantization,
): readonly (readonly [string, ReadableTensor])[] {
  const [stored = 0, other = 0] = constant.shape;
  const [rows, columns] = isTransposed ? [other, stored] : [stored, other];
  const scaleCount = countOf(scale);
  const problem = (reason: string): ConfigError => new ConfigError(`${path}: "${constant.name}" ${reason}`);
  if (zeroPoint?.read().some((byte) => byte !== 0) === true) {
    throw problem('is quantised asymmetrically (its zero point is not 0); quantise weights symmetrically');
  }
  if (scale.dtype !== 'F32' || (constant.dtype !== 'I8' && constant.dtype !== 'F32')) {
    throw problem(`is ${constant.dtype} with scales in ${scale.dtype}; I8 with F32 can be read`);
  }
  const outAxis = isTransposed ? 1 : 0;
  if (scaleCount > 1 && (scaleCount !== rows || (axis + 2) % 2 !== outAxis)) {
    throw problem(`has ${scaleCount} scales, not one or one for each of its ${rows} outputs`);
  }
  const scales = (): Float32Array => {
    const values = new Float32Array(scale.read().slice().buffer);
    return scaleCount === 1 ? new Float32Array(rows).fill(values[0] ?? 0) : values;
  };
  const matrix: ReadableTensor = {
    dtype: 'I8',
    shape: [rows, columns],
    storedName: constant.name,
    read: () => {
      if (constant.dtype === 'I8')
        return isTransposed ? transposed(constant.read(), stored, other, 1) : constant.read();
      const bytes = constant.read();
      const rowMajor = isTransposed ? transposed(bytes, stored, other, 4) : bytes;
      return quantizedRows(new Float32Array(rowMajor.buffer), columns, scales());
    },
  };
  return [
    [name, matrix],
    [
      `${name}_scale`,
      { dtype: 'F32', shape: [rows, 1], storedName: scale.name, read: () => new Uint8Array(scales().buffer) },
    ],
  ];
}

/** As QuantizeLinear does it: round half to even, then saturate. */
function quantizedRows(values: Float32Array, columns: number, scales: Float32Array): Uint8Array {
  const result = new Int8Array(values.length);
  for (const [i, value] of values.entries()) {
    const quotient = Math.fround(value / scales[Math.floor(i / columns)]!);
    const rounded = Math.abs(quotient % 1) === 0.5 ? 2 * Math.round(quotient / 2) : Math.round(quotient);
    result[i] = Math.max(-128, Math.min(127, rounded));
  }
  return new Uint8Array(result.buffer);
}

/** A bias that was quantised to int8 or int32, as float32. @throws {ConfigError} for other types. */
export function dequantizedBias(path: string, { constant, quantization }: ConstantUse): ReadableTensor {
  const { dtype } = constant;
  if ((dtype !== 'I32' && dtype !== 'I8') || quantization?.scale.dtype !== 'F32') {
    throw new ConfigError(`${path}: "${constant.name}" is quantised as ${dtype}; I8 and I32 can be read`);
  }
  return {
    dtype: 'F32',
    shape: constant.shape,
    storedName: constant.name,
    read: () => {
      const scales = new Float32Array(quantization.scale.read().slice().buffer);
      const { buffer } = constant.read().slice();
      const values = dtype === 'I8' ? new Int8Array(buffer) : new Int32Array(buffer);
      return new Uint8Array(
        Float32Array.from([...values], (value, i) => value * (scales[scales.length === 1 ? 0 : i] ?? 0))
          .buffer,
      );
    },
  };
}

const countOf = ({ shape }: OnnxConstant): number => shape.reduce((product, size) => product * size, 1);
