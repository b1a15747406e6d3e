// One session and its reused input buffers: a batch of samples in, one response per sample out.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { RunError } from '../../configs/errors.js';
import type { TokenizedSamples } from '../contract.js';
import { profileSession, type NodeRun } from './provider-proof.js';
import { cpuProvider, explainedProviderError, type SessionProvider } from './providers.js';
import { sessionOptions } from './session-options.js';

/** Start and end logit of a token, float32 each. */
export const BYTES_PER_TOKEN = 8;

export interface Inference {
  /** Whether the model has a mask, so that samples of any lengths may share a batch; otherwise all have one length. */
  readonly isPadded: boolean;
  /**
   * Runs `count` of the samples: those at the indices `indexOf(0) …`. Their responses are there until the next run.
   *
   * @throws {RunError} when the session returns another shape.
   */
  run(samples: TokenizedSamples, count: number, indexOf: (place: number) => number): Promise<void>;
  /** The logits of the last run's sample at `place`, float32[length, 2] as bytes. */
  response(place: number): Uint8Array;
  /** Ends the profile of a session that was made with `isProfiled`: which provider ran each node so far. */
  nodeRuns(): readonly NodeRun[];
  release(): Promise<void>;
}

export interface InferenceOptions {
  /** Default: the CPU. */
  readonly provider?: SessionProvider;
  /** Default: no. */
  readonly isProfiled?: boolean;
}

/**
 * Loads an engine file into a session of its own.
 *
 * @throws {SetupError} when the provider cannot start.
 */
export async function createInference(
  engineFile: string,
  threads: number,
  batchSize: number,
  { provider = cpuProvider, isProfiled = false }: InferenceOptions = {},
): Promise<Inference> {
  const profile = isProfiled ? profileSession() : undefined;
  // Engine files for the CPU are optimised already; a GPU's provider optimises for itself.
  const options = sessionOptions({ threads, optimize: provider.name !== 'cpu', provider });
  const session = await InferenceSession.create(engineFile, { ...options, ...profile?.options }).catch(
    (error: unknown) => {
      throw explainedProviderError(error, provider);
    },
  );
  const isPadded = session.inputNames.includes('attention_mask');
  const fixed = fixedSizes(session);
  // ONNX Runtime refuses tensors over shared memory: the ids are copied into these once per inference.
  let ids = new Int32Array(0);
  let segments = new Int32Array(0);
  let mask = new Int32Array(0);
  let logits: Uint8Array = new Uint8Array(0);
  let rowBytes = 0;
  const lengths = new Int32Array(batchSize);

  return {
    isPadded,
    async run({ tokenIds, offsets, segmentStarts, maxSequenceLength }, count, indexOf) {
      const most = Math.max(batchSize, fixed.batch) * Math.max(maxSequenceLength, fixed.sequence);
      if (ids.length < most) [ids, segments, mask] = [0, 1, 2].map(() => new Int32Array(most)) as Buffers;
      let longest = fixed.sequence;
      for (let place = 0; place < count; place++) {
        const index = indexOf(place);
        lengths[place] = offsets[index + 1]! - offsets[index]!;
        longest = Math.max(longest, lengths[place]!);
      }
      const rows = Math.max(count, fixed.batch);
      const end = rows * longest;
      if (isPadded) for (const buffer of [ids, segments, mask]) buffer.fill(0, 0, end);
      for (let place = 0; place < count; place++) {
        const index = indexOf(place);
        const at = place * longest;
        const from = offsets[index]!;
        const length = lengths[place]!;
        for (let i = 0; i < length; i++) ids[at + i] = tokenIds[from + i]!;
        segments.fill(0, at, at + segmentStarts[index]!);
        segments.fill(1, at + segmentStarts[index]!, at + length);
        if (isPadded) mask.fill(1, at, at + length);
      }
      const tensorOf = (buffer: Int32Array) => new Tensor('int32', buffer.subarray(0, end), [rows, longest]);
      const outputs = await session.run({
        input_ids: tensorOf(ids),
        token_type_ids: tensorOf(segments),
        ...(isPadded ? { attention_mask: tensorOf(mask) } : {}),
      });
      const data = outputs['logits']?.data;
      if (!(data instanceof Float32Array) || data.length !== end * 2) {
        const { logits: tensor } = outputs;
        const got = tensor === undefined ? 'nothing' : `${tensor.type}[${tensor.dims.join(', ')}]`;
        throw new RunError(`the engine returned ${got} as logits, expected float32[${rows}, ${longest}, 2]`);
      }
      rowBytes = longest * BYTES_PER_TOKEN;
      logits = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    },
    response(place) {
      const start = place * rowBytes;
      return logits.subarray(start, start + lengths[place]! * BYTES_PER_TOKEN);
    },
    nodeRuns: () => profile?.finish(session) ?? [],
    release: () => session.release(),
  };
}

type Buffers = [Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>];

/** Sizes that the model's file fixes, 0 where it takes any: batches are filled up to them. */
function fixedSizes(session: InferenceSession): { readonly batch: number; readonly sequence: number } {
  const ids = session.inputMetadata.find(({ name }) => name === 'input_ids');
  const [batch, sequence] = ids?.isTensor === true ? ids.shape : [];
  return {
    batch: typeof batch === 'number' ? batch : 0,
    sequence: typeof sequence === 'number' ? sequence : 0,
  };
}
