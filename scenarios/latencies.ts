// From the recorded moments to latencies: when a query counts as scheduled, by scenario. Pure. Follows loadgen.md 8.

import type { Scenario } from '../configs/test-settings.js';
import type { SharedPhase } from './phase-records.js';
import { EVERY_QUERY, type Turn } from './turn.js';

/** Clock when a query counts as scheduled: Server its due time, Offline the start, the others the issue instant. */
export function scheduledNs(
  scenario: Scenario,
  shared: SharedPhase,
  startNs: number,
): (query: number) => number {
  switch (scenario) {
    case 'Server':
      return (query) => startNs + shared.scheduledDeltaNs[query]!;
    case 'Offline':
      return () => startNs;
    case 'SingleStream':
    case 'MultiStream':
      return (query) => shared.issuedNs[query]!;
  }
}

/** float64[completed]: latencies of the completed samples of all `queriesIssued` queries, in order of the schedule. */
export function sampleLatenciesNs(
  scenario: Scenario,
  shared: SharedPhase,
  startNs: number,
  queriesIssued: number,
): Float64Array {
  const { completedNs, queryCount, samplesPerQuery } = shared;
  const scheduled = scheduledNs(scenario, shared, startNs);
  const latencies = new Float64Array(queriesIssued * samplesPerQuery);
  let count = 0;
  for (let query = 0, sample = 0; query < queryCount && count < latencies.length; query++) {
    const from = scheduled(query);
    for (const end = sample + samplesPerQuery; sample < end; sample++) {
      const completed = completedNs[sample]!;
      if (completed !== 0) latencies[count++] = completed - from;
    }
  }
  return latencies.subarray(0, count);
}

/** float64[queries]: for MultiStream, each issued query's latency: that of its last sample. */
export function queryLatenciesNs(shared: SharedPhase, queriesIssued: number): Float64Array {
  const { completedNs, issuedNs, samplesPerQuery } = shared;
  return Float64Array.from({ length: queriesIssued }, (_unused, query) => {
    let last = 0;
    for (let i = 0; i < samplesPerQuery; i++)
      last = Math.max(last, completedNs[query * samplesPerQuery + i]!);
    return last === 0 ? 0 : last - issuedNs[query]!;
  });
}

/** How late a thread was: issued − due, over the queries of a Server phase that it issued. */
export interface IssueDelay {
  /** Half of the queries were issued within so long of their due time. */
  readonly p50_ns: number;
  /** 99 % of them. */
  readonly p99_ns: number;
  /** All of them. */
  readonly max_ns: number;
}

/** The driver's own lateness (the element `trunc(n * p)` of the sorted delays); with `turn` that of one issue thread. */
export function issueDelay(
  { issuedNs, scheduledDeltaNs, queryCount }: SharedPhase,
  startNs: number,
  { thread, of }: Turn = EVERY_QUERY,
): IssueDelay {
  const all = new Float64Array(Math.ceil((queryCount - thread) / of));
  let count = 0;
  for (let query = thread; query < queryCount; query += of) {
    if (issuedNs[query] !== 0) all[count++] = issuedNs[query]! - startNs - scheduledDeltaNs[query]!;
  }
  const delays = all.subarray(0, count).sort();
  const at = (p: number): number => delays[Math.min(delays.length - 1, Math.trunc(delays.length * p))] ?? 0;
  return { p50_ns: at(0.5), p99_ns: at(0.99), max_ns: delays.at(-1) ?? 0 };
}
