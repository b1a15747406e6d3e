// One phase from prepared queries to completed samples: tells the SUT, issues by scenario, flushes, waits, gathers what broke.

import { RunError } from '../configs/errors.js';
import type { Clock, SystemUnderTest } from './contract.js';
import type { EffectiveSettings } from './effective-settings.js';
import { createFirstTokenStore } from './first-token-store.js';
import { issueAtOnce } from './offline.js';
import { openDriverRecords, type ReceiveResponse } from './driver-records.js';
import type { IssuePhase, StartedIssueThreads } from './issue-threads.js';
import { cell } from './phase-cells.js';
import { createSharedPhase, type SharedPhase } from './phase-records.js';
import { startPhaseRun, type EndOfIssue, type PhaseRun } from './phase-run.js';
import type { QueryPlan } from './queries.js';
import type { Phase } from './sample-sets.js';
import { issueOnSchedule } from './server.js';
import { issueOneByOne } from './single-stream.js';

export interface PhaseRequest {
  readonly sut: SystemUnderTest;
  /** In whose turns the queries are issued; undefined = by the driver. */
  readonly issueThreads: StartedIssueThreads | undefined;
  readonly effective: EffectiveSettings;
  readonly clock: Clock;
  readonly phase: Phase;
  readonly plan: QueryPlan;
  readonly firstSampleId: number;
  readonly isLogged: Uint8Array;
  /** Whether a trace will be written of it. */
  readonly isTraced: boolean;
  readonly control: Int32Array;
  /** 0 = wait forever. */
  readonly stallTimeoutMs: number;
  readonly onPhase: ((shared: SharedPhase) => void) | undefined;
  /** Where responses at the first token wait that do not fit into memory. */
  readonly firstTokenFile: string;
  /** Gets each logged response, during the phase or at its end. */
  readonly onResponse: (shared: SharedPhase, ...response: Parameters<ReceiveResponse>) => void;
}

/** A phase that is over. */
export interface IssuedPhase {
  readonly shared: SharedPhase;
  readonly startNs: number;
  readonly startWallMs: number;
  /** From the start to the last completion; 0 without one. */
  readonly durationNs: number;
  readonly queriesIssued: number;
  readonly end: EndOfIssue;
  /** The end of each issue thread; of the driver alone otherwise. */
  readonly threadEnds: readonly EndOfIssue[];
  /** Issued, but never completed. */
  readonly incompleteSampleCount: number;
  /** Why the test cannot go on. */
  readonly failure: RunError | undefined;
  /** Thrown by onResponse, e.g. by a full disk. */
  readonly responseError: Error | undefined;
}

const NS_PER_MS = 1e6;
/** A SUT that broke or hangs gets this long to end its phase; then the logs are written without it. */
const BROKEN_END_NS = 5e9;
/** Time zero lies so far ahead where threads have to be woken for it. */
const WAKE_THREADS_NS = 2e6;

