import { describe, expect, it } from 'vitest';
import {
  cell,
  createSharedPhase,
  openPhaseRecords,
  type DriverPhaseRecords,
} from '../../scenarios/phase-records.js';

/** Four samples in two queries, all issued, at the time 7. */
function openPhase(maxResponseBytes: number, isLogged = [1, 0, 1, 1], issued = 4): DriverPhaseRecords {
  const shared = createSharedPhase({
    phase: 'performance',
    firstSampleId: 0,
    sampleIndices: Int32Array.of(10, 11, 12, 13),
    scheduledDeltaNs: Float64Array.of(0, 5),
    queryCount: 2,
    samplesPerQuery: 2,
    isLogged: Uint8Array.from(isLogged),
    maxResponseBytes,
  });
  shared.counters[cell.issued] = issued;
  return openPhaseRecords(shared, { now: () => 7 });
}

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

describe.each([
  ['shared response memory', 4],
  ['responses copied on one thread', 0],
])('with %s', (_name, maxResponseBytes) => {
  it('a logged response is kept as it was when it came, whatever the SUT does with its buffer', () => {
    const records = openPhase(maxResponseBytes);
    const buffer = bytes(1, 2, 3);
    records.completeSample(2, buffer);
    buffer.fill(9);
    records.completeSample(3, buffer.subarray(0, 1));
    expect([...records.response(2)]).toEqual([1, 2, 3]);
    expect([...records.response(3)]).toEqual([9]);
  });

  it('a response that is not logged is not kept, and one that never came is empty', () => {
    const records = openPhase(maxResponseBytes);
    records.completeSample(1, bytes(1));
    expect(records.response(1)).toHaveLength(0);
    expect(records.response(0)).toHaveLength(0);
  });

  it('the second completion of a sample changes neither its time nor its response', () => {
    const records = openPhase(maxResponseBytes);
    records.completeSampleAt(0, 5, bytes(1));
    records.completeSampleAt(0, 6, bytes(2));
    expect(records.shared.completedNs[0]).toBe(5);
    expect([...records.response(0)]).toEqual([1]);
    expect(records.shared.counters[cell.completedTwice]).toBe(1);
    expect(records.shared.counters[cell.completed]).toBe(1);
  });
});

describe('completions', () => {
  it('of neighbours take one time, skip what was complete and count it', () => {
    const records = openPhase(0);
    records.completeSampleAt(1, 3);
    records.completeSamples(0, 4);
    expect([...records.shared.completedNs]).toEqual([7, 3, 7, 7]);
    expect(records.shared.counters[cell.completed]).toBe(4);
    expect(records.shared.counters[cell.completedTwice]).toBe(1);
  });

  it.each([-1, 2, 4, 1e12, NaN])(
    'of sample %d, which is not issued, are counted and change nothing',
    (sample) => {
      const records = openPhase(0, [0, 0, 0, 0], 2);
      records.completeSample(sample);
      records.completeSamples(sample, 1);
      expect([...records.shared.completedNs]).toEqual([0, 0, 0, 0]);
      expect(records.shared.counters[cell.completed]).toBe(0);
      expect(records.shared.counters[cell.completedUnknown]).toBe(2);
    },
  );

  it('longer than announced are counted, and never overwrite a neighbour', () => {
    const records = openPhase(2);
    records.completeSample(2, bytes(1, 2));
    records.completeSample(0, bytes(3, 4, 5));
    expect([...records.response(2)]).toEqual([1, 2]);
    expect(records.shared.counters[cell.responseTooLong]).toBe(1);
  });

  it('wake a sleeping driver once, when what it waits for is complete', () => {
    const records = openPhase(0);
    const { counters } = records.shared;
    const sleep = (): void => void Atomics.waitAsync(counters, cell.completed, counters[cell.completed]!);
    const stillAsleep = (): boolean => Atomics.notify(counters, cell.completed) === 1;
    Atomics.store(counters, cell.awaited, 4);
    sleep();
    records.completeSamples(0, 2);
    records.completeSample(2);
    expect(stillAsleep()).toBe(true);
    sleep();
    records.completeSample(3);
    expect(stillAsleep()).toBe(false);
  });
});
