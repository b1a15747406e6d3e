// The facts of one phase (one loaded set, issued once), in shared memory: what is issued, when, and when it completed.
// The driver and every thread that completes samples look at the same arrays; nothing here computes a result.

import type { Clock } from './contract.js';
import { cell, CELL_COUNT } from './phase-cells.js';
import { createResponseRing, keepInRing, waitForRoom, type ResponseRing } from './response-ring.js';

/** The structured-cloneable half: shared memory and plain numbers, to be posted to other threads. */
export interface SharedPhase {
  /** What is measured. */
  readonly phase: 'accuracy' | 'performance';
  /** Sample id (sequence id within the test) of sample 0. */
  readonly firstSampleId: number;
  /** Samples generated, all of them before time zero; a performance phase may end before it has issued them. */
  readonly sampleCount: number;
  /** Queries generated. */
  readonly queryCount: number;
  /** Samples per query; query q holds samples q * samplesPerQuery … */
  readonly samplesPerQuery: number;
  /** int32[samples]: QSL index of each sample. */
  readonly sampleIndices: Int32Array;
  /** float64[queries]: when each query is due, ns after the start. Zero where the scenario has no schedule. */
  readonly scheduledDeltaNs: Float64Array;
  /** float64[queries]: clock when each query was issued; 0 = not issued. */
  readonly issuedNs: Float64Array;
  /** float64[queries]: clock when the SUT's issueQuery returned from the call that began with it; empty without a trace. */
  readonly issueReturnedNs: Float64Array;
  /** float64[samples]: clock when each sample completed; 0 = not yet. */
  readonly completedNs: Float64Array;
  /** uint8[samples]: 1 where the response goes to the accuracy log. */
  readonly isLogged: Uint8Array;
  /** How many of them. */
  readonly loggedCount: number;
  /** Threads that issue in turns (Server); 0 = the driver issues in the order of the schedule. */
  readonly issueThreads: number;
  /**
   * int32[samples]: with issue threads, the sample at each place of the queue, in order of issue; places below
   * `counters[cell.issued]` are there. Empty without them: the place of a sample is its number.
   */
  readonly issueOrder: Int32Array;
  /** int32[CELL_COUNT], see `cell`. */
  readonly counters: Int32Array;
  /** Logged responses of other threads, until the driver writes them. */
  readonly responses: ResponseRing;
  /** int32[samples]: tokens of each response; empty without use_token_latencies. */
  readonly tokenCounts: Int32Array;
  /** float64[samples]: clock when the first token was there, 0 = not yet; empty without use_token_latencies and in Offline. */
  readonly firstTokenNs: Float64Array;
}

/** One thread's view of a phase: the shared facts and the only ways to add to them. */
export interface PhaseRecords {
  /** The facts themselves; may be posted to other threads, which open them with openPhaseRecords(). */
  readonly shared: SharedPhase;
  /** = shared.sampleIndices, at hand for the hot path. */
  readonly sampleIndices: Int32Array;
  /**
   * Completes one sample; the time is taken in the first line. `response` is copied if the sample is logged; where
   * `shared.isLogged[sample]` is 0 it need not be made at all.
   * A sample completed twice, too late, unknown or not yet issued is counted and otherwise ignored (LoadGen 13.5).
   * With use_token_latencies `tokenCount` is the tokens of the whole response, at least 2.
   */
  completeSample(sample: number, response?: Uint8Array, tokenCount?: number): void;
  /** Completes the neighbours `first … first + count - 1` without responses, with one timestamp. */
  completeSamples(first: number, count: number): void;
  /** As completeSample, with the time the caller took itself (`clock.now()` right after the inference). */
  completeSampleAt(sample: number, completed_ns: number, response?: Uint8Array, tokenCount?: number): void;
  /**
   * With use_token_latencies: the first token of an issued sample is there; the time is taken in the first line. `response` is
   * what there is of the response so far, copied if the sample is logged. Ignored in Offline and without token latencies;
   * after the sample's completion, or a second time, it is counted and refused.
   */
  completeFirstToken(sample: number, response?: Uint8Array): void;
  /**
   * For SUTs whose native threads complete samples in the shared memory by themselves: hands over the response of a sample that
   * has completed; copied if it is logged. On the driver's thread, at the latest in endPhase.
   */
  keepResponse(sample: number, response: Uint8Array): void;
}

