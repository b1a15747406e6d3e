// The facts of one phase (one loaded set, issued once), in shared memory: what is issued, when, and when it completed.
// The driver and every thread that completes samples look at the same arrays; nothing here computes a result.

import type { Clock } from './contract.js';

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
} as const;
export const CELL_COUNT = 160;

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
  /** int32[samples]: tokens of each response; empty without use_token_latencies. */
  readonly tokenCounts: Int32Array;
  /** float64[samples]: clock when the first token was there, 0 = not yet; empty without use_token_latencies and in Offline. */
  readonly firstTokenNs: Float64Array;
}

/** One thread's view of a phase: the shared facts and the only ways to add to them. */
export interface PhaseRecords {
  readonly shared: SharedPhase;
  /** = shared.sampleIndices, at hand for the hot path. */
  readonly sampleIndices: Int32Array;
  /**
   * Completes one sample; the time is taken in the first line. `response` is copied if the sample is logged.
   * A sample completed twice, unknown or not yet issued is counted and otherwise ignored (LoadGen 13.5).
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
  /** Most bytes of one response; 0 when responses are copied on the driver's own thread. */
  readonly maxResponseBytes: number;
  /** What is taken of tokens: nothing, their number (Offline), or the time of the first as well. Default: nothing. */
  readonly tokens?: 'none' | 'counted' | 'timed';
}

/** Allocates a phase's shared memory, all of it before time zero. */
export function createSharedPhase(plan: PhasePlan): SharedPhase {
  const { tokens = 'none', ...given } = plan;
  const sampleCount = plan.sampleIndices.length;
  const slotCount = plan.maxResponseBytes === 0 ? 0 : countOnes(plan.isLogged);
  // A sample whose first token is timed has two responses: slot n, and slot slotCount + n of its first token.
  const responseCount = tokens === 'timed' ? 2 * slotCount : slotCount;
  const responseSlots = new Int32Array(new SharedArrayBuffer(slotCount === 0 ? 0 : sampleCount * 4));
  let slot = 0;
  for (let sample = 0; sample < responseSlots.length; sample++) {
    responseSlots[sample] = plan.isLogged[sample] === 1 ? slot++ : -1;
  }
  return {
    ...given,
    sampleCount,
    issuedNs: touched(new Float64Array(new SharedArrayBuffer(plan.queryCount * 8))),
    completedNs: touched(new Float64Array(new SharedArrayBuffer(sampleCount * 8))),
    counters: new Int32Array(new SharedArrayBuffer(CELL_COUNT * 4)),
    responseSlots,
    responseLengths: new Int32Array(new SharedArrayBuffer(responseCount * 4)),
    responseBytes: new Uint8Array(new SharedArrayBuffer(responseCount * plan.maxResponseBytes)),
    tokenCounts: new Int32Array(new SharedArrayBuffer(tokens === 'none' ? 0 : sampleCount * 4)),
    firstTokenNs: touched(new Float64Array(new SharedArrayBuffer(tokens === 'timed' ? sampleCount * 8 : 0))),
  };
}

/** First writes to fresh pages cost microseconds each: taken here, not while latencies are measured. */
function touched(array: Float64Array): Float64Array {
  for (let i = 0; i < array.length; i += 512) array[i] = 0;
  return array;
}

function countOnes(flags: Uint8Array): number {
  let count = 0;
  for (const flag of flags) count += flag;
  return count;
}

/** The driver's own view, which also reads responses back. */
export interface DriverPhaseRecords extends PhaseRecords {
  /** The logged response of a sample; empty when there is none. Valid until the next call. */
  readonly response: (sample: number) => Uint8Array;
  /** The logged response of a sample at its first token; empty when there is none. Valid until the next call. */
  readonly firstTokenResponse: (sample: number) => Uint8Array;
}

const NO_RESPONSE = new Uint8Array(0);
const MAX_INT32 = 2 ** 31 - 1;

