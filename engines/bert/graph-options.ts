// What a graph of BERT can be asked for. One description (graph.ts) makes them all.

import type { GraphForm } from './graph-form.js';
import type { RealType } from './graph-builder.js';
import { quantizationPlaces, type QuantizationPlace } from './quantization-places.js';
import type { Ranges } from './ranges.js';

/**
 * How a file holds int8 weights that meet uint8 activations.
 *
 * - int8: 8 bits.
 * - int7: 7 bits in an int8. Processors without VNNI instructions add two products of 8 bits in 16, with saturation
 *   (vpmaddubsw): sums of large ones would be cut. With 7 bits no sum is too large, and it is as fast.
 * - uint8: 8 bits with the zero point 128, for the same processors: exact, but slower, since products are widened first.
 */
export type StoredWeights = 'int8' | 'int7' | 'uint8';

/**
 * - fp32: everything.
 * - fp16, bf16: weights and arithmetic, for GPUs; LayerNorm and softmax are calculated in fp32.
 * - fp16-stored: weights kept as fp16 and multiplied in fp32: half the file for CPUs, which have no faster way.
 * - int8-dynamic: products with weights in int8, each tensor's scale found at run time; for CPUs.
 * - int8, fp8 (E4M3): explicit QuantizeLinear and DequantizeLinear with scales found before.
 */
export type GraphPrecision = 'fp32' | 'fp16' | 'bf16' | 'fp16-stored' | 'int8-dynamic' | 'int8' | 'fp8';

export interface GraphOptions {
  readonly precision: GraphPrecision;
  /** Default: true length without padding. */
  readonly form?: GraphForm;
  /** int8-dynamic: default int8. */
  readonly storedWeights?: StoredWeights;
  /** int8 and fp8: scales and where they stand. */
  readonly quantization?: Quantization;
  /** Places (`layer.3.ffn_gelu`) that stay in higher precision: the product they enter, or their part of attention or sum. */
  readonly kept?: ReadonlySet<string>;
  /** fp32: every place gets an output with its values, for calibration. */
  readonly observe?: boolean;
  /**
   * fp16, bf16: how softmax is calculated in fp32. `cast`: by Cast nodes around it, for every runtime. `fused`: without, for
   * runtimes whose fused attention kernels accumulate in fp32 and are not recognised with casts between.
   */
  readonly softmax?: 'cast' | 'fused';
  /** `tanh`: Gelu by its approximation, whatever the model was trained with; faster on some GPUs. Default: as the model says. */
  readonly gelu?: 'tanh';
}

/** Prefix of the outputs of an observing graph: `observed.layer.3.ffn_gelu`. */
export const OBSERVED = 'observed.';

export interface Quantization {
  readonly ranges: Ranges;
  readonly placement: ReadonlySet<QuantizationPlace>;
  /** Ranges of their own for the first token, [CLS], in the feed-forward blocks (see firstTokenApart in graph.ts). */
  readonly firstTokenApart?: boolean;
  /** What the graph calculates in where it is not quantised. Default float32. */
  readonly unquantized?: RealType;
  /** int8: symmetric, zero point 0, as TensorRT wants it. uint8: with a zero point, the fast form of CPUs. Default int8. */
  readonly activations?: 'int8' | 'uint8';
  /** `in-graph`: in real type with a QuantizeLinear of their own, which every version of TensorRT reads. The default. */
  readonly weights?: StoredWeights | 'in-graph';
  /** Weight's name → largest magnitudes of training, one per row or one for all; the others take their rows' own. */
  readonly weightAmax?: ReadonlyMap<string, Float32Array>;
}

const products = ['qkv_input', 'context', 'ffn_input', 'ffn_gelu'] as const;
const attention = ['query', 'key', 'value', 'probabilities'] as const;
const residual = ['attention_residual', 'ffn_residual'] as const;

/** Sets of places. `full` is what TensorRT fuses best; `everywhere` has both inputs of the residual sums, as NVIDIA's QAT. */
export const placements = {
  products: new Set<QuantizationPlace>(products),
  attention: new Set<QuantizationPlace>([...products, ...attention]),
  full: new Set<QuantizationPlace>([...products, ...attention, ...residual]),
  everywhere: new Set<QuantizationPlace>(quantizationPlaces),
} as const satisfies Readonly<Record<string, ReadonlySet<QuantizationPlace>>>;
