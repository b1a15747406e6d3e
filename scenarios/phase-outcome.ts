// From a phase that is over to what is said of it: the end messages, the errors, the input of the results.
// Texts follow loadgen.md 8 and 13.5.

import type { EffectiveSettings } from './effective-settings.js';
import type { IssuedPhase } from './issue-phase.js';
import { queryLatenciesNs, sampleLatenciesNs, scheduledNs, type IssueDelay } from './latencies.js';
import type { DetailLog } from './logs/detail.js';
import { cell } from './phase-cells.js';
import type { SharedPhase } from './phase-records.js';
import type { EndOfIssue } from './phase-run.js';
import type { PerformanceRecords } from './results.js';
import type { TokenRecords } from './token-results.js';

const NS_PER_S = 1e9;
const NS_PER_MS = 1e6;
/** Time per output token counts the tokens after the first. */
const LEAST_TOKENS = 2;
/** A driver whose p99 is later than this share of the latency bound makes a Server result doubtful. */
const DOUBTFUL_SHARE = 0.01;

/** Logs why issuing ended and every completion that was refused or is missing. */
export function logEndOfIssue(detail: DetailLog, issued: IssuedPhase, effective: EffectiveSettings): void {
  const { shared, incompleteSampleCount } = issued;
  for (const [thread, end] of issued.threadEnds.entries()) logEnd(detail, end, thread, issued, effective);
  if (issued.end.kind === 'interrupted')
    detail.error('error_runtime', `Interrupted: stopped by request after ${issued.queriesIssued} queries.`);
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
  const problem = tokenProblem(issued);
  if (problem !== undefined) detail.error('error_runtime', problem);
  if (issued.failure !== undefined) detail.error('error_runtime', issued.failure.message);
}

/** Why one thread issued no further queries. */
function logEnd(
  detail: DetailLog,
  end: EndOfIssue,
  thread: number,
  issued: IssuedPhase,
  effective: EffectiveSettings,
): void {
  const early = (text: string): void =>
    detail.error('error_runtime', `IssueQueryThread ${thread} Ending early: ${text}`);
  switch (end.kind) {
    case 'natural':
      detail.log([['generic_message', 'Ending naturally: Minimum query count and test duration met.']]);
      break;
    case 'all-issued':
      if (
        issued.shared.phase === 'performance' &&
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
      early(`Too many outstanding queries. issued ${end.queriesIssued} outstanding ${end.outstanding}`);
      break;
    case 'max-query-count':
      early(`Max query count reached. query_count ${end.queriesIssued}`);
      break;
    case 'max-duration':
      early(`Max test duration reached. duration_ns ${end.durationNs}`);
      break;
    case 'interrupted':
      break; // told once, for all threads
    case 'engine-failed':
    case 'stalled':
      break; // told by the failure, below
  }
}

/** A non-Server run that issued all it had is complete only in the scenario whose one query is all. */
function isComplete(issued: IssuedPhase, effective: EffectiveSettings): boolean {
  return effective.scenario === 'Offline' && issued.queriesIssued === 1;
}

/** What the results are computed from. */
export function performanceRecords(effective: EffectiveSettings, issued: IssuedPhase): PerformanceRecords {
  const { shared, startNs, queriesIssued } = issued;
  const { scenario } = effective;
  const last = lastIssued(shared);
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
    ...(effective.use_token_latencies ? { tokens: tokenRecords(effective, issued) } : {}),
    forbidding: reasonsAgainst(issued),
  };
}

/** Times per output token are whole ns, as LoadGen divides them; samples without what they need are left out and told. */
function tokenRecords({ scenario }: EffectiveSettings, issued: IssuedPhase): TokenRecords {
  const { shared, startNs, queriesIssued } = issued;
  const { completedNs, firstTokenNs, tokenCounts, samplesPerQuery } = shared;
  const scheduled = scheduledNs(scenario, shared, startNs);
  const isTimed = firstTokenNs.length > 0;
  const most = isTimed ? queriesIssued * samplesPerQuery : 0;
  const firstTokenLatencies = new Float64Array(most);
  const timePerOutputToken = new Float64Array(most);
  let tokenCount = 0;
  let timed = 0;
  for (let sample = 0; sample < shared.sampleCount; sample++) {
    if (completedNs[sample] === 0) continue;
    tokenCount += tokenCounts[sample]!;
    if (!isTimed || lacksTokens(shared, sample)) continue;
    const from = scheduled(Math.floor(sample / samplesPerQuery));
    firstTokenLatencies[timed] = firstTokenNs[sample]! - from;
    timePerOutputToken[timed] = Math.trunc(
      (completedNs[sample]! - firstTokenNs[sample]!) / (tokenCounts[sample]! - 1),
    );
    timed++;
  }
  return {
    tokenCount,
    firstTokenLatenciesNs: firstTokenLatencies.subarray(0, timed),
    timePerOutputTokenNs: timePerOutputToken.subarray(0, timed),
  };
}

/** Fewer tokens make no time per output token; Offline only needs their number. */
function lacksTokens({ tokenCounts, firstTokenNs }: SharedPhase, sample: number): boolean {
  return firstTokenNs.length === 0
    ? tokenCounts[sample]! < 1
    : tokenCounts[sample]! < LEAST_TOKENS || firstTokenNs[sample] === 0;
}

/** What is wrong with the tokens of completed samples; undefined when nothing is. */
function tokenProblem({ shared }: IssuedPhase): string | undefined {
  if (shared.tokenCounts.length === 0) return undefined;
  let lacking = 0;
  for (let sample = 0; sample < shared.sampleCount; sample++) {
    if (shared.completedNs[sample] !== 0 && lacksTokens(shared, sample)) lacking++;
  }
  if (lacking === 0) return undefined;
  return shared.firstTokenNs.length === 0
    ? `${lacking} samples completed without a token count of 1 or more.`
    : `${lacking} samples completed without a first token, or with a token count below ${LEAST_TOKENS}.`;
}

/** What forbids VALID whatever the figures say. */
function reasonsAgainst(issued: IssuedPhase): readonly string[] {
  const { end, failure, incompleteSampleCount } = issued;
  const problem = tokenProblem(issued);
  if (failure !== undefined) return [failure.message.replaceAll('\n', ' ')];
  return [
    ...(incompleteSampleCount > 0 ? [`${incompleteSampleCount} samples never completed.`] : []),
    ...(problem === undefined ? [] : [problem]),
    ...(end.kind === 'interrupted' ? ['The run was interrupted.'] : []),
  ];
}

/** The last query of the schedule that was issued. */
function lastIssued({ issuedNs }: SharedPhase): number {
  let last = issuedNs.length - 1;
  while (last > 0 && issuedNs[last] === 0) last--;
  return Math.max(0, last);
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
