// How the probe finds the throughput of an engine that it knows nothing of.

import { describe, expect, it } from 'vitest';
import { lastingThroughput } from '../../harness/probe.js';

/** An engine that needs `startMs` before it is at its pace. */
function engineOf(samplesPerSecond: number, startMs: number) {
  const asked: number[] = [];
  return {
    asked,
    measure: (samples: number, look: number): Promise<number> => {
      expect(look).toBe(asked.length + 1);
      asked.push(samples);
      return Promise.resolve(samples / (startMs / 1000 + samples / samplesPerSecond));
    },
  };
}

const durationMs = 2000;

describe('the throughput that the probe finds', () => {
  it('of a slow engine takes two looks, the second of the whole duration', async () => {
    const { asked, measure } = engineOf(50, 0);
    expect(await lastingThroughput(measure, { firstSamples: 32, durationMs })).toBeCloseTo(50);
    expect(asked).toEqual([32, 100]);
  });

  it.each([
    [47_000, 16],
    [56_000, 64],
    [137_000, 5120],
  ])(
    'of one with %d samples/s is no guess from a look too short to be at its pace',
    async (pace, firstSamples) => {
      const { asked, measure } = engineOf(pace, 50);
      const rate = await lastingThroughput(measure, { firstSamples, durationMs });
      expect(asked.at(-1)! / rate).toBeGreaterThan(1);
      // LoadGen issues a tenth more than the target asks for: an estimate further off makes an Offline run too short.
      expect(rate).toBeGreaterThan(pace / 1.1);
      expect(asked.length).toBeLessThanOrEqual(5);
    },
  );

  it('of one that answers at once ends with the longest plan', async () => {
    const { asked, measure } = engineOf(50_000_000, 0);
    await lastingThroughput(measure, { firstSamples: 64, durationMs });
    expect(asked).toEqual([64, 4_000_000]);
  });

  it('of one that never settles ends after five looks', async () => {
    let looks = 0;
    const faster = (samples: number): Promise<number> => Promise.resolve(samples * 2 ** ++looks);
    await lastingThroughput(faster, { firstSamples: 1, durationMs });
    expect(looks).toBe(5);
  });
});