/** What a new phase is made from. */
export interface PhasePlan {
  readonly phase: SharedPhase['phase'];
  readonly firstSampleId: number;
  readonly sampleIndices: Int32Array;
  readonly scheduledDeltaNs: Float64Array;
  readonly queryCount: number;
  readonly samplesPerQuery: number;
  readonly isLogged: Uint8Array;
  /** Default: 0. */
  readonly issueThreads?: number;
  /** Whether the ends of issueQuery are kept as well. Default: false. */
  readonly isTraced?: boolean;
  /** Most bytes of one response; undefined when responses stay on the driver's own thread. */
  readonly maxResponseBytes: number | undefined;
  /** What is taken of tokens: nothing, their number (Offline), or the time of the first as well. Default: nothing. */
  readonly tokens?: 'none' | 'counted' | 'timed';
}

/**
 * Allocates a phase's shared memory, all of it before time zero. In bytes: 13 a sample (index 4, completion 8, mark 1) and 16 a
 * query (due 8, issued 8), tokens 4 or 12 a sample, the order of issue 4 a sample with issue threads, 8 a query with a trace, and the response ring.
 */
export function createSharedPhase(plan: PhasePlan): SharedPhase {
  const { tokens = 'none', issueThreads = 0, isTraced = false, maxResponseBytes, ...given } = plan;
  const sampleCount = plan.sampleIndices.length;
  const loggedCount = countOnes(plan.isLogged);
  const sharedCount = maxResponseBytes === undefined ? 0 : loggedCount;
  const responseCount = tokens === 'timed' ? sharedCount * 2 : sharedCount;
  return {
    ...given,
    sampleCount,
    loggedCount,
    issueThreads,
    issueOrder: touched(new Int32Array(new SharedArrayBuffer(issueThreads === 0 ? 0 : sampleCount * 4))),
    issuedNs: touched(new Float64Array(new SharedArrayBuffer(plan.queryCount * 8))),
    issueReturnedNs: touched(new Float64Array(new SharedArrayBuffer(isTraced ? plan.queryCount * 8 : 0))),
    completedNs: touched(new Float64Array(new SharedArrayBuffer(sampleCount * 8))),
    counters: new Int32Array(new SharedArrayBuffer(CELL_COUNT * 4)),
    responses: createResponseRing(responseCount, maxResponseBytes ?? 0),
    tokenCounts: new Int32Array(new SharedArrayBuffer(tokens === 'none' ? 0 : sampleCount * 4)),
    firstTokenNs: touched(new Float64Array(new SharedArrayBuffer(tokens === 'timed' ? sampleCount * 8 : 0))),
  };
}

/** First writes to fresh pages cost microseconds each: taken here, not while latencies are measured. */
function touched<T extends Float64Array | Int32Array>(array: T): T {
  for (let i = 0; i < array.length; i += 512) array[i] = 0;
  return array;
}

function countOnes(flags: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < flags.length; i++) count += flags[i]!;
  return count;
}

/** Where the logged responses of a thread go. Times are taken before. */
export interface ResponseKeeper {
  keep(sample: number, response: Uint8Array): void;
  keepFirstToken(sample: number, response: Uint8Array): void;
}

const NO_RESPONSE = new Uint8Array(0);
const MAX_INT32 = 2 ** 31 - 1;

/** Opens a phase in this thread; every thread that completes samples opens it for itself. */
export function openPhaseRecords(shared: SharedPhase, clock: Pick<Clock, 'now'>): PhaseRecords {
  return openRecords(
    shared,
    clock,
    createSharedKeeper(shared, () => waitForRoom(shared.counters)),
  );
}

/** Keeps responses in the shared memory of a phase; what is larger than announced is counted and dropped. */
export function createSharedKeeper(
  { counters, responses }: SharedPhase,
  makeRoom: () => boolean,
): ResponseKeeper {
  const { maxResponseBytes } = responses;
  const fits = (response: Uint8Array): boolean => {
    if (response.length <= maxResponseBytes) return true;
    Atomics.add(counters, cell.responseTooLong, 1);
    return false;
  };
  return {
    keep(sample, response) {
      if (fits(response)) keepInRing(responses, counters, sample, response, makeRoom);
    },
    keepFirstToken(sample, response) {
      if (fits(response)) keepInRing(responses, counters, sample, response, makeRoom, true);
    },
  };
}

