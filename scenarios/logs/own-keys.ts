// Detail lines that LoadGen does not have: how well this machine and this driver keep time.

import type { IssueDelay } from '../latencies.js';
import type { SelfTest } from '../self-test.js';
import { double, type DetailValue } from './detail.js';

type Entry = readonly [key: string, value: DetailValue];

/** After the settings, before the first phase. */
export function selfTestKeys({ clock_cost_ns, timer_slack, gc, lateness }: SelfTest): readonly Entry[] {
  return [
    ['self_test_clock_cost_ns', double(clock_cost_ns)],
    ['self_test_timer_slack_p50_ns', timer_slack.p50_ns],
    ['self_test_timer_slack_max_ns', timer_slack.max_ns],
    ['self_test_gc_pauses', gc.pauses],
    ['self_test_gc_longest_ns', gc.longest_ns],
    ['self_test_queries_per_s', double(lateness.queries_per_s)],
    ['self_test_lateness_p50_ns', lateness.p50_ns],
    ['self_test_lateness_p99_ns', lateness.p99_ns],
    ['self_test_lateness_max_ns', lateness.max_ns],
  ];
}

/** Before the results of a Server phase: of all queries, then of each issue thread's. */
export function issueDelayKeys(all: IssueDelay, byThread: readonly IssueDelay[]): readonly Entry[] {
  const keys = (name: string, { p50_ns, p99_ns, max_ns }: IssueDelay): readonly Entry[] => [
    [`${name}_p50_ns`, p50_ns],
    [`${name}_p99_ns`, p99_ns],
    [`${name}_max_ns`, max_ns],
  ];
  return [
    ...keys('issue_delay', all),
    ...byThread.flatMap((delay, thread) => keys(`issue_delay_thread_${thread}`, delay)),
  ];
}
