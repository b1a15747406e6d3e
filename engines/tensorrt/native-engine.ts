// An open engine of the addon: how it is opened, what it is, its data set, its warm-up.

import type { NativeDimensionRange } from './native-build.js';

export interface NativeOpen {
  readonly device: number;
  readonly plan_file: string;
  /** ONNX file whose weights are filled into a plan built with strip_plan, TensorRT 10 on; null = the plan has its own. */
  readonly weights_file: string | null;
  /** Execution contexts per profile, each with a thread of its own while a phase runs. */
  readonly streams: number;
  /** Slots (buffers, copy stream, events) per stream, at least 2. */
  readonly slots: number;
  /** Most samples of one inference. */
  readonly max_batch: number;
  /**
   * Inputs are uploaded once, before the measured time (start_from_device); batches are gathered inside it by copies on the
   * device, and only cu_seqlens (4 bytes a sample) still comes from the host.
   */
  readonly start_from_device: boolean;
  /** Threads waiting for the GPU spin (lowest latency) or block (fewest cores). */
  readonly wait: 'spin' | 'block';
  /** CPUs that the engine's threads may use; empty = all. */
  readonly cpus: readonly number[];
}

/**
 * The two forms of network, told by their input tensors (all int32), and the one output float32 `logits`:
 * - `padded`: input_ids, token_type_ids, attention_mask [batch, sequence] → logits [batch, sequence, 2].
 * - `packed`: input_ids, token_type_ids, position_ids [tokens], cu_seqlens [batch + 1], max_seqlen [n] (of which only the
 *   length n counts; a network may do without it) → logits [tokens, 2].
 */
export interface NativeEngine {
  readonly form: 'padded' | 'packed';
  readonly profiles: readonly (readonly NativeDimensionRange[])[];
  readonly max_batch: number;
  readonly max_sequence_length: number;
  /** packed: most tokens of one inference; 0 for padded. */
  readonly max_tokens: number;
  /** Of one stream. */
  readonly activation_bytes: number;
  /** 0 where this TensorRT does not say (before 10.15). */
  readonly weight_bytes: number;
}

/** TokenizedSamples, as engines/contract.ts describes them. */
export interface NativeSamples {
  readonly tokenIds: Int32Array;
  readonly offsets: Int32Array;
  readonly segmentStarts: Int32Array;
}

export interface NativeWarmUp {
  /** Shapes to run once per stream, longest first: [batch, sequence_length], in both forms of network. */
  readonly shapes: readonly (readonly [batch: number, sequence_length: number])[];
  /**
   * Shapes to capture as CUDA graphs: padded [batch, sequence]; packed [batch, tokens]: a batch runs in the smallest captured
   * graph that holds it, filled up with empty sequences. Empty = no graphs.
   */
  readonly graphs: readonly (readonly [batch: number, size: number])[];
}