/** Opens a phase in this thread; every thread that completes samples opens it for itself. */
export function openPhaseRecords(shared: SharedPhase, clock: Pick<Clock, 'now'>): DriverPhaseRecords {
  const { completedNs, counters, isLogged, sampleIndices, responseSlots, responseLengths, responseBytes } =
    shared;
  const { maxResponseBytes, tokenCounts, firstTokenNs } = shared;
  const firstTokenSlots = responseLengths.length / 2;
  // Where there is no shared response memory, all completions happen on one thread.
  const copied = new Map<number, Uint8Array>();
  const copiedFirst = new Map<number, Uint8Array>();

  const keepResponse = (sample: number, response: Uint8Array, isFirstToken: boolean): void => {
    if (maxResponseBytes === 0) {
      (isFirstToken ? copiedFirst : copied).set(sample, response.slice());
      return;
    }
    if (response.length > maxResponseBytes) {
      Atomics.add(counters, cell.responseTooLong, 1);
      return;
    }
    const slot = responseSlots[sample]! + (isFirstToken ? firstTokenSlots : 0);
    responseBytes.set(response, slot * maxResponseBytes);
    responseLengths[slot] = response.length;
  };

  const countCompleted = (count: number): void => {
    const completed = Atomics.add(counters, cell.completed, count) + count;
    const awaited = Atomics.load(counters, cell.awaited);
    if (awaited !== 0 && completed >= awaited) Atomics.notify(counters, cell.completed);
  };

  const refuseUnknown = (first: number, count: number): void => {
    Atomics.add(counters, cell.completedUnknown, count);
    const end = Math.min(first + count, MAX_INT32);
    for (;;) {
      const known = Atomics.load(counters, cell.unknownEnd);
      if (!(end > known) || Atomics.compareExchange(counters, cell.unknownEnd, known, end) === known) return;
    }
  };

  /** Counts and refuses what is no outstanding sample. */
  const isOutstanding = (sample: number): boolean => {
    if (!(sample >= 0 && sample < Atomics.load(counters, cell.issued))) {
      refuseUnknown(sample, 1);
      return false;
    }
    if (completedNs[sample] !== 0) {
      Atomics.add(counters, cell.completedTwice, 1);
      return false;
    }
    return true;
  };

  const completeSampleAt = (
    sample: number,
    completed_ns: number,
    response?: Uint8Array,
    tokenCount?: number,
  ): void => {
    if (!isOutstanding(sample)) return;
    if (response !== undefined && isLogged[sample] === 1) keepResponse(sample, response, false);
    if (tokenCount !== undefined && tokenCounts.length > 0) tokenCounts[sample] = tokenCount;
    completedNs[sample] = completed_ns;
    countCompleted(1);
  };

  return {
    shared,
    sampleIndices,
    completeSampleAt,
    completeSample: (sample, response, tokenCount) =>
      completeSampleAt(sample, clock.now(), response, tokenCount),
    completeFirstToken(sample, response) {
      const at_ns = clock.now();
      if (firstTokenNs.length === 0 || !isOutstanding(sample)) return;
      if (firstTokenNs[sample] !== 0) {
        Atomics.add(counters, cell.completedTwice, 1);
        return;
      }
      if (response !== undefined && isLogged[sample] === 1) keepResponse(sample, response, true);
      firstTokenNs[sample] = at_ns;
    },
    completeSamples(first, count) {
      const completed_ns = clock.now();
      const end = first + count;
      if (!(first >= 0 && end <= Atomics.load(counters, cell.issued))) {
        refuseUnknown(first, count);
        return;
      }
      let completed = 0;
      for (let sample = first; sample < end; sample++) {
        if (completedNs[sample] !== 0) continue;
        completedNs[sample] = completed_ns;
        completed++;
      }
      if (completed < count) Atomics.add(counters, cell.completedTwice, count - completed);
      countCompleted(completed);
    },
    response: (sample) => responseAt(sample, copied, 0),
    firstTokenResponse: (sample) =>
      firstTokenNs.length === 0 ? NO_RESPONSE : responseAt(sample, copiedFirst, firstTokenSlots),
  };

  function responseAt(sample: number, copies: Map<number, Uint8Array>, slotsBefore: number): Uint8Array {
    if (maxResponseBytes === 0) return copies.get(sample) ?? NO_RESPONSE;
    if ((responseSlots[sample] ?? -1) < 0) return NO_RESPONSE;
    const slot = responseSlots[sample]! + slotsBefore;
    const from = slot * maxResponseBytes;
    return responseBytes.subarray(from, from + responseLengths[slot]!);
  }
}
