// What LoadGen advises when a constraint is not met, word for word. Follows loadgen/results.cc (loadgen.md 10, 20).

import type { Scenario } from '../configs/test-settings.js';

/** Why the minimum duration was missed and what to change. */
export function durationAdvice(scenario: Scenario): string {
  switch (scenario) {
    case 'Offline':
      return 'Increase expected QPS so the loadgen pre-generates a larger (coalesced) query.';
    case 'Server':
      return 'Increase the target QPS so the loadgen pre-generates more queries.';
    case 'SingleStream':
    case 'MultiStream':
      return 'Decrease the expected latency so the loadgen pre-generates more queries.';
  }
}

/** Server over its latency bound. */
export const CONSTRAINT_ADVICE = 'Reduce target QPS to improve latency.';

/** Server over a bound of its token latencies; two lines when both are over. */
export function tokenConstraintAdvice(isTtftMet: boolean, isTpotMet: boolean): string | undefined {
  const lines = [
    ...(isTtftMet ? [] : [`TTFT constrain not met: ${CONSTRAINT_ADVICE}`]),
    ...(isTpotMet ? [] : [`TPOT constrain not met: ${CONSTRAINT_ADVICE}`]),
  ];
  return lines.length === 0 ? undefined : lines.join('\n * ');
}
