// The real clock: CLOCK_MONOTONIC in ns, exact waits, no garbage. Measured reasons stand beside each choice.

import { readlinkSync, writeFileSync } from 'node:fs';
import type { Clock } from './contract.js';
import { createCoreWatch, WAKE_UP_NS } from './core-watch.js';

const NS_PER_MS = 1e6;

/** A clock for this thread. */
export function createClock(): Clock {
  // performance.now() in a tight loop costs hundreds of scavenges a second; a BigInt that goes straight into a typed
  // array is never kept, and its two halves are read as numbers: 30 ns, no garbage.
  const asBigInt = new BigInt64Array(1);
  const halves = new Uint32Array(asBigInt.buffer);
  const now = (): number => {
    asBigInt[0] = process.hrtime.bigint();
    return halves[0]! + halves[1]! * 4294967296;
  };
  const neverChanges = new Int32Array(new SharedArrayBuffer(4));
  const core = createCoreWatch();
  askForPreciseTimers();

  return {
    now,
    sleepUntil(due_ns) {
      let at = now();
      for (let left = due_ns - at; left > 0; left = due_ns - at) {
        if (left > core.spinNs(at)) {
          Atomics.wait(neverChanges, 0, 0, (left - WAKE_UP_NS) / NS_PER_MS);
          at = now();
          continue;
        }
        const before = at;
        at = now();
        core.spun(before, at);
      }
    },
    async yieldUntil(due_ns) {
      do {
        const leftMs = (due_ns - now()) / NS_PER_MS;
        // Timers wake up to 1.6 ms late; close to the due time the event loop is polled instead.
        await new Promise<void>((resolve) => {
          if (leftMs > 3) setTimeout(resolve, leftMs - 2);
          else setImmediate(resolve);
        });
      } while (now() < due_ns);
    },
    waitWhile(cells, index, value, timeout_ns) {
      Atomics.wait(cells, index, value, timeout_ns / NS_PER_MS);
    },
    async yieldWhile(cells, index, value, timeout_ns) {
      const wait = Atomics.waitAsync(cells, index, value);
      if (!wait.async) return;
      // waitAsync does not keep a thread alive; the timer does, and ends the wait. waitAsync's own timeout would cost 5 µs
      // a wait (SingleStream on the event loop 150,000 → 86,000 queries/s); without it, the next notify clears the list.
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, Math.ceil(timeout_ns / NS_PER_MS));
      });
      await Promise.race([wait.value, timeout]);
      clearTimeout(timer);
    },
    wallClockMs: () => Date.now(),
  };
}

/** Linux delays a sleeper's wake-up by up to 50 µs to save power; this thread would rather be woken on time. */
function askForPreciseTimers(): void {
  try {
    const thread = readlinkSync('/proc/thread-self').split('/').at(-1)!;
    writeFileSync(`/proc/${thread}/timerslack_ns`, '1'); // it has no place under /proc/thread-self
  } catch {
    // Not Linux, or not allowed: the spin before each due time covers it.
  }
}
