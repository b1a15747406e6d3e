// The core of self-attention, between the QKV product and the output product: a piece that forms of input replace.

import type { GraphBuilder } from './graph-builder.js';
import type { QuantizationPlace } from './quantization-places.js';

/** One layer's core. */
export interface AttentionRequest {
  /** real[…tokens, 3 · headCount · headSize] after the bias, in the attention's `qkvOrder`. */
  readonly qkv: string;
  readonly headCount: number;
  /** The model's own, or the width that the attention fills heads up to. */
  readonly headSize: number;
  /** True: the 1/√headSize of the scores is already in Q. */
  readonly queryIsScaled: boolean;
  /** Quantises a value where the graph wants that, and hands it back unchanged where not. */
  readonly quantized: (x: string, place: QuantizationPlace) => string;
  /** Largest magnitude at a place, for attention that takes its scales by itself. @throws {ConfigError} without ranges */
  readonly amaxAt: (place: QuantizationPlace) => number;
  /** Cast nodes around softmax, so that it is calculated in fp32. */
  readonly softmaxInFloat32: boolean;
}

export interface Attention {
  /** Columns of the QKV product. `parts`: all of Q, of K, of V. `heads`: head by head, of each its Q, K and V. */
  readonly qkvOrder: 'parts' | 'heads';
  /** True: it scales the scores by itself, by 1/√width of a head, and wants Q as it is. */
  readonly scalesItself: boolean;
  /** Size that heads of this size are filled up to with zeros; absent: as they are. */
  readonly headWidth?: (headSize: number) => number;
  /** True: what it returns has been through int8 already. */
  readonly quantizesContext?: boolean;
  /** Adds the core to the graph; returns real[…tokens, headCount · headSize]. */
  add(graph: GraphBuilder, request: AttentionRequest): string;
}

/**
 * softmax(Q Kᵀ / √d + mask) V on [batch, sequence, …] by standard operators, with nothing between them but what was asked
 * for: the pattern that runtimes fuse.
 *
 * @param maskBias real[batch, 1, 1, sequence], added to the scores; undefined without padding.
 */
export function standardAttention(maskBias: string | undefined): Attention {
  return {
    qkvOrder: 'parts',
    scalesItself: false,
    add(graph, { qkv, headCount, headSize, queryIsScaled, quantized, softmaxInFloat32 }) {
      const width = headCount * headSize;
      const [query = '', key = '', value = ''] = graph.split(qkv, [width, width, width]);
      const byHead = (x: string, permutation: readonly number[]): string =>
        graph.node('Transpose', [graph.node('Reshape', [x, graph.ints([0, 0, headCount, headSize])])], {
          perm: { ints: permutation },
        });
      const products = graph.node('MatMul', [
        quantized(byHead(query, [0, 2, 1, 3]), 'query'),
        quantized(byHead(key, [0, 2, 3, 1]), 'key'),
      ]);
      const scores = queryIsScaled
        ? products
        : graph.node('Mul', [products, graph.scalar(1 / Math.sqrt(headSize))]);
      const masked = maskBias === undefined ? scores : graph.node('Add', [scores, maskBias]);
      const probabilities = softmaxInFloat32
        ? graph.cast(softmax(graph, graph.cast(masked, 'float32')), graph.real)
        : softmax(graph, masked);
      const context = graph.node('MatMul', [
        quantized(probabilities, 'probabilities'),
        quantized(byHead(value, [0, 2, 1, 3]), 'value'),
      ]);
      const joined = graph.node('Transpose', [context], { perm: { ints: [0, 2, 1, 3] } });
      return graph.node('Reshape', [joined, graph.ints([0, 0, width])]);
    },
  };
}

const softmax = (graph: GraphBuilder, x: string): string => graph.node('Softmax', [x], { axis: { int: -1 } });
