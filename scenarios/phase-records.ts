// The facts of one phase (one loaded set, issued once), in shared memory: what is issued, when, and when it completed.
// The driver and every thread that completes samples look at the same arrays; nothing here computes a result.

/** Cells of `counters`; each on its own cache line (64 bytes = 16 cells). */
export const cell = {
  /** Samples issued so far. Written by the driver, read by engines as the head of the queue. */
  issued: 0,
  /** Samples completed so far. Added to by whoever completes. */
  completed: 16,
  /** 1 while the driver sleeps on `completed`; whoever completes then notifies. */
  driverWaits: 32,
  /** Completions that were refused: a sample completed twice. */
  completedTwice: 48,
  /** Completions that were refused: a sample that does not exist or was not issued yet. */
  completedUnknown: 64,
  /** Next sample an engine thread may take; for engines that share a queue. */
  taken: 80,
  /** Engine threads that sleep on `issued`. */
  sleepers: 96,
  /** 1 once the phase is over: engine threads leave. */
  ended: 112,
  /** Responses that did not fit in maxResponseBytes. */
  responseTooLong: 128,
} as const;
export const CELL_COUNT = 144;

/** The structured-cloneable half: shared memory and plain numbers, to be posted to other threads. */
export interface SharedPhase {
  readonly phase: 'accuracy' | 'performance';
  /** Sample id (sequence id within the test) of sample 0. */
  readonly firstSampleId: number;
  readonly sampleCount: number;
  readonly queryCount: number;
  /** Samples per query; query q holds samples q * samplesPerQuery … */
  readonly samplesPerQuery: number;
  /** int32[samples]: QSL index of each sample. */
  readonly sampleIndices: Int32Array;
  /** float64[queries]: when each query is due, ns after the start. Zero where the scenario has no schedule. */
  readonly scheduledDeltaNs: Float64Array;
  /** float64[queries]: clock when each query was issued; 0 = not issued. */
  readonly issuedNs: Float64Array;
  /** float64[samples]: clock when each sample completed; 0 = not yet. */
  readonly completedNs: Float64Array;
  /** uint8[samples]: 1 where the response goes to the accuracy log. */
  readonly isLogged: Uint8Array;
  /** int32[CELL_COUNT], see `cell`. */
  readonly counters: Int32Array;
  /** int32[samples]: place of the sample's response in `responseBytes`, in slots; -1 = none. Empty when nothing is logged. */
  readonly responseSlots: Int32Array;
  /** int32[slots]: length in bytes of each response. */
  readonly responseLengths: Int32Array;
  /** uint8[slots * maxResponseBytes]. */
  readonly responseBytes: Uint8Array;
  readonly maxResponseBytes: number;
}

/** One thread's view of a phase: the shared facts and the only ways to add to them. */
export interface PhaseRecords {
  readonly shared: SharedPhase;
  /** = shared.sampleIndices, at hand for the hot path. */
  readonly sampleIndices: Int32Array;
  /**
   * Completes one sample; the time is taken in the first line. `response` is copied if the sample is logged.
   * A sample completed twice, unknown or not yet issued is counted and otherwise ignored (LoadGen 13.5).
   */
  completeSample(sample: number, response?: Uint8Array): void;
  /** Completes the neighbours `first … first + count - 1` without responses, with one timestamp. */
  completeSamples(first: number, count: number): void;
  /** As completeSample, with the time the caller took itself (`clock.now()` right after the inference). */
  completeSampleAt(sample: number, completed_ns: number, response?: Uint8Array): void;
}
