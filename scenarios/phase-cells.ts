// The counters of a phase, by which the driver and the threads of a SUT know of each other.

/** Cells of `counters`; each on its own cache line (64 bytes = 16 cells). */
export const cell = {
  /** Samples issued so far. Written by the driver, read by engines as the head of the queue. */
  issued: 0,
  /** Samples completed so far. Added to by whoever completes. */
  completed: 16,
  /** The value of `completed` that the driver sleeps for, 0 = it is awake; whoever reaches it notifies, nobody before. */
  awaited: 32,
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
  /** Largest sample number among completedUnknown, plus one. */
  unknownEnd: 144,
  /** Places of the response ring that were claimed. */
  responsesClaimed: 160,
  /** Places of the response ring that the driver has taken; a thread without a free slot sleeps on it. */
  responsesTaken: 176,
  /** 1 once the SUT has ended the phase as well: what completes now is refused. */
  closed: 192,
  /** Completions that were refused: they came after the end of the phase. */
  completedLate: 208,
  /** Largest sample number among completedLate, plus one. */
  lateEnd: 224,
  /** 1 while an issue thread publishes what it issues; the others spin for the two stores that takes. */
  issueLock: 240,
  /** 1 once an issue thread has failed: the others stop. */
  issueBroken: 256,
} as const;
export const CELL_COUNT = 272;
