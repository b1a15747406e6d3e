// Server: queries at Poisson times, never waiting for completions. Follows loadgen.md 8.

import type { EndOfIssue, PhaseRun } from './phase-run.js';

/**
 * Issues each query of this thread's turn when it is due, or late when the thread could not; its latency counts from the due
 * time either way. Without issue threads every query is of the driver's turn.
 */
export async function issueOnSchedule(run: PhaseRun): Promise<EndOfIssue> {
  const { clock, startNs, effective, turn } = run;
  const { queryCount, scheduledDeltaNs, samplesPerQuery } = run.records.shared;
  const { max_async_queries, server_coalesce_queries } = effective;
  const { relieve } = run.records;
  let issued = 0;
  for (let query = turn.thread; query < queryCount;) {
    relieve?.();
    const due_ns = startNs + scheduledDeltaNs[query]!;
    let nowNs = clock.now();
    if (nowNs < due_ns || run.mustYield(nowNs)) {
      const waited = run.waitUntil(due_ns);
      const reason = waited instanceof Promise ? await waited : waited;
      if (reason !== undefined) return reason;
      nowNs = clock.now();
    } else {
      const reason = run.stopReason();
      if (reason !== undefined) return reason;
    }
    const count = server_coalesce_queries ? dueBy(scheduledDeltaNs, query, turn.of, nowNs - startNs) : 1;
    run.issueTogether(query, count, nowNs);
    query += count * turn.of;
    issued += count;

    if (!run.isAccuracy && max_async_queries !== 0) {
      const queriesIssued = run.issuedSamples() / samplesPerQuery;
      const outstanding = queriesIssued - Math.floor(run.completedSamples() / samplesPerQuery);
      if (outstanding > max_async_queries)
        return { kind: 'too-many-outstanding', queriesIssued, outstanding };
    }
    const end = run.endAfter(issued, nowNs);
    if (end !== undefined) return end;
  }
  return { kind: 'all-issued' };
}

/** How many queries of a turn are due from `query` on; at least the one that was waited for. */
function dueBy(scheduledDeltaNs: Float64Array, query: number, stride: number, sinceStartNs: number): number {
  let count = 1;
  for (let next = query + stride; next < scheduledDeltaNs.length; next += stride) {
    if (scheduledDeltaNs[next]! > sinceStartNs) break;
    count++;
  }
  return count;
}
