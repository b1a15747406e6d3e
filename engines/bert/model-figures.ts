// What a model is in numbers: parameters counted from its weights, arithmetic per sample.

import type { BertConfig } from './bert-config.js';
import type { LayerShape } from './layer-shapes.js';

/**
 * GFLOP of one sample of `length` tokens: linear layers and the two attention products, two operations per
 * multiplication with addition. Embeddings, norms and the answer head are left out.
 */
export function gigaflopsPerSample(
  { hidden_size: hidden }: Pick<BertConfig, 'hidden_size'>,
  layers: readonly LayerShape[],
  length: number,
): number {
  const operations = layers.reduce((sum, { head_count, head_size, intermediate_size }) => {
    const attended = head_count * head_size;
    const linear = 2 * length * hidden * (4 * attended + 2 * intermediate_size);
    return sum + linear + 4 * length * length * attended;
  }, 0);
  return operations / 1e9;
}

/** Bytes that one inference needs beside the weights, roughly: the widest layer's values and its attention scores, in fp32. */
export function activationBytes(
  { hidden_size: hidden }: Pick<BertConfig, 'hidden_size'>,
  layers: readonly LayerShape[],
  batch: number,
  length: number,
): number {
  const widest = Math.max(
    ...layers.map(({ head_count, head_size, intermediate_size }) => {
      const perToken = 2 * hidden + Math.max(3 * head_count * head_size, 2 * intermediate_size);
      return 4 * batch * length * (perToken + 2 * head_count * length);
    }),
  );
  return widest;
}
