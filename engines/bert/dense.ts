// Weights of linear layers on their way into a graph: side by side, transposed, scaled, rounded to int8.

import { dequantized, type Matrix } from './checkpoint.js';
import { quantizedRows, rowScales, type WeightBits } from './weight-rounding.js';

/** A linear layer's weights [out, in] and bias; weights are read when they are asked for, and not kept. */
export interface Dense {
  readonly rows: number;
  readonly columns: number;
  readonly weight: () => Matrix;
  readonly bias: Float32Array;
  /** Both are multiplied by it. */
  readonly scale: number;
  /** Largest magnitudes of training, one per row or one for all. */
  readonly amax?: Float32Array;
}

/** float32[out]: the biases one after the other. */
export function joinedBias(layers: readonly Dense[]): Float32Array {
  const size = layers.reduce((sum, { rows }) => sum + rows, 0);
  const result = new Float32Array(size);
  let at = 0;
  for (const { bias, scale } of layers) {
    for (const value of bias) result[at++] = value * scale;
  }
  return result;
}

/** float32[in, out]: the weights side by side. */
export function transposedFloat32(layers: readonly Dense[]): Float32Array {
  const { inSize, outSize } = sizesOf(layers);
  const result = new Float32Array(inSize * outSize);
  let column = 0;
  for (const layer of layers) {
    const values = dequantized(layer.weight());
    for (let row = 0; row < layer.rows; row++, column++) {
      for (let i = 0; i < inSize; i++) result[i * outSize + column] = values[row * inSize + i]! * layer.scale;
    }
  }
  return result;
}

/** The weights in int8 steps. The scales are found at once, the steps when they are written. */
export interface QuantizedDense {
  /** float32[out]: the value of one step of each output's weights. */
  readonly scales: Float32Array;
  /** int8[in, out] */
  readonly steps: () => Int8Array;
}

export function quantizedDense(layers: readonly Dense[], bits: WeightBits): QuantizedDense {
  const { inSize, outSize } = sizesOf(layers);
  const scalesOf = layers.map(({ weight, amax }) => rowScales(weight(), amax, bits));
  return {
    scales: Float32Array.from(
      layers.flatMap(({ scale }, place) => Array.from(scalesOf[place]!, (rowScale) => rowScale * scale)),
    ),
    steps() {
      const result = new Int8Array(inSize * outSize);
      let column = 0;
      for (const [place, { rows, weight }] of layers.entries()) {
        const values = quantizedRows(weight(), scalesOf[place]!, bits);
        for (let row = 0; row < rows; row++, column++) {
          for (let i = 0; i < inSize; i++) result[i * outSize + column] = values[row * inSize + i]!;
        }
      }
      return result;
    },
  };
}

export function sizesOf(layers: readonly Dense[]): { readonly inSize: number; readonly outSize: number } {
  return {
    inSize: layers[0]?.columns ?? 0,
    outSize: layers.reduce((sum, { rows }) => sum + rows, 0),
  };
}

/** Layers of the same shape as one: group by group of `size` rows, of each group every layer's. */
export function interleaved(layers: readonly Dense[], groupCount: number, size: number): Dense {
  const order = Array.from({ length: groupCount }, (_unused, group) =>
    layers.map((_layer, part) => ({ part, from: group * size })),
  ).flat();
  const columns = layers[0]?.columns ?? 0;
  const gather = <T extends Float32Array | Int8Array>(parts: readonly T[], result: T, width: number): T => {
    for (const [place, { part, from }] of order.entries()) {
      result.set(parts[part]!.subarray(from * width, (from + size) * width), place * size * width);
    }
    return result;
  };
  const rows = order.length * size;
  const perRow = (parts: readonly Float32Array[]): Float32Array => gather(parts, new Float32Array(rows), 1);
  const amax = layers.map(({ amax: own, rows: count }) =>
    own?.length === 1 ? new Float32Array(count).fill(own[0]!) : own,
  );
  return {
    rows,
    columns,
    weight() {
      const parts = layers.map((layer) => layer.weight());
      const int8 = parts.filter((part) => part.kind === 'int8');
      if (int8.length === parts.length) {
        const values = int8.map((part) => part.values);
        return {
          kind: 'int8',
          rows,
          columns,
          values: gather(values, new Int8Array(rows * columns), columns),
          rowScales: perRow(
            int8.map(({ rowScales: own }, part) => own.map((each) => each * layers[part]!.scale)),
          ),
        };
      }
      const values = parts.map((part, place) => dequantized(part).map((each) => each * layers[place]!.scale));
      return {
        kind: 'float32',
        rows,
        columns,
        values: gather(values, new Float32Array(rows * columns), columns),
      };
    },
    bias: perRow(layers.map(({ bias, scale }) => bias.map((each) => each * scale))),
    scale: 1,
    ...(amax.every((each) => each !== undefined) ? { amax: perRow(amax) } : {}),
  };
}
