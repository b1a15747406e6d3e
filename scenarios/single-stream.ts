// SingleStream and MultiStream: the next query only when the last one has completed. Follows loadgen.md 8.

import type { EndOfIssue, PhaseRun } from './phase-run.js';

/** Issues one query after the other; each counts as scheduled at the instant it is issued. */
export async function issueOneByOne(run: PhaseRun): Promise<EndOfIssue> {
  const { queryCount } = run.records.shared;
  const { relieve } = run.records;
  for (let query = 0; query < queryCount; query++) {
    relieve?.();
    const reason = run.stopReason();
    if (reason !== undefined) return reason;
    const nowNs = run.clock.now();
    run.issue(query, nowNs);
    const end = run.endAfter(query + 1, nowNs);
    if (end !== undefined) return end;
    if (run.hasOutstanding()) {
      const never = await run.waitForAll();
      if (never !== undefined) return never;
    }
  }
  return { kind: 'all-issued' };
}
