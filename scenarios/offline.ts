// Offline: all samples in one query at time zero. Follows loadgen.md 8.

import type { EndOfIssue, PhaseRun } from './phase-run.js';

/** Issues the one query there is; its samples count as scheduled at the start. */
export function issueAtOnce(run: PhaseRun): EndOfIssue {
  const reason = run.stopReason();
  if (reason !== undefined) return reason;
  const nowNs = run.clock.now();
  run.issue(0, nowNs);
  return run.endAfter(1, nowNs) ?? { kind: 'all-issued' };
}
