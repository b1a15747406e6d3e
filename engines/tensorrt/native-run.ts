// Running an engine of the addon: phases of LoadGen, and measuring without it.

/** One phase: SharedPhase's arrays (scenarios/phase-records.ts), the queue's cells, and how batches are formed. */
export interface NativePhase {
  readonly counters: Int32Array;
  /** Index of each counter; scenarios/phase-records.ts, `cell`. */
  readonly cells: Readonly<Record<string, number>>;
  readonly sampleIndices: Int32Array;
  readonly completedNs: Float64Array;
  readonly isLogged: Uint8Array;
  readonly responseSlots: Int32Array;
  readonly responseLengths: Int32Array;
  readonly responseBytes: Uint8Array;
  readonly maxResponseBytes: number;
  /** Order in which to take the samples; null = as issued. */
  readonly order: Int32Array | null;
  readonly max_batch: number;
  /** How long to wait for a fuller batch; 0 = never (default). */
  readonly queue_delay_ns: number;
  /** Batch sizes worth waiting for within queue_delay_ns; empty = max_batch only. */
  readonly preferred_batch_sizes: readonly number[];
  /** Server soft limits: most tokens of one batch; 0 = the engine's own. */
  readonly max_tokens: number;
  /**
   * Lengths at which attention changes its kernel (packed: 128, 192, 256, 384), ascending. With `order`, a batch does not
   * reach over one of them, so that short samples do not pay for the longest's kernel. Empty = batches may mix.
   */
  readonly length_boundaries: readonly number[];
  readonly use_graphs: boolean;
  /** True: the phase has no threads and takes nothing from the queue; its samples come by `runInCall`. */
  readonly in_call: boolean;
  /** A thread without work spins this long before it sleeps. */
  readonly spin_ns: number;
}

export interface NativePhaseFacts {
  readonly batches: number;
  readonly samples: number;
  readonly tokens: number;
  /** Tokens run, padding included. */
  readonly tokens_run: number;
  readonly graph_launches: number;
  readonly enqueues: number;
  /** Per device index: batches. */
  readonly batches_by_device: Readonly<Record<string, number>>;
}

export interface NativeMeasure {
  readonly batch: number;
  readonly sequence_length: number;
  /** Ends when all of them are reached. */
  readonly iterations: number;
  readonly duration_ms: number;
  readonly warm_up_ms: number;
  readonly use_graph: boolean;
  /** Copies inside (false = start and end on the device). */
  readonly copies: boolean;
  readonly streams: number;
  /** Wait before each query, ms (trtexec --idleTime). */
  readonly idle_ms: number;
  /**
   * QSL indices to run as batches of `batch` in this order instead of made-up tokens; null = made up. Without `copies` the
   * engine must have been opened with start_from_device.
   */
  readonly sample_order: Int32Array | null;
  /** Run the order once from end to end, whatever iterations and duration_ms say. */
  readonly one_pass: boolean;
  /** As of a phase: no batch of the order reaches over one of these lengths. */
  readonly length_boundaries: readonly number[];
}

/** One value per query, ms, in order of issue. */
export interface NativeMeasured {
  readonly enqueue_ms: Float64Array;
  readonly h2d_ms: Float64Array;
  readonly compute_ms: Float64Array;
  readonly d2h_ms: Float64Array;
  /** h2d + compute + d2h on the GPU's clock. */
  readonly latency_ms: Float64Array;
  readonly samples: number;
  readonly wall_ms: number;
}

export interface NativeLayerTime {
  readonly layer: string;
  readonly ms: number;
}
