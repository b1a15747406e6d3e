// One phase from prepared queries to completed samples: tells the SUT, issues by scenario, flushes, waits, gathers what broke.

import { RunError } from '../configs/errors.js';
import type { Clock, SystemUnderTest } from './contract.js';
import type { EffectiveSettings } from './effective-settings.js';
import { issueAtOnce } from './offline.js';
import { openDriverRecords, type ReceiveResponse } from './driver-records.js';
import { cell } from './phase-cells.js';
import { createSharedPhase, type SharedPhase } from './phase-records.js';
import { startPhaseRun, type EndOfIssue, type PhaseRun } from './phase-run.js';
import type { QueryPlan } from './queries.js';
import type { Phase } from './sample-sets.js';
import { issueOnSchedule } from './server.js';
import { issueOneByOne } from './single-stream.js';

export interface PhaseRequest {
  readonly sut: SystemUnderTest;
  readonly effective: EffectiveSettings;
  readonly clock: Clock;
  readonly phase: Phase;
  readonly plan: QueryPlan;
  readonly firstSampleId: number;
  readonly isLogged: Uint8Array;
  readonly control: Int32Array;
  /** 0 = wait forever. */
  readonly stallTimeoutMs: number;
  readonly onPhase: ((shared: SharedPhase) => void) | undefined;
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

/** Issues a phase and waits for its end; what breaks is told in `failure`, so that the logs can be written first. */
export async function issuePhase(request: PhaseRequest): Promise<IssuedPhase> {
  const { sut, effective, clock, phase, plan, control, stallTimeoutMs } = request;
  const shared = createSharedPhase({
    phase,
    firstSampleId: request.firstSampleId,
    sampleIndices: plan.sampleIndices,
    scheduledDeltaNs: plan.scheduledDeltaNs,
    queryCount: plan.queryCount,
    samplesPerQuery: plan.samplesPerQuery,
    isLogged: request.isLogged,
    maxResponseBytes: sut.completionPlace === 'other-threads' ? (sut.maxResponseBytes ?? 0) : undefined,
    tokens: tokensTaken(effective),
  });
  // Received in the middle of a completion, where an error would be taken for the SUT's: told after the phase.
  let responseError: Error | undefined;
  const records = openDriverRecords(shared, clock, sut.completionPlace, (...response) => {
    if (responseError !== undefined) return;
    try {
      request.onResponse(shared, ...response);
    } catch (error) {
      responseError = error instanceof Error ? error : new Error(String(error));
    }
  });
  try {
    await sut.startPhase?.(records);
  } catch (cause) {
    throw thrownBy(sut, cause);
  }
  request.onPhase?.(shared); // before time zero: what it takes is no latency

  const startWallMs = clock.wallClockMs();
  const run = startPhaseRun({
    effective,
    sut,
    records,
    clock,
    control,
    stallTimeoutNs: stallTimeoutMs * NS_PER_MS,
  });
  let end: EndOfIssue;
  let failure: RunError | undefined;
  try {
    end = await issueByScenario(run);
    sut.flushQueries();
    if (!isBroken(end)) end = (await run.waitForAll()) ?? end;
    if (isBroken(end)) failure = brokenBy(end, run, stallTimeoutMs);
  } catch (cause) {
    end = { kind: 'engine-failed' };
    failure = thrownBy(sut, cause);
  }
  Atomics.store(shared.counters, cell.ended, 1);
  const ended = endPhase(sut);
  if (failure === undefined) failure = await ended;
  else await atMost(BROKEN_END_NS, ended, clock);
  Atomics.store(shared.counters, cell.closed, 1);
  records.finish();

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
    durationNs: Math.max(run.startNs, lastCompletion(shared, issuedSamples)) - run.startNs,
    queriesIssued: issuedSamples / shared.samplesPerQuery,
    end,
    incompleteSampleCount: issuedSamples - run.completedSamples(),
    failure,
    responseError,
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

async function atMost(limit_ns: number, work: Promise<unknown>, clock: Clock): Promise<void> {
  const isDone = new Int32Array(new SharedArrayBuffer(4));
  void work.then(() => {
    Atomics.store(isDone, 0, 1);
    Atomics.notify(isDone, 0);
  });
  await clock.yieldWhile(isDone, 0, 0, limit_ns);
}

function issueByScenario(run: PhaseRun): Promise<EndOfIssue> | EndOfIssue {
  switch (run.effective.scenario) {
    case 'SingleStream':
    case 'MultiStream':
      return issueOneByOne(run);
    case 'Server':
      return issueOnSchedule(run);
    case 'Offline':
      return issueAtOnce(run);
  }
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

function lastCompletion({ completedNs }: SharedPhase, issuedSamples: number): number {
  let last = 0;
  for (let sample = 0; sample < issuedSamples; sample++) {
    if (completedNs[sample]! > last) last = completedNs[sample]!;
  }
  return last;
}
