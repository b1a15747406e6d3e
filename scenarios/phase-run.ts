// What the four scenarios share while a phase is issued: issuing a query, waiting for completions, the reasons to stop.
// Follows loadgen/issue_query_controller.cc (loadgen.md 8).

import { isFailureReported, isStopRequested } from './control.js';
import type { Clock, SystemUnderTest } from './contract.js';
import type { EffectiveSettings } from './effective-settings.js';
import { cell, type DriverPhaseRecords } from './phase-records.js';

/** A driver that waits looks up this often: at a stop request, a broken engine, a stalled SUT. */
export const LOOK_UP_NS = 50_000_000;

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
  readonly records: DriverPhaseRecords;
  readonly clock: Clock;
  /** Clock when issuing began. */
  readonly startNs: number;
  /** Issues query `query` at `nowNs`, which the caller has just read. */
  issue(query: number, nowNs: number): void;
  /** Issues the neighbours `query … query + count - 1` in one call of the SUT (coalesced queries). */
  issueTogether(query: number, count: number, nowNs: number): void;
  /** True while issued samples have not completed. */
  hasOutstanding(): boolean;
  completedSamples(): number;
  /** Waits until everything issued has completed; otherwise tells why it never will. */
  waitForAll(): Promise<EndOfIssue | undefined>;
  /** Set once a person or another thread wants the run to end. */
  stopReason(): EndOfIssue | undefined;
  /** Waits for a due time as the SUT's completion place allows; undefined = it has come. */
  waitUntil(due_ns: number): Promise<EndOfIssue | undefined> | EndOfIssue | undefined;
  /** The end conditions common to all scenarios, after a query was issued at `issuedNs` (performance phases only). */
  endAfter(queriesIssued: number, issuedNs: number): EndOfIssue | undefined;
}

export interface PhaseRunSetup {
  readonly effective: EffectiveSettings;
  readonly sut: SystemUnderTest;
  readonly records: DriverPhaseRecords;
  readonly clock: Clock;
  readonly control: Int32Array;
  /** 0 = wait forever. */
  readonly stallTimeoutNs: number;
}

const NS_PER_MS = 1e6;

/** Begins a phase: this is its time zero. */
export function startPhaseRun({
  effective,
  sut,
  records,
  clock,
  control,
  stallTimeoutNs,
}: PhaseRunSetup): PhaseRun {
  const { shared } = records;
  const { counters, issuedNs, samplesPerQuery } = shared;
  const isAccuracy = shared.phase === 'accuracy';
  const startNs = clock.now();
  let issuedSamples = 0;
  const minDurationNs = effective.target_duration_ms * NS_PER_MS;
  const maxDurationNs = effective.max_duration_ms === 0 ? Infinity : effective.max_duration_ms * NS_PER_MS;
  const maxQueries = effective.max_query_count === 0 ? Infinity : effective.max_query_count;
  const endsNaturally = effective.scenario !== 'Server';

  const completedSamples = (): number => Atomics.load(counters, cell.completed);
  const hasOutstanding = (): boolean => completedSamples() < issuedSamples;
  const stopReason = (): EndOfIssue | undefined => {
    if (isFailureReported(control)) return { kind: 'engine-failed' };
    return isStopRequested(control) ? { kind: 'interrupted' } : undefined;
  };

  const issueTogether = (query: number, count: number, nowNs: number): void => {
    for (let i = 0; i < count; i++) issuedNs[query + i] = nowNs;
    const first = query * samplesPerQuery;
    const sampleCount = count * samplesPerQuery;
    issuedSamples = first + sampleCount;
    // Published before the SUT hears of it: its threads may complete before issueQuery returns.
    Atomics.store(counters, cell.issued, issuedSamples);
    sut.issueQuery(first, sampleCount, records);
  };

  return {
    effective,
    isAccuracy,
    records,
    clock,
    startNs,
    issueTogether,
    issue: (query, nowNs) => issueTogether(query, 1, nowNs),
    hasOutstanding,
    completedSamples,
    stopReason,
    async waitForAll() {
      let completed = completedSamples();
      let progressNs = clock.now();
      while (completed < issuedSamples) {
        if (isFailureReported(control)) return { kind: 'engine-failed' };
        Atomics.store(counters, cell.driverWaits, 1);
        if (sut.completionPlace === 'event-loop') {
          await clock.yieldWhile(counters, cell.completed, completed, LOOK_UP_NS);
        } else {
          clock.waitWhile(counters, cell.completed, completed, LOOK_UP_NS);
        }
        Atomics.store(counters, cell.driverWaits, 0);
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
    waitUntil(due_ns) {
      if (sut.completionPlace === 'event-loop') return yieldUntil(due_ns);
      for (;;) {
        const reason = stopReason();
        if (reason !== undefined) return reason;
        const now = clock.now();
        if (now >= due_ns) return undefined;
        clock.sleepUntil(Math.min(due_ns, now + LOOK_UP_NS));
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
    for (;;) {
      const reason = stopReason();
      if (reason !== undefined) return reason;
      const now = clock.now();
      if (now >= due_ns) return undefined;
      await clock.yieldUntil(Math.min(due_ns, now + LOOK_UP_NS));
    }
  }
}
