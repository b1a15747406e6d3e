// A clock that stands still until someone waits: ten minutes of load pass in milliseconds, to the exact nanosecond.

import type { Clock } from '../../scenarios/contract.js';

export interface FakeClock extends Clock {
  /** Does `event` once the time has come; in the order of their times. */
  at(due_ns: number, event: () => void): void;
  /** Time passes because something takes it: a call that blocks. */
  advance(ns: number): void;
}

/** Starts at one second: a recorded moment of zero means "never". */
export function createFakeClock(startNs = 1e9): FakeClock {
  let nowNs = startNs;
  const events: { readonly due_ns: number; readonly event: () => void }[] = [];

  const runUntil = (due_ns: number): void => {
    for (;;) {
      const next = events.findIndex(
        (each) => each.due_ns === Math.min(...events.map((other) => other.due_ns)),
      );
      const found = events[next];
      if (found === undefined || found.due_ns > due_ns) break;
      events.splice(next, 1);
      nowNs = Math.max(nowNs, found.due_ns);
      found.event();
    }
    nowNs = Math.max(nowNs, due_ns);
  };
  const waitWhile: Clock['waitWhile'] = (cells, index, value, timeout_ns) => {
    const end = nowNs + timeout_ns;
    while (cells[index] === value && nowNs < end) {
      const next = Math.min(end, ...events.map(({ due_ns }) => due_ns));
      runUntil(next);
    }
  };

  return {
    now: () => nowNs,
    at: (due_ns, event) => void events.push({ due_ns, event }),
    advance: (ns) => runUntil(nowNs + ns),
    sleepUntil: runUntil,
    yieldUntil: async (due_ns) => {
      await Promise.resolve();
      runUntil(due_ns);
    },
    waitWhile,
    yieldWhile: async (cells, index, value, timeout_ns) => {
      await Promise.resolve();
      waitWhile(cells, index, value, timeout_ns);
    },
    wallClockMs: () => 1_700_000_000_000 + nowNs / 1e6,
  };
}
