// Responses at the first token: all are found again, whatever fits into memory.

import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SetupError } from '../../configs/errors.js';
import { createFirstTokenStore } from '../../scenarios/first-token-store.js';

const SAMPLES = 50;
const newPath = (): string => join(mkdtempSync(join(tmpdir(), 'loadrig-tokens-')), 'first-tokens');
const responseOf = (sample: number): Uint8Array => new Uint8Array(sample % 7).fill(sample);

describe('the store of responses at the first token', () => {
  it('gives each back once, in any order, with room for few of them', () => {
    const order = fc.shuffledSubarray(
      Array.from({ length: SAMPLES }, (_unused, sample) => sample),
      {
        minLength: 1,
      },
    );
    fc.assert(
      fc.property(order, fc.nat(2000), fc.nat(10), (samples, memoryBytes, lag) => {
        const path = newPath();
        const store = createFirstTokenStore(SAMPLES, path, memoryBytes);
        const taken = new Map<number, Uint8Array>();
        for (const [place, sample] of samples.entries()) {
          store.keep(sample, responseOf(sample));
          if (place >= lag) taken.set(samples[place - lag]!, store.take(samples[place - lag]!).slice());
        }
        for (const sample of samples.slice(-lag || samples.length))
          if (!taken.has(sample)) taken.set(sample, store.take(sample).slice());
        store.close();
        expect(store.error()).toBeUndefined();
        for (const sample of samples) expect(taken.get(sample)).toEqual(responseOf(sample));
        expect(existsSync(path)).toBe(false);
      }),
      { seed: 20261125, numRuns: 60 },
    );
  });

  it('has nothing for a sample without one, and makes no file as long as memory lasts', () => {
    const path = newPath();
    const store = createFirstTokenStore(SAMPLES, path);
    store.keep(3, responseOf(3));
    expect(store.take(4)).toHaveLength(0);
    expect(existsSync(path)).toBe(false);
  });

  it('tells of a disk that refuses, and goes on', () => {
    const store = createFirstTokenStore(SAMPLES, join(newPath(), 'in', 'no', 'folder'), 0);
    store.keep(1, responseOf(1));
    expect(store.take(1)).toHaveLength(0);
    expect(store.error()).toBeInstanceOf(SetupError);
    expect(store.error()?.message).toContain('cannot keep responses at the first token in');
  });
});
