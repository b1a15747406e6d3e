import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cell, CELL_COUNT } from '../../scenarios/phase-cells.js';
import {
  createResponseRing,
  createRingReader,
  keepInRing,
  RESPONSE_MEMORY_BYTES,
  waitForRoom,
  type ResponseRing,
} from '../../scenarios/response-ring.js';

interface OpenRing {
  readonly ring: ResponseRing;
  readonly counters: Int32Array;
  readonly received: (readonly [sample: number, response: readonly number[]])[];
  readonly reader: ReturnType<typeof createRingReader>;
}

function openRing(slots: number): OpenRing {
  const ring = createResponseRing(slots, 3);
  const counters = new Int32Array(new SharedArrayBuffer(CELL_COUNT * 4));
  const received: OpenRing['received'] = [];
  const reader = createRingReader(ring, counters, (sample, response) =>
    received.push([sample, [...response]]),
  );
  return { ring, counters, received, reader };
}

const answer = (sample: number): readonly number[] => [sample, 255 - sample].slice(0, sample % 3);

describe('the response ring', () => {
  it('loses and mixes up nothing, however many responses pass through however few slots', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.uniqueArray(fc.nat(200), { maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
        (slots, samples, relieves) => {
          const { ring, counters, received, reader } = openRing(slots);
          const makeRoom = (): boolean => {
            reader.take();
            return true;
          };
          samples.forEach((sample, place) => {
            keepInRing(ring, counters, sample, Uint8Array.from(answer(sample)), makeRoom);
            if (relieves[place % relieves.length] === true) reader.relieve();
          });
          reader.finish();
          const fits = samples.length <= slots && !relieves.includes(true);
          const order = fits ? samples.toSorted((a, b) => a - b) : samples;
          const expected = order.map((sample) => [sample, answer(sample)]);
          if (fits || samples.length > slots) expect(received).toEqual(expected);
          else expect(received.toSorted(([a], [b]) => a - b)).toEqual(expected.toSorted(bySample));
        },
      ),
      { seed: 20261125 },
    );
  });

  it('is left alone until half of its slots are in use', () => {
    const { ring, counters, received, reader } = openRing(4);
    for (const sample of [5, 6]) keepInRing(ring, counters, sample, new Uint8Array(1), () => false);
    reader.relieve();
    expect(received).toHaveLength(0);
    keepInRing(ring, counters, 7, new Uint8Array(1), () => false);
    reader.relieve();
    expect(received.map(([sample]) => sample)).toEqual([5, 6, 7]);
  });

  it('drops a response when no slot will become free, and keeps the others', () => {
    const { ring, counters, received, reader } = openRing(2);
    for (const sample of [1, 2, 3]) keepInRing(ring, counters, sample, new Uint8Array(1), () => false);
    reader.finish();
    expect(received.map(([sample]) => sample)).toEqual([1, 2]);
  });

  it('lets no thread wait in a phase that has ended', () => {
    const { counters } = openRing(1);
    counters[cell.ended] = 1;
    expect(waitForRoom(counters)).toBe(false);
  });

  it.each([
    [1000, 3072, 1000],
    [50_000_000, 3072, Math.floor(RESPONSE_MEMORY_BYTES / (3072 + 8))],
    [50_000_000, RESPONSE_MEMORY_BYTES, 16],
  ])('for %d responses of %d bytes has %d slots', (count, most, slots) => {
    // Shared memory is untouched until it is used: these rings cost nothing.
    expect(createResponseRing(count, most).slotCount).toBe(slots);
  });
});

const bySample = (a: readonly unknown[], b: readonly unknown[]): number => Number(a[0]) - Number(b[0]);
