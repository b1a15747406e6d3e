// When the driver spins a wait whole, on moments that are made up.

import { describe, expect, it } from 'vitest';
import { createCoreWatch, WAKE_UP_NS, type CoreWatch } from '../../scenarios/core-watch.js';

const MS = 1e6;
const loseCore = (core: CoreWatch, at_ns: number): void => core.spun(at_ns - 4 * MS, at_ns);
/** How long from `at_ns` on nothing but wake-ups is spun. */
function sharedMs(core: CoreWatch, at_ns: number): number {
  let ms = 0;
  while (core.spinNs(at_ns + ms * MS) === WAKE_UP_NS) ms++;
  return ms;
}

describe('a driver that waits for due times', () => {
  it('spins waits of a few ms whole as long as nobody takes its core', () => {
    const core = createCoreWatch();
    for (let at = 1e9; at < 2e9; at += 50_000) core.spun(at - 50_000, at);
    expect(core.spinNs(2e9)).toBeGreaterThanOrEqual(5 * MS);
  });

  it('sleeps before due times once it has lost its core, then tries again', () => {
    const core = createCoreWatch();
    loseCore(core, 1e9);
    expect(sharedMs(core, 1e9)).toBe(10);
  });

  it('sleeps twice as long each time it loses its core again at once, up to two seconds', () => {
    const core = createCoreWatch();
    const found: number[] = [];
    for (let at = 1e9; found.length < 10;) {
      loseCore(core, at);
      found.push(sharedMs(core, at));
      at += (found.at(-1)! + 5) * MS;
    }
    expect(found).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 2000, 2000]);
  });

  it('forgets a busy time after a quiet one', () => {
    const core = createCoreWatch();
    for (const at of [1000, 1015, 1040]) loseCore(core, at * MS);
    loseCore(core, 2000 * MS);
    expect(sharedMs(core, 2000 * MS)).toBe(10);
  });
});
