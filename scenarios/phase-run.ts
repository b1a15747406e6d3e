// What the four scenarios share while a phase is issued: issuing a query, waiting for completions, the reasons to stop.
// Follows loadgen/issue_query_controller.cc (loadgen.md 8).

import { isFailureReported, isStopRequested, waitForStop } from './control.js';
import type { Clock, CompletionPlace, QueryIssuer, SystemUnderTest } from './contract.js';
import type { EffectiveSettings } from './effective-settings.js';
import type { IssuingRecords } from './driver-records.js';
import { publishIssued } from './issue-order.js';
import { cell } from './phase-cells.js';
import { EVERY_QUERY, shareOf, type Turn } from './turn.js';

/** A driver that waits looks up this often: at a stop request, a broken engine, a stalled SUT. */
export const LOOK_UP_NS = 50_000_000;
/** How long a stop request lets outstanding samples complete; an Offline query of ten minutes is not waited for. */
const DRAIN_NS = 2_000_000_000;
/** A SUT on the driver's own event loop gets a turn this often, however late the driver is. */
const YIELD_EVERY_NS = 1_000_000;

/** Why a phase issued no further queries. */
export type EndOfIssue =
  /** Every generated query was issued (Server and accuracy phases end so; others ran out). */
  | { readonly kind: 'all-issued' }
  /** Minimum query count and duration met. */
  | { readonly kind: 'natural' }
  | { readonly kind: 'max-query-count'; readonly queriesIssued: number }
  | { readonly kind: 'max-duration'; readonly durationNs: number }
  | { readonly kind: 'too-many-outstanding'; readonly queriesIssued: number; readonly outstanding: number }
  | { readonly kind: 'interrupted' }
  /** The engine broke: another thread said so. */
  | { readonly kind: 'engine-failed' }
  /** Nothing completed for stall_timeout_ms although samples were outstanding. */
  | { readonly kind: 'stalled' };

/** One phase on its way. */
export interface PhaseRun {
  readonly effective: EffectiveSettings;
  readonly isAccuracy: boolean;
  readonly records: IssuingRecords;
  readonly turn: Turn;
  readonly clock: Clock;
  /** Clock when issuing began. */
  readonly startNs: number;
  /** Issues query `query` at `nowNs`, which the caller has just read. */
  issue(query: number, nowNs: number): void;
  /** Issues `query` and the next ones of this turn, `count` in all, in one call of the SUT (coalesced queries). */
  issueTogether(query: number, count: number, nowNs: number): void;
  /** True while issued samples have not completed. */
  hasOutstanding(): boolean;
  completedSamples(): number;
  /** By all threads that issue. */
  issuedSamples(): number;
  /** Waits until everything issued has completed; otherwise tells why that was given up. */
  waitForAll(): Promise<EndOfIssue | undefined>;
  /** Set once a person or another thread wants the run to end. */
  stopReason(): EndOfIssue | undefined;
  /** True when a SUT on this event loop has waited long enough for its turn: waitUntil gives it one. */
  mustYield(nowNs: number): boolean;
  /** Waits for a due time as the SUT's completion place allows; undefined = it has come. */
  waitUntil(due_ns: number): Promise<EndOfIssue | undefined> | EndOfIssue | undefined;
  /**
   * The end conditions common to all scenarios, after a query was issued at `issuedNs` (performance phases only). The counts are
   * those of this turn.
   */
  endAfter(queriesIssued: number, issuedNs: number): EndOfIssue | undefined;
}

export interface PhaseRunSetup {
  readonly effective: EffectiveSettings;
  readonly sut: Pick<SystemUnderTest, 'waitForCompleted'> & QueryIssuer;
  readonly completionPlace: CompletionPlace;
  readonly records: IssuingRecords;
  readonly clock: Clock;
  readonly control: Int32Array;
  /** 0 = wait forever. */
  readonly stallTimeoutNs: number;
  /** This phase's time zero, where it is set already. */
  readonly startNs?: number;
  /** Of an issue thread. */
  readonly turn?: Turn;
}

const NS_PER_MS = 1e6;