/** Issues a phase and waits for its end; what breaks is told in `failure`, so that the logs can be written first. */
export async function issuePhase(request: PhaseRequest): Promise<IssuedPhase> {
  const { sut, effective, clock, phase, plan, control, stallTimeoutMs, issueThreads } = request;
  const responsePlace = issueThreads === undefined ? sut.completionPlace : 'other-threads';
  const shared = createSharedPhase({
    phase,
    firstSampleId: request.firstSampleId,
    sampleIndices: plan.sampleIndices,
    scheduledDeltaNs: plan.scheduledDeltaNs,
    queryCount: plan.queryCount,
    samplesPerQuery: plan.samplesPerQuery,
    isLogged: request.isLogged,
    issueThreads: issueThreads?.count ?? 0,
    isTraced: request.isTraced,
    maxResponseBytes: responsePlace === 'other-threads' ? (sut.maxResponseBytes ?? 0) : undefined,
    tokens: tokensTaken(effective),
  });
  // Received in the middle of a completion, where an error would be taken for the SUT's: told after the phase.
  let responseError: Error | undefined;
  const receive: ReceiveResponse = (...response) => {
    if (responseError !== undefined) return;
    try {
      request.onResponse(shared, ...response);
    } catch (error) {
      responseError = error instanceof Error ? error : new Error(String(error));
    }
  };
  const firstTokens = createFirstTokenStore(shared.sampleCount, request.firstTokenFile);
  const records = openDriverRecords(shared, clock, responsePlace, receive, firstTokens);
  try {
    await sut.startPhase?.(records);
  } catch (cause) {
    throw thrownBy(sut, cause);
  }
  request.onPhase?.(shared); // before time zero: what it takes is no latency
  let issueInThreads: IssuePhase | undefined;
  try {
    issueInThreads = await issueThreads?.prepare(effective, records);
  } catch (cause) {
    Atomics.store(shared.counters, cell.ended, 1);
    await endPhase(sut);
    throw thrownBy(sut, cause);
  }

  const aheadNs = issueInThreads === undefined ? 0 : WAKE_THREADS_NS;
  const startWallMs = clock.wallClockMs() + aheadNs / NS_PER_MS;
  const run = startPhaseRun({
    effective,
    sut,
    // While others issue, this thread can listen to them.
    completionPlace:
      issueInThreads !== undefined && sut.waitForCompleted === undefined ? 'event-loop' : sut.completionPlace,
    records,
    clock,
    control,
    stallTimeoutNs: stallTimeoutMs * NS_PER_MS,
    startNs: clock.now() + aheadNs,
  });
  let end: EndOfIssue;
  let threadEnds: readonly EndOfIssue[] = [];
  let failure: RunError | undefined;
  let isThrown = false;
  try {
    threadEnds = await (issueInThreads?.(run.startNs) ?? issueByScenario(run));
    end = endOfAll(threadEnds);
    sut.flushQueries();
    if (!isBroken(end)) end = (await run.waitForAll()) ?? end;
    if (isBroken(end)) failure = brokenBy(end, run, stallTimeoutMs);
  } catch (cause) {
    end = { kind: 'engine-failed' };
    failure = thrownBy(sut, cause);
    isThrown = true;
  }
  Atomics.store(shared.counters, cell.ended, 1);
  const ended = endPhase(sut);
  if (failure === undefined) failure = await ended;
  else {
    const told = await atMost(BROKEN_END_NS, ended, clock);
    if (end.kind === 'engine-failed' && !isThrown) failure = told ?? failure; // it knows by what it broke
  }
  Atomics.store(shared.counters, cell.closed, 1);
  records.finish();
  firstTokens.close();

  const issuedSamples = Atomics.load(shared.counters, cell.issued);
  const tooLong = Atomics.load(shared.counters, cell.responseTooLong);
  if (failure === undefined && tooLong > 0) {
    failure = new RunError(
      `${sut.name} returned ${tooLong} responses of more than ${shared.responses.maxResponseBytes} bytes, its own maxResponseBytes.`,
    );
  }
  return {
    shared,
    startNs: run.startNs,
    startWallMs,
    durationNs: Math.max(run.startNs, lastCompletion(shared)) - run.startNs,
    queriesIssued: issuedSamples / shared.samplesPerQuery,
    end,
    threadEnds,
    incompleteSampleCount: issuedSamples - run.completedSamples(),
    failure,
    responseError: responseError ?? firstTokens.error(),
  };
}

function tokensTaken({ use_token_latencies, scenario }: EffectiveSettings): 'none' | 'counted' | 'timed' {
  if (!use_token_latencies) return 'none';
  return scenario === 'Offline' ? 'counted' : 'timed';
}

function thrownBy(sut: SystemUnderTest, cause: unknown): RunError {
  if (cause instanceof RunError) return cause;
  return new RunError(`${sut.name} threw: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}

/** Never rejects: a phase whose end throws still has its records. */
async function endPhase(sut: SystemUnderTest): Promise<RunError | undefined> {
  try {
    await sut.endPhase?.();
    return undefined;
  } catch (cause) {
    return thrownBy(sut, cause);
  }
}

/** What the work gives; undefined when it takes longer. */
async function atMost<T>(limit_ns: number, work: Promise<T>, clock: Clock): Promise<T | undefined> {
  const isDone = new Int32Array(new SharedArrayBuffer(4));
  let given: T | undefined;
  void work.then((result) => {
    given = result;
    Atomics.store(isDone, 0, 1);
    Atomics.notify(isDone, 0);
  });
  await clock.yieldWhile(isDone, 0, 0, limit_ns);
  return given;
}

async function issueByScenario(run: PhaseRun): Promise<readonly [EndOfIssue]> {
  switch (run.effective.scenario) {
    case 'SingleStream':
    case 'MultiStream':
      return [await issueOneByOne(run)];
    case 'Server':
      return [await issueOnSchedule(run)];
    case 'Offline':
      return [issueAtOnce(run)];
  }
}

/** How a phase ended whose threads ended each for itself: by what is worst. */
function endOfAll(ends: readonly EndOfIssue[]): EndOfIssue {
  return (
    ends.find(isBroken) ??
    ends.find(({ kind }) => kind === 'interrupted') ??
    ends.find(({ kind }) => kind !== 'all-issued') ?? { kind: 'all-issued' }
  );
}

const isBroken = ({ kind }: EndOfIssue): boolean => kind === 'engine-failed' || kind === 'stalled';

function brokenBy(end: EndOfIssue, run: PhaseRun, stallTimeoutMs: number): RunError {
  const issued = Atomics.load(run.records.shared.counters, cell.issued);
  const missing = issued - run.completedSamples();
  return end.kind === 'stalled'
    ? new RunError(
        `${missing} of ${issued} issued samples never completed: nothing came for ${stallTimeoutMs} ms.` +
          ' The engine hangs, lost them, or needs a longer stall_timeout_ms.',
      )
    : new RunError(`the engine broke while ${missing} of ${issued} issued samples were outstanding.`);
}

function lastCompletion({ completedNs }: SharedPhase): number {
  let last = 0;
  for (let sample = 0; sample < completedNs.length; sample++) {
    if (completedNs[sample]! > last) last = completedNs[sample]!;
  }
  return last;
}