/** Opens a phase with a keeper of the caller's. */
export function openRecords(
  shared: SharedPhase,
  clock: Pick<Clock, 'now'>,
  keeper: ResponseKeeper,
): PhaseRecords {
  const { completedNs, counters, isLogged, loggedCount, sampleIndices, tokenCounts, firstTokenNs } = shared;
  const { issueThreads, issuedNs, samplesPerQuery } = shared;

  const countCompleted = (count: number): void => {
    const completed = Atomics.add(counters, cell.completed, count) + count;
    const awaited = Atomics.load(counters, cell.awaited);
    if (awaited !== 0 && completed >= awaited) Atomics.notify(counters, cell.completed);
  };

  /** Counts refused completions; `ends` keeps the largest number among them. */
  const refuse = (counted: number, ends: number, first: number, count: number): void => {
    Atomics.add(counters, counted, count);
    const end = Math.min(first + count, MAX_INT32);
    for (;;) {
      const known = Atomics.load(counters, ends);
      if (!(end > known) || Atomics.compareExchange(counters, ends, known, end) === known) return;
    }
  };

  /** Issue threads leave gaps: there each query is asked for. */
  const isBelowIssued = (first: number, count: number): boolean => {
    if (issueThreads === 0) return first >= 0 && first + count <= Atomics.load(counters, cell.issued);
    for (let sample = first; sample < first + count; sample++) {
      if (!(issuedNs[Math.floor(sample / samplesPerQuery)]! > 0)) return false;
    }
    return true;
  };

  /** Counts and refuses neighbours of which not all are issued, and what comes after the end. */
  const areIssued = (first: number, count: number): boolean => {
    if (!isBelowIssued(first, count)) {
      refuse(cell.completedUnknown, cell.unknownEnd, first, count);
      return false;
    }
    if (counters[cell.closed] === 1) {
      refuse(cell.completedLate, cell.lateEnd, first, count);
      return false;
    }
    return true;
  };

  /** Counts and refuses what is no outstanding sample. */
  const isOutstanding = (sample: number): boolean => {
    if (!areIssued(sample, 1)) return false;
    if (completedNs[sample] === 0) return true;
    Atomics.add(counters, cell.completedTwice, 1);
    return false;
  };

  const completeSampleAt = (
    sample: number,
    completed_ns: number,
    response?: Uint8Array,
    tokenCount?: number,
  ): void => {
    if (!isOutstanding(sample)) return;
    if (tokenCount !== undefined && tokenCounts.length > 0) tokenCounts[sample] = tokenCount;
    if (isLogged[sample] === 1) keeper.keep(sample, response ?? NO_RESPONSE);
    completedNs[sample] = completed_ns;
    countCompleted(1);
  };

  return {
    shared,
    sampleIndices,
    completeSampleAt,
    keepResponse(sample, response) {
      if (isLogged[sample] === 1) keeper.keep(sample, response);
    },
    completeSample: (sample, response, tokenCount) =>
      completeSampleAt(sample, clock.now(), response, tokenCount),
    completeFirstToken(sample, response) {
      const at_ns = clock.now();
      if (firstTokenNs.length === 0 || !isOutstanding(sample)) return;
      if (firstTokenNs[sample] !== 0) {
        Atomics.add(counters, cell.completedTwice, 1);
        return;
      }
      if (response !== undefined && isLogged[sample] === 1) keeper.keepFirstToken(sample, response);
      firstTokenNs[sample] = at_ns;
    },
    completeSamples(first, count) {
      const completed_ns = clock.now();
      if (!areIssued(first, count)) return;
      let completed = 0;
      for (let sample = first; sample < first + count; sample++) {
        if (completedNs[sample] !== 0) continue;
        if (loggedCount > 0 && isLogged[sample] === 1) keeper.keep(sample, NO_RESPONSE);
        completedNs[sample] = completed_ns;
        completed++;
      }
      if (completed < count) Atomics.add(counters, cell.completedTwice, count - completed);
      countCompleted(completed);
    },
  };
}
