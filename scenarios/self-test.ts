// Before a test: how well this thread on this machine can keep time, in a fifth of a second. What a clock reading costs, how late
// a sleeper wakes, what the garbage collector takes while a driver's loop runs, how late that loop is at the target rate.

import { PerformanceObserver } from 'node:perf_hooks';
import type { Clock } from './contract.js';

/** What the self-test before a performance run found. */
export interface SelfTest {
  /** Cost of reading the clock once: the median of many readings. */
  readonly clock_cost_ns: number;
  /** How late a sleep of 1 ms ended. */
  readonly timer_slack: { readonly p50_ns: number; readonly max_ns: number };
  /** The garbage collector during the issue loop. */
  readonly gc: { readonly pauses: number; readonly longest_ns: number };
  /** Issue − due of a loop like the driver's that issues nothing. */
  readonly lateness: {
    readonly queries_per_s: number;
    readonly p50_ns: number;
    readonly p99_ns: number;
    readonly max_ns: number;
  };
}

const NS_PER_S = 1e9;
const NS_PER_MS = 1e6;
const READINGS = 1_000;
/** The median of them: a preempted one is no cost of the clock. */
const ROUNDS_OF_READINGS = 99;
const SLEEPS = 20;
const LOOP_S = 0.15;
/** Slower rates would show too few queries in that time, faster ones only a loop without a wait. */
const LEAST_RATE = 200;
const MOST_RATE = 1_000_000;

/** Takes 0.2 s; nothing else may run on this thread meanwhile. */
export async function runSelfTest(clock: Clock, target_qps: number): Promise<SelfTest> {
  const clock_cost_ns = costOfReading(clock);
  const sleeps = lateWakeUps(clock);
  const queries_per_s = Math.min(MOST_RATE, Math.max(LEAST_RATE, target_qps));
  let delays: Float64Array = new Float64Array(0);
  const gc = await garbageDuring(() => (delays = issueNothing(clock, queries_per_s)));
  return {
    clock_cost_ns,
    timer_slack: { p50_ns: at(sleeps, 0.5), max_ns: at(sleeps, 1) },
    gc,
    lateness: {
      queries_per_s,
      p50_ns: at(delays, 0.5),
      p99_ns: at(delays, 0.99),
      max_ns: at(delays, 1),
    },
  };
}

function costOfReading(clock: Clock): number {
  const costs = Float64Array.from({ length: ROUNDS_OF_READINGS }, () => {
    const from = clock.now();
    for (let i = 1; i < READINGS; i++) clock.now();
    return (clock.now() - from) / READINGS;
  }).sort();
  return costs[Math.trunc(ROUNDS_OF_READINGS / 2)]!;
}

function lateWakeUps(clock: Clock): Float64Array {
  const neverChanges = new Int32Array(new SharedArrayBuffer(4));
  const late = new Float64Array(SLEEPS);
  for (let i = 0; i < SLEEPS; i++) {
    const due = clock.now() + NS_PER_MS;
    clock.waitWhile(neverChanges, 0, 0, NS_PER_MS);
    late[i] = clock.now() - due;
  }
  return late.sort();
}

/** What the driver does between two queries, without queries; ascending. */
function issueNothing(clock: Clock, rate: number): Float64Array {
  const count = Math.ceil(rate * LOOP_S);
  const issuedNs = new Float64Array(count);
  const gapNs = NS_PER_S / rate;
  const startNs = clock.now() + gapNs;
  for (let query = 0; query < count; query++) {
    const due = startNs + query * gapNs;
    if (clock.now() < due) clock.sleepUntil(due);
    issuedNs[query] = clock.now();
  }
  return issuedNs.map((issued, query) => Math.max(0, issued - startNs - query * gapNs)).sort();
}

async function garbageDuring(work: () => void): Promise<SelfTest['gc']> {
  let pauses = 0;
  let longestMs = 0;
  const count = (list: { getEntries(): readonly { readonly duration: number }[] }): void => {
    for (const { duration } of list.getEntries()) {
      pauses++;
      longestMs = Math.max(longestMs, duration);
    }
  };
  const observer = new PerformanceObserver(count);
  await turn(); // pauses from before are told first, to nobody
  observer.observe({ entryTypes: ['gc'] });
  work();
  await turn();
  observer.disconnect();
  return { pauses, longest_ns: Math.round(longestMs * NS_PER_MS) };
}

/** Pauses are told in a later turn of the event loop. */
async function turn(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
}

const at = (ascending: Float64Array, p: number): number =>
  Math.round(ascending[Math.min(ascending.length - 1, Math.trunc(ascending.length * p))] ?? 0);

/** One line for people. */
export function selfTestLine({ clock_cost_ns, timer_slack, gc, lateness }: SelfTest): string {
  const us = (ns: number): string =>
    `${ns < 100_000 ? Number((ns / 1000).toPrecision(3)) : Math.round(ns / 1000)} µs`;
  const garbage = gc.pauses === 0 ? 'none' : `${gc.pauses} pauses, ${us(gc.longest_ns)} at most`;
  return (
    `self-test: clock ${clock_cost_ns.toFixed(0)} ns a reading; a sleeper wakes ${us(timer_slack.p50_ns)} late ` +
    `(${us(timer_slack.max_ns)} at most); garbage collection: ${garbage}; at ${Math.round(lateness.queries_per_s)} queries/s ` +
    `half are issued within ${us(lateness.p50_ns)}, 99 % within ${us(lateness.p99_ns)}, all within ${us(lateness.max_ns)} of their due time`
  );
}
