// The real clock. Nothing here asserts that something was fast: only order, and that nobody is woken early.

import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createClock } from '../../scenarios/clock.js';

const MS = 1e6;
const slackFile = existsSync('/proc/thread-self')
  ? `/proc/${readlinkSync('/proc/thread-self').split('/').at(-1)!}/timerslack_ns`
  : '';

describe('the real clock', () => {
  it('reads the monotonic clock of the process to the nanosecond', () => {
    const clock = createClock();
    const before = process.hrtime.bigint();
    const now = clock.now();
    const after = process.hrtime.bigint();
    expect(BigInt(now)).toBeGreaterThanOrEqual(before);
    expect(BigInt(now)).toBeLessThanOrEqual(after);
  });

  it.each(['sleepUntil', 'yieldUntil'] as const)('%s never returns early', async (wait) => {
    const clock = createClock();
    for (const ahead of [0, 0.01, 0.5, 5, 8]) {
      const due = clock.now() + ahead * MS;
      await clock[wait](due);
      expect(clock.now()).toBeGreaterThanOrEqual(due);
    }
  });

  it('lets the event loop run while it yields, also when the due time is past', async () => {
    const clock = createClock();
    let hasRun = false;
    setImmediate(() => (hasRun = true));
    await clock.yieldUntil(clock.now() - MS);
    expect(hasRun).toBe(true);
  });

  it.each(['waitWhile', 'yieldWhile'] as const)(
    '%s returns when the value has changed, or its time is up',
    async (wait) => {
      const clock = createClock();
      const cells = new Int32Array(new SharedArrayBuffer(4));
      await clock[wait](cells, 0, 1, 3_600_000 * MS); // the value is another already
      const from = clock.now();
      await clock[wait](cells, 0, 0, 2 * MS);
      expect(clock.now() - from).toBeGreaterThanOrEqual(1 * MS); // timers count in whole ms
    },
  );

  it('yieldWhile ends when the cell is notified', async () => {
    const clock = createClock();
    const cells = new Int32Array(new SharedArrayBuffer(4));
    setImmediate(() => {
      Atomics.store(cells, 0, 1);
      Atomics.notify(cells, 0);
    });
    await clock.yieldWhile(cells, 0, 0, 3_600_000 * MS);
    expect(cells[0]).toBe(1);
  });

  it.skipIf(!existsSync(slackFile))('asks Linux to wake this thread on time', () => {
    createClock();
    expect(readFileSync(slackFile, 'utf8').trim()).toBe('1');
  });
});
