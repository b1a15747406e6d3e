// A linear layer in the precisions we offer. Several layers with the same input become one matrix product.

import { toFloat16 } from './float-bits.js';
import {
  joinedBias,
  quantizedDense,
  sizesOf,
  transposedFloat32,
  type Dense,
  type QuantizedDense,
} from './dense.js';
import type { GraphBuilder } from './graph-builder.js';
import type { StoredWeights } from './graph-options.js';
import { LARGEST_FP8, LARGEST_INT8, type Quantizer } from './quantize.js';
import type { WeightBits } from './weight-rounding.js';

/** `x[…tokens, in]` times the weights, plus the bias. May be applied to several inputs: weights are kept once. */
export type Linear = (x: string, output?: string) => string;

/** Puts the weights of layers with the same input into the graph, side by side in the last axis of the result. */
export type LinearForm = (graph: GraphBuilder, layers: readonly Dense[]) => Linear;

/** In the graph's real type. */
export const realLinear: LinearForm = (graph, layers) => {
  const { inSize, outSize } = sizesOf(layers);
  return product(
    graph,
    graph.reals([inSize, outSize], () => transposedFloat32(layers)),
    layers,
  );
};

/** Weights stored as float16, multiplied in float32. */
export const storedFloat16Linear: LinearForm = (graph, layers) => {
  const { inSize, outSize } = sizesOf(layers);
  const stored = graph.tensor('float16', [inSize, outSize], () => toFloat16(transposedFloat32(layers)));
  return product(graph, graph.cast(stored, 'float32'), layers);
};

/** uint8 activations with one scale per tensor, found at run time; int8 weights with one scale per output. */
export function dynamicLinear(weights: StoredWeights): LinearForm {
  return (graph, layers) => {
    const quantized = quantizedDense(layers, bitsOf(weights));
    const [weight = '', ...zeroPoint] = storedInt8(graph, layers, quantized, weights);
    const weightScale = graph.vector(quantized.scales);
    const bias = graph.vector(joinedBias(layers));
    return (x, output) => {
      const [steps = '', scale = '', xZeroPoint = ''] = graph.nodes('DynamicQuantizeLinear', [x], 3);
      const sums = graph.node('MatMulInteger', [steps, weight, xZeroPoint, ...zeroPoint]);
      const factor = graph.node('Mul', [scale, weightScale]);
      const values = graph.node('Mul', [graph.cast(sums, 'float32'), factor]);
      return graph.node('Add', [values, bias], {}, output);
    };
  };
}

const bitsOf = (weights: StoredWeights): WeightBits => (weights === 'int7' ? 7 : 8);

/** The weights as they are stored, and their zero point where it is not 0. */
function storedInt8(
  graph: GraphBuilder,
  layers: readonly Dense[],
  { steps }: QuantizedDense,
  weights: StoredWeights,
): readonly string[] {
  const { inSize, outSize } = sizesOf(layers);
  if (weights !== 'uint8') return [graph.tensor('int8', [inSize, outSize], steps)];
  return [
    graph.tensor('uint8', [inSize, outSize], () => Uint8Array.from(steps(), (value) => value + 128)),
    graph.tensor('uint8', [], Uint8Array.of(128)),
  ];
}

/**
 * Weights that pass through DequantizeLinear; the input has been through it already. int8: one scale per output; fp8: one per
 * matrix.
 */
export function explicitLinear(quantizer: Quantizer): LinearForm {
  const { format, quantization } = quantizer;
  return (graph, layers) => {
    if (format === 'fp8') return product(graph, fp8Weight(graph, layers), layers);
    return product(graph, int8Weight(graph, layers, quantization.weights ?? 'in-graph'), layers);
  };
}

function int8Weight(
  graph: GraphBuilder,
  layers: readonly Dense[],
  weights: StoredWeights | 'in-graph',
): string {
  const { inSize, outSize } = sizesOf(layers);
  const axis = { axis: { int: 1 } };
  const quantized = quantizedDense(layers, weights === 'in-graph' ? 8 : bitsOf(weights));
  const parameters = [
    graph.reals([outSize], () => quantized.scales),
    weights === 'uint8'
      ? graph.tensor('uint8', [outSize], new Uint8Array(outSize).fill(128))
      : graph.tensor('int8', [outSize], new Int8Array(outSize)),
  ];
  const [stored = ''] =
    weights === 'in-graph'
      ? [
          graph.node(
            'QuantizeLinear',
            [graph.reals([inSize, outSize], () => transposedFloat32(layers)), ...parameters],
            axis,
          ),
        ]
      : storedInt8(graph, layers, quantized, weights);
  return graph.node('DequantizeLinear', [stored, ...parameters], axis);
}

function fp8Weight(graph: GraphBuilder, layers: readonly Dense[]): string {
  const { inSize, outSize } = sizesOf(layers);
  const largest = quantizedDense(layers, 8).scales.reduce((a, b) => Math.max(a, b), 0) * LARGEST_INT8;
  const parameters = [
    graph.scalar(largest / LARGEST_FP8),
    graph.tensor('float8e4m3fn', [], Uint8Array.of(0)),
  ];
  const weight = graph.reals([inSize, outSize], () => transposedFloat32(layers));
  return graph.node(
    'DequantizeLinear',
    [graph.node('QuantizeLinear', [weight, ...parameters]), ...parameters],
    {},
  );
}

function product(graph: GraphBuilder, weight: string, layers: readonly Dense[]): Linear {
  const bias = graph.vector(joinedBias(layers));
  return (x, output) => graph.node('Add', [graph.node('MatMul', [x, weight]), bias], {}, output);
}