/** Begins a phase: this is its time zero. */
export function startPhaseRun({
  effective,
  sut,
  completionPlace,
  records,
  clock,
  control,
  stallTimeoutNs,
  startNs = clock.now(),
  turn = EVERY_QUERY,
}: PhaseRunSetup): PhaseRun {
  const { shared } = records;
  const { counters, issuedNs, issueReturnedNs, samplesPerQuery } = shared;
  const isTraced = issueReturnedNs.length > 0;
  const isAccuracy = shared.phase === 'accuracy';
  const stride = turn.of;
  let issuedSamples = 0;
  let yieldedNs = startNs;
  let drainFromNs: number | undefined;
  const minDurationNs = effective.target_duration_ms * NS_PER_MS;
  const maxDurationNs = effective.max_duration_ms === 0 ? Infinity : effective.max_duration_ms * NS_PER_MS;
  const maxQueries = effective.max_query_count === 0 ? Infinity : shareOf(effective.max_query_count, turn);
  const endsNaturally = effective.scenario !== 'Server';

  const completedSamples = (): number => Atomics.load(counters, cell.completed);
  const hasOutstanding = (): boolean => completedSamples() < issuedSamples;
  const stopReason = (): EndOfIssue | undefined => {
    if (isFailureReported(control) || counters[cell.issueBroken] === 1) return { kind: 'engine-failed' };
    return isStopRequested(control) ? { kind: 'interrupted' } : undefined;
  };

  const issueTogether = (query: number, count: number, nowNs: number): void => {
    for (let i = 0; i < count; i++) issuedNs[query + i * stride] = nowNs;
    const first = query * samplesPerQuery;
    const sampleCount = count * samplesPerQuery;
    // Published before the SUT hears of it: its threads may complete before issueQuery returns.
    if (shared.issueThreads === 0) {
      issuedSamples = first + sampleCount;
      Atomics.store(counters, cell.issued, issuedSamples);
    } else {
      publishIssued(shared, first, sampleCount);
    }
    sut.issueQuery(first, sampleCount, records);
    if (isTraced) issueReturnedNs[query] = clock.now();
  };

  return {
    effective,
    isAccuracy,
    records,
    turn,
    clock,
    startNs,
    issueTogether,
    issue: (query, nowNs) => issueTogether(query, 1, nowNs),
    hasOutstanding,
    completedSamples,
    issuedSamples: () => Atomics.load(counters, cell.issued),
    stopReason,
    async waitForAll() {
      issuedSamples = Atomics.load(counters, cell.issued); // by issue threads, if there are any
      let completed = completedSamples();
      let progressNs = clock.now();
      while (completed < issuedSamples) {
        records.relieve?.();
        const reason = stopReason();
        if (reason?.kind === 'engine-failed') return reason;
        if (reason !== undefined) {
          drainFromNs ??= clock.now();
          if (clock.now() - drainFromNs >= DRAIN_NS) return reason;
        }
        Atomics.store(counters, cell.awaited, issuedSamples);
        if (completionPlace === 'event-loop') {
          await clock.yieldWhile(counters, cell.completed, completed, LOOK_UP_NS);
        } else if (sut.waitForCompleted !== undefined) {
          sut.waitForCompleted(issuedSamples, LOOK_UP_NS);
        } else {
          clock.waitWhile(counters, cell.completed, completed, LOOK_UP_NS);
        }
        Atomics.store(counters, cell.awaited, 0);
        const now = completedSamples();
        if (now !== completed) {
          completed = now;
          progressNs = clock.now();
        } else if (stallTimeoutNs > 0 && clock.now() - progressNs >= stallTimeoutNs) {
          return { kind: 'stalled' };
        }
      }
      return undefined;
    },
    mustYield: (nowNs) => completionPlace === 'event-loop' && nowNs - yieldedNs >= YIELD_EVERY_NS,
    waitUntil(due_ns) {
      if (completionPlace === 'event-loop') return yieldUntil(due_ns);
      for (;;) {
        const reason = stopReason();
        if (reason !== undefined) return reason;
        const now = clock.now();
        if (now >= due_ns) return undefined;
        const farNs = due_ns - LOOK_UP_NS - now;
        if (farNs <= 0) clock.sleepUntil(due_ns);
        else waitForStop(control, clock, Math.min(farNs, LOOK_UP_NS)); // a look-up need not be exact
      }
    },
    endAfter(queriesIssued, issuedAtNs) {
      if (isAccuracy) return undefined;
      const durationNs = issuedAtNs - startNs;
      if (endsNaturally && queriesIssued >= effective.min_query_count && durationNs >= minDurationNs) {
        return { kind: 'natural' };
      }
      if (queriesIssued >= maxQueries) return { kind: 'max-query-count', queriesIssued };
      if (durationNs > maxDurationNs) return { kind: 'max-duration', durationNs };
      return undefined;
    },
  };

  async function yieldUntil(due_ns: number): Promise<EndOfIssue | undefined> {
    do {
      const reason = stopReason();
      if (reason !== undefined) return reason;
      await clock.yieldUntil(Math.min(due_ns, clock.now() + LOOK_UP_NS));
      yieldedNs = clock.now();
    } while (yieldedNs < due_ns);
    return stopReason();
  }
}
