// Ranges that quantisation-aware training has left in a checkpoint, under the names of NVIDIA's tensor quantisers
// (TensorRT demo/BERT, builder_utils.py: `…query._input_quantizer._amax`, `…matmul_q_input_quantizer._amax`).

import { placeName, type QuantizationPlace } from './quantization-places.js';

export interface QuantizationRanges {
  /** Place (`layer.3.ffn_gelu`) → largest magnitude; the bits of the checkpoint. */
  readonly activations: ReadonlyMap<string, number>;
  /** Weight's name → largest magnitude, float32[rows] or float32[1]. */
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** The part of a quantiser's name behind `encoder.layer.<i>.` → its place. */
const placeOfQuantizer: Readonly<Record<string, QuantizationPlace>> = {
  'attention.self.query._input_quantizer': 'qkv_input',
  'attention.self.key._input_quantizer': 'qkv_input',
  'attention.self.value._input_quantizer': 'qkv_input',
  'attention.self.matmul_q_input_quantizer': 'query',
  'attention.self.matmul_k_input_quantizer': 'key',
  'attention.self.matmul_v_input_quantizer': 'value',
  'attention.self.matmul_a_input_quantizer': 'probabilities',
  // The same four, as NVIDIA's MLPerf export of 2020 names them: a and b are the sides of Q·Kᵀ and of probabilities·V.
  'attention.self.qv_a_input_quantizer': 'query',
  'attention.self.qv_b_input_quantizer': 'key',
  'attention.self.av_b_input_quantizer': 'value',
  'attention.self.av_a_input_quantizer': 'probabilities',
  'attention.output.dense._input_quantizer': 'context',
  'attention.output.add_local_input_quantizer': 'attention_output',
  'attention.output.add_residual_input_quantizer': 'attention_residual',
  'intermediate.dense._input_quantizer': 'ffn_input',
  'output.dense._input_quantizer': 'ffn_gelu',
  'output.add_local_input_quantizer': 'ffn_output',
  'output.add_residual_input_quantizer': 'ffn_residual',
};

/**
 * The ranges among a checkpoint's tensors; undefined when it has none. Of Q, K and V, which share their input, the largest
 * counts: one range must hold for all three.
 */
export function qatRanges(
  names: Iterable<string>,
  read: (name: string) => Float32Array | Float64Array,
): QuantizationRanges | undefined {
  const activations = new Map<string, number>();
  const weights = new Map<string, Float32Array>();
  for (const name of names) {
    if (!name.endsWith('._amax')) continue;
    const quantizer = name.slice(0, -'._amax'.length);
    if (quantizer.endsWith('._weight_quantizer')) {
      weights.set(quantizer.replace(/\._weight_quantizer$/, '.weight'), Float32Array.from(read(name)));
      continue;
    }
    const [, layer, rest = ''] = /^encoder\.layer\.(\d+)\.(.+)$/.exec(quantizer) ?? [];
    const place = Object.hasOwn(placeOfQuantizer, rest) ? placeOfQuantizer[rest] : undefined;
    const [amax] = place === undefined ? [] : read(name);
    if (layer === undefined || place === undefined || amax === undefined) continue;
    const key = placeName(Number(layer), place);
    activations.set(key, Math.max(activations.get(key) ?? 0, amax));
  }
  return activations.size + weights.size === 0 ? undefined : { activations, weights };
}
