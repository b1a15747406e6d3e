// What the fake TensorRT answers (tensorrt/inference.cc): logits from which token, position, segment and length can be told.

import type { TokenizedSamples } from '../../../engines/contract.js';

/** float32[length, 2] of one sample. */
export function expectedLogits(samples: TokenizedSamples, index: number): Float32Array {
  const from = samples.offsets[index]!;
  const length = samples.offsets[index + 1]! - from;
  const logits = new Float32Array(length * 2);
  for (let position = 0; position < length; position++) {
    const id = samples.tokenIds[from + position]!;
    const segment = position < samples.segmentStarts[index]! ? 0 : 1;
    logits[2 * position] = ((id * 31 + position * 7 + segment * 3 + length) % 1009) / 64 - 8;
    logits[2 * position + 1] = ((id * 17 + position * 13 + segment * 5 + length * 3) % 1013) / 64 - 8;
  }
  return logits;
}
