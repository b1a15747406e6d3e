// Server: queries at Poisson times, never waiting for completions. Follows loadgen.md 8.

import type { EndOfIssue, PhaseRun } from './phase-run.js';

/**
 * Differs from LoadGen: one thread issues all queries whatever server_num_issue_query_threads asks for. T threads of LoadGen
 * deal the same schedule out in turns because one of them cannot keep up with high rates; this one keeps up alone, and queries
 * stay in the order of the schedule.
 *
 * Issues each query when it is due, or late when the driver could not; its latency counts from the due time
 * either way.
 */
export async function issueOnSchedule(run: PhaseRun): Promise<EndOfIssue> {
  const { clock, startNs, effective } = run;
  const { queryCount, scheduledDeltaNs, samplesPerQuery } = run.records.shared;
  const { max_async_queries, server_coalesce_queries } = effective;
  const { relieve } = run.records;
  for (let query = 0; query < queryCount;) {
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
    const count = server_coalesce_queries ? dueBy(scheduledDeltaNs, query, nowNs - startNs) : 1;
    run.issueTogether(query, count, nowNs);
    query += count;

    if (!run.isAccuracy && max_async_queries !== 0) {
      const outstanding = query - Math.floor(run.completedSamples() / samplesPerQuery);
      if (outstanding > max_async_queries)
        return { kind: 'too-many-outstanding', queriesIssued: query, outstanding };
    }
    const end = run.endAfter(query, nowNs);
    if (end !== undefined) return end;
  }
  return { kind: 'all-issued' };
}

/** How many queries from `query` on are due; at least the one that was waited for. */
function dueBy(scheduledDeltaNs: Float64Array, query: number, sinceStartNs: number): number {
  let end = query + 1;
  while (end < scheduledDeltaNs.length && scheduledDeltaNs[end]! <= sinceStartNs) end++;
  return end - query;
}
