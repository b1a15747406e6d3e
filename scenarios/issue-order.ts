// How threads that issue in turns make one queue: places in order of issue, so that engines take from it as from one driver's.

import { cell } from './phase-cells.js';
import type { SharedPhase } from './phase-records.js';

/**
 * Publishes the samples `first`, `first + issueThreads`, … at the next places of the queue. The lock is held for the stores alone;
 * a SUT that blocks in issueQuery holds nobody up. Server queries have one sample each.
 */
export function publishIssued(
  { counters, issueOrder, issueThreads }: SharedPhase,
  first: number,
  count: number,
): void {
  while (Atomics.compareExchange(counters, cell.issueLock, 0, 1) !== 0);
  const place = Atomics.load(counters, cell.issued);
  for (let i = 0; i < count; i++) issueOrder[place + i] = first + i * issueThreads;
  Atomics.store(counters, cell.issued, place + count);
  Atomics.store(counters, cell.issueLock, 0);
}
