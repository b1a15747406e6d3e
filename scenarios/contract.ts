// The manual of the LoadGen core: what a QSL and a SUT promise, what they are given, and when each is called.
// Follows loadgen/system_under_test.h, query_sample_library.h and query_sample.h.

import type { PhaseRecords } from './phase-records.js';

/** A dataset held in memory. Samples are named by their index, 0 … totalSampleCount - 1. */
export interface QuerySampleLibrary {
  /** `qsl_name` of the detail log. */
  readonly name: string;
  /** Samples there are, at least 1; an accuracy run issues each of them once. */
  readonly totalSampleCount: number;
  /** Samples that are guaranteed to fit in memory at once; the set of a performance run. */
  readonly performanceSampleCount: number;
  /** Untimed; called before each phase with the indices of its set (MultiStream: padding included, so some twice). */
  loadSamplesToRam(sampleIndices: Int32Array): void | Promise<void>;
  /** Untimed; called after each phase with the same list. */
  unloadSamplesFromRam(sampleIndices: Int32Array): void | Promise<void>;
}

/**
 * Where a SUT completes its samples; it decides how the driver waits.
 * - `in-call`: always before issueQuery returns (nothing to wait for).
 * - `event-loop`: later, on the driver's own thread; the driver yields to the event loop while it waits.
 * - `other-threads`: on other threads, through the shared PhaseRecords; the driver sleeps on shared memory and never yields.
 */
export type CompletionPlace = 'in-call' | 'event-loop' | 'other-threads';

/**
 * The system under test as LoadGen sees it. Each method is called on the driver's thread.
 *
 * A sample of a phase is named by its position there, 0, 1, 2, … in order of generation; the samples of a query are
 * neighbours. `records.sampleIndices[sample]` is the QSL index to run; completions go to `records` as well, either
 * directly (`completeSample`, `completeSamples`) or, from other threads, on the same shared memory.
 */
export interface SystemUnderTest {
  /** `sut_name` of the logs; read once, before the run. */
  readonly name: string;
  /** Where completions happen; a wrong word here costs latency (`event-loop`) or hangs the run (`other-threads`). */
  readonly completionPlace: CompletionPlace;
  /**
   * Most bytes one response can have, for the shared response memory. `other-threads` SUTs must give it where responses are
   * logged; the others may leave it out (their responses never leave the driver's thread). Responses wait for the accuracy log
   * in at most 64 MiB, or 16 responses if those are larger: a SUT that is faster than the disk waits for it once that is full.
   * What was there of a response at its first token waits for the whole in as much again, and beyond that in a file.
   */
  readonly maxResponseBytes?: number;
  /**
   * Where threads of their own may issue (server_num_issue_query_threads): how each makes its side of this SUT. Without it such
   * a test is refused.
   */
  readonly issueThreads?: IssueThreads;
  /** Untimed; once per phase before the first query, e.g. to hand `records.shared` to worker threads. */
  startPhase?(records: PhaseRecords): void | Promise<void>;
  /**
   * Runs the samples `first … first + count - 1` of the phase. On the hot path: must not block unless the work
   * itself is done here, must not throw for a slow system. `records` is the object given to startPhase.
   */
  issueQuery(first: number, count: number, records: PhaseRecords): void;
  /** Called once after the last query of a phase: whatever was held back must now run. */
  flushQueries(): void;
  /**
   * `other-threads` whose threads cannot notify shared memory (native ones): blocks the driver until so many samples of the
   * phase have completed or `timeout_ns` has passed. Throws a RunError when the phase broke. Without it the driver sleeps on
   * counters[cell.completed], and whoever completes notifies.
   */
  waitForCompleted?(completed: number, timeout_ns: number): void;
  /** Untimed; once per phase after the last completion (or after the run was given up). */
  endPhase?(): void | Promise<void>;
}

/**
 * Server with server_num_issue_query_threads = T: T worker threads issue in place of the driver. Thread j issues the queries j,
 * j + T, j + 2T, … of the one schedule, each at its own due time; what holds one thread up delays no other thread's queries.
 *
 * Each thread imports `module`, whose `connectIssueThread(data, thread)` gives its QueryIssuer (or a promise of it). The SUT given
 * to startTest still starts, flushes, waits for and ends each phase, on the driver's thread. Responses go through shared memory,
 * wherever they are completed: maxResponseBytes must be given where they are logged.
 */
export interface IssueThreads {
  /** URL of an ES module (`import.meta.url` is one) that exports ConnectIssueThread as `connectIssueThread`. */
  readonly module: string;
  /** For `connectIssueThread`; structured-cloneable, shared memory included. */
  readonly data?: unknown;
}

/** Makes the side of a SUT on the issue thread that calls it; `thread` = 0, 1, … */
export type ConnectIssueThread = (data: unknown, thread: number) => QueryIssuer | Promise<QueryIssuer>;

/** A SUT's side on an issue thread. */
export interface QueryIssuer {
  /** As SystemUnderTest.startPhase, after it and on the issue thread; the time begins when all threads are through. */
  startPhase?(records: PhaseRecords): void | Promise<void>;
  /**
   * As SystemUnderTest.issueQuery, on the issue thread. The samples of a call with coalesced queries are
   * `first, first + T, first + 2T, …`, T = `records.shared.issueThreads`.
   */
  issueQuery(first: number, count: number, records: PhaseRecords): void;
  /** Once, at the end of the test. */
  close?(): void | Promise<void>;
}

/** The driver's only source of time, so that tests own it. All values are nanoseconds on one monotonic clock. */
export interface Clock {
  /** Monotonic time in ns; the same clock in every thread of the process. Allocates nothing. */
  now(): number;
  /** Blocks this thread until `due_ns` as exactly as it can: spins, after a sleep where the wait is long. */
  sleepUntil(due_ns: number): void;
  /** As sleepUntil, but lets this thread's event loop run meanwhile: at least once, also when `due_ns` is past. */
  yieldUntil(due_ns: number): Promise<void>;
  /** Blocks while `cells[index] === value`, until notified, at most `timeout_ns`. */
  waitWhile(cells: Int32Array, index: number, value: number, timeout_ns: number): void;
  /** As waitWhile, but lets this thread's event loop run meanwhile. */
  yieldWhile(cells: Int32Array, index: number, value: number, timeout_ns: number): Promise<void>;
  /** Wall-clock time in ms since the epoch, for stamps only. */
  wallClockMs(): number;
}
