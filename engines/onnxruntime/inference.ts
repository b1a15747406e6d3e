// One session and its reused input buffers: a batch of samples of equal length in, one response per sample out.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { RunError } from '../../configs/errors.js';
import type { TokenizedSamples } from '../contract.js';
import { sessionOptions } from './session-options.js';

/** Start and end logit of a token, float32 each. */
export const BYTES_PER_TOKEN = 8;

export interface Inference {
  /**
   * Runs `count` of the samples, all of one length: those at the indices `indexOf(0) …`; resolves to the logits
   * float32[count, length, 2] as bytes, `responseBytes` per sample.
   *
   * @throws {RunError} when the session returns another shape.
   */
  run(samples: TokenizedSamples, count: number, indexOf: (place: number) => number): Promise<Uint8Array>;
  /** Bytes of one response of the last run. */
  readonly responseBytes: number;
  release(): Promise<void>;
}

/** Loads an engine file into a session of its own. */
export async function createInference(
  engineFile: string,
  threads: number,
  batchSize: number,
): Promise<Inference> {
  const session = await InferenceSession.create(engineFile, sessionOptions({ threads, optimize: false }));
  // ONNX Runtime refuses tensors over shared memory: the ids are copied into these once per inference.
  let ids = new Int32Array(0);
  let segments = new Int32Array(0);
  let responseBytes = 0;

  return {
    get responseBytes() {
      return responseBytes;
    },
    async run({ tokenIds, offsets, segmentStarts, maxSequenceLength }, count, indexOf) {
      if (ids.length < batchSize * maxSequenceLength) {
        ids = new Int32Array(batchSize * maxSequenceLength);
        segments = new Int32Array(batchSize * maxSequenceLength);
      }
      let at = 0;
      let length = 0;
      for (let place = 0; place < count; place++) {
        const index = indexOf(place);
        const from = offsets[index]!;
        length = offsets[index + 1]! - from;
        for (let i = 0; i < length; i++) ids[at + i] = tokenIds[from + i]!;
        segments.fill(0, at, at + segmentStarts[index]!);
        segments.fill(1, at + segmentStarts[index]!, at + length);
        at += length;
      }
      const shape = [count, length];
      const { logits } = await session.run({
        input_ids: new Tensor('int32', ids.subarray(0, at), shape),
        token_type_ids: new Tensor('int32', segments.subarray(0, at), shape),
      });
      const data = logits?.data;
      if (!(data instanceof Float32Array) || data.length !== at * 2) {
        const got = logits === undefined ? 'nothing' : `${logits.type}[${logits.dims.join(', ')}]`;
        throw new RunError(`the engine returned ${got} as logits, expected float32[${count}, ${length}, 2]`);
      }
      responseBytes = length * BYTES_PER_TOKEN;
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    },
    release: () => session.release(),
  };
}
