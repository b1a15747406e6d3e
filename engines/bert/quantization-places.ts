// The places of a BERT layer whose values can be quantised: the names under which ranges are saved and looked up.
// They are the tensor quantisers of NVIDIA's quantisation-aware training, one for each input of a product or a residual sum.

/** In the order in which a layer computes them. */
export const quantizationPlaces = [
  /** Input of the Q, K and V products: the layer's input. */
  'qkv_input',
  /** Q, K and V after their bias: inputs of the attention products. Q before the 1/√d of the scores. */
  'query',
  'key',
  'value',
  /** Softmax: attention probabilities. */
  'probabilities',
  /** Probabilities × V, heads joined: input of the attention output product. */
  'context',
  /** The two inputs of the attention's residual sum: the product's result and the layer's input. */
  'attention_output',
  'attention_residual',
  /** Input of the first feed-forward product. */
  'ffn_input',
  /** After Gelu: input of the second feed-forward product. */
  'ffn_gelu',
  /** The two inputs of the feed-forward residual sum. */
  'ffn_output',
  'ffn_residual',
] as const;

export type QuantizationPlace = (typeof quantizationPlaces)[number];

/** `layer.3.ffn_gelu` */
export function placeName(layer: number, place: QuantizationPlace): string {
  return `layer.${layer}.${place}`;
}
