// From a phase that is over to what is said of it: the end messages, the errors, the input of the results.
// Texts follow loadgen.md 8 and 13.5.

import type { EffectiveSettings } from './effective-settings.js';
import type { IssuedPhase } from './issue-phase.js';
import { queryLatenciesNs, sampleLatenciesNs, type IssueDelay } from './latencies.js';
import type { DetailLog } from './logs/detail.js';
import { cell } from './phase-records.js';
import type { PerformanceRecords } from './results.js';

const NS_PER_S = 1e9;
const NS_PER_MS = 1e6;
/** A driver whose p99 is later than this share of the latency bound makes a Server result doubtful. */
const DOUBTFUL_SHARE = 0.01;

/** Logs why issuing ended and every completion that was refused or is missing. */
export function logEndOfIssue(detail: DetailLog, issued: IssuedPhase, effective: EffectiveSettings): void {
  const { end, shared, incompleteSampleCount } = issued;
  switch (end.kind) {
    case 'natural':
      detail.log([['generic_message', 'Ending naturally: Minimum query count and test duration met.']]);
      break;
    case 'all-issued':
      if (
        shared.phase === 'performance' &&
        effective.scenario !== 'Server' &&
        !isComplete(issued, effective)
      ) {
        detail.error(
          'error_runtime',
          'Ending early: Ran out of generated queries to issue before the minimum query count and test duration were reached. ' +
            'Please update the relevant expected latency or target qps in the TestSettings so they are more accurate.',
        );
      }
      break;
    case 'too-many-outstanding':
      early(
        detail,
        `Too many outstanding queries. issued ${end.queriesIssued} outstanding ${end.outstanding}`,
      );
      break;
    case 'max-query-count':
      early(detail, `Max query count reached. query_count ${end.queriesIssued}`);
      break;
    case 'max-duration':
      early(detail, `Max test duration reached. duration_ns ${end.durationNs}`);
      break;
    case 'interrupted':
      detail.error('error_runtime', `Interrupted: stopped by request after ${issued.queriesIssued} queries.`);
      break;
    case 'engine-failed':
    case 'stalled':
      break; // told by the failure, below
  }
  const count = (index: number): number => Atomics.load(shared.counters, index);
  for (let i = 0; i < count(cell.completedTwice); i++) {
    if (i === 10) break; // enough to see; the next line counts them all
    detail.error('error_runtime', 'Attempted to complete a sample twice.');
  }
  if (count(cell.completedTwice) > 10) {
    detail.error('error_runtime', `${count(cell.completedTwice)} samples were completed twice.`);
  }
  const unknown = count(cell.completedUnknown);
  const issuedSamples = count(cell.issued);
  if (count(cell.unknownEnd) > issuedSamples) {
    detail.error(
      'error_runtime',
      `Received SequenceId that was too large. expected_size: ${issuedSamples} actual_size: ${count(cell.unknownEnd)}`,
    );
  }
  if (unknown > 0) {
    detail.error(
      'error_runtime',
      `Samples were completed that were not issued at that time. count: ${unknown}`,
    );
  }
  if (incompleteSampleCount > 0) {
    detail.error(
      'error_runtime',
      `Encountered incomplete samples at the end of a series of queries. count: ${incompleteSampleCount}`,
    );
  }
  if (issued.failure !== undefined) detail.error('error_runtime', issued.failure.message);
}

function early(detail: DetailLog, text: string): void {
  detail.error('error_runtime', `IssueQueryThread 0 Ending early: ${text}`);
}

/** A non-Server run that issued all it had is complete only in the scenario whose one query is all. */
function isComplete(issued: IssuedPhase, effective: EffectiveSettings): boolean {
  return effective.scenario === 'Offline' && issued.queriesIssued === 1;
}

/** What the results are computed from. */
export function performanceRecords(effective: EffectiveSettings, issued: IssuedPhase): PerformanceRecords {
  const { shared, startNs, queriesIssued } = issued;
  const { scenario } = effective;
  const last = Math.max(0, queriesIssued - 1);
  const sampleLatencies = sampleLatenciesNs(scenario, shared, startNs, queriesIssued);
  const sinceStartS = (ns: number): number => (ns === 0 ? 0 : (ns - startNs) / NS_PER_S);
  return {
    sampleLatenciesNs: sampleLatencies,
    ...(scenario === 'MultiStream' ? { queryLatenciesNs: queryLatenciesNs(shared, queriesIssued) } : {}),
    queriesIssued,
    maxLatencyS: largest(sampleLatencies) / NS_PER_S,
    finalQueryScheduledTimeS: (shared.scheduledDeltaNs[last] ?? 0) / NS_PER_S,
    finalQueryIssuedTimeS: sinceStartS(shared.issuedNs[last] ?? 0),
    finalQueryAllSamplesDoneTimeS: sinceStartS(doneNs(issued, last)),
    forbidding: reasonsAgainst(issued),
  };
}

/** What forbids VALID whatever the figures say. */
function reasonsAgainst({ end, failure, incompleteSampleCount }: IssuedPhase): readonly string[] {
  if (failure !== undefined) return [failure.message.replaceAll('\n', ' ')];
  return [
    ...(incompleteSampleCount > 0 ? [`${incompleteSampleCount} samples never completed.`] : []),
    ...(end.kind === 'interrupted' ? ['The run was interrupted.'] : []),
  ];
}

function doneNs({ shared }: IssuedPhase, query: number): number {
  let done = 0;
  for (let i = 0; i < shared.samplesPerQuery; i++) {
    done = Math.max(done, shared.completedNs[query * shared.samplesPerQuery + i] ?? 0);
  }
  return done;
}

function largest(values: Float64Array): number {
  let largestYet = 0;
  for (const value of values) if (value > largestYet) largestYet = value;
  return largestYet;
}

/** Why a Server result should be doubted: the driver itself was late. */
export function doubtsAbout(delay: IssueDelay, effective: EffectiveSettings): readonly string[] {
  const bound = effective.target_latency_ns;
  const ms = (ns: number): string => (ns / NS_PER_MS).toFixed(3);
  if (delay.p99_ns > bound * DOUBTFUL_SHARE) {
    return [
      `The driver could not keep up: 99 % of the queries were issued within ${ms(delay.p99_ns)} ms of their due time, ` +
        `more than 1 % of the latency bound (${ms(bound * DOUBTFUL_SHARE)} ms). The machine is too busy to trust these latencies.`,
    ];
  }
  if (delay.max_ns > bound) {
    return [
      `The driver was held up: a query was issued ${ms(delay.max_ns)} ms after its due time, ` +
        `more than the whole latency bound (${ms(bound)} ms). The highest latencies are the driver's, not the engine's.`,
    ];
  }
  return [];
}
