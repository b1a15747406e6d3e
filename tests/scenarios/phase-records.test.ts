import { describe, expect, it } from 'vitest';
import { openDriverRecords, type DriverRecords } from '../../scenarios/driver-records.js';
import { createFirstTokenStore } from '../../scenarios/first-token-store.js';
import { cell } from '../../scenarios/phase-cells.js';
import { createSharedPhase } from '../../scenarios/phase-records.js';
import { RESPONSE_MEMORY_BYTES } from '../../scenarios/response-ring.js';
import type { CompletionPlace } from '../../scenarios/contract.js';

interface OpenPhase {
  readonly records: DriverRecords;
  /** What reached the accuracy log, in order. */
  readonly received: (readonly [sample: number, response: { readonly length: number }])[];
}

/** Four samples in two queries, all issued, at the time 7. */
function openPhase(place: CompletionPlace, isLogged = [1, 0, 1, 1], issued = 4, most = 4): OpenPhase {
  const shared = createSharedPhase({
    phase: 'performance',
    firstSampleId: 0,
    sampleIndices: Int32Array.of(10, 11, 12, 13),
    scheduledDeltaNs: Float64Array.of(0, 5),
    queryCount: 2,
    samplesPerQuery: 2,
    isLogged: Uint8Array.from(isLogged),
    maxResponseBytes: place === 'other-threads' ? most : undefined,
  });
  shared.counters[cell.issued] = issued;
  const received: OpenPhase['received'] = [];
  const records = openDriverRecords(
    shared,
    { now: () => 7 },
    place,
    (sample, response) =>
      received.push([sample, response.length > 9 ? { length: response.length } : [...response]]),
    createFirstTokenStore(4, ''),
  );
  return { records, received };
}

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

describe.each(['other-threads', 'event-loop', 'in-call'] as const)('responses of %s', (place) => {
  it('are logged as they were when they came, whatever the SUT does with its buffer', () => {
    const { records, received } = openPhase(place);
    const buffer = bytes(1, 2, 3);
    records.completeSample(2, buffer);
    buffer.fill(9);
    records.completeSample(3, buffer.subarray(0, 1));
    records.finish();
    expect(received).toEqual([
      [2, [1, 2, 3]],
      [3, [9]],
    ]);
  });

  it('are logged in order of issue when they fit into memory, in whatever order they came', () => {
    const { records, received } = openPhase(place);
    for (const sample of [3, 1, 0, 2]) records.completeSample(sample, bytes(sample));
    records.finish();
    expect(received).toEqual([
      [0, [0]],
      [2, [2]],
      [3, [3]],
    ]);
  });

  it('are empty where a logged sample completed without one, and missing where none completed', () => {
    const { records, received } = openPhase(place);
    records.completeSamples(0, 2);
    records.completeSample(3);
    records.finish();
    expect(received).toEqual([
      [0, []],
      [3, []],
    ]);
  });

  it('of a second completion change neither the time nor what is logged', () => {
    const { records, received } = openPhase(place);
    records.completeSampleAt(0, 5, bytes(1));
    records.completeSampleAt(0, 6, bytes(2));
    records.finish();
    expect(records.shared.completedNs[0]).toBe(5);
    expect(received).toEqual([[0, [1]]]);
    expect(records.shared.counters[cell.completedTwice]).toBe(1);
    expect(records.shared.counters[cell.completed]).toBe(1);
  });
});

it('responses on the driver’s own event loop take bounded memory: what does not fit is logged at once', () => {
  const { records, received } = openPhase('event-loop', [1, 1, 1, 1]);
  const large = new Uint8Array(RESPONSE_MEMORY_BYTES / 2);
  for (const sample of [3, 2]) records.completeSample(sample, large);
  expect(received.map(([sample, response]) => [sample, response.length])).toEqual([
    [3, large.length],
    [2, large.length],
  ]);
  records.completeSample(0, bytes(1));
  records.finish();
  expect(received.at(-1)).toEqual([0, [1]]);
});

describe('completions', () => {
  it('of neighbours take one time, skip what was complete and count it', () => {
    const { records } = openPhase('in-call');
    records.completeSampleAt(1, 3);
    records.completeSamples(0, 4);
    expect([...records.shared.completedNs]).toEqual([7, 3, 7, 7]);
    expect(records.shared.counters[cell.completed]).toBe(4);
    expect(records.shared.counters[cell.completedTwice]).toBe(1);
  });

  it.each([-1, 2, 4, 1e12, NaN])(
    'of sample %d, which is not issued, are counted and change nothing',
    (sample) => {
      const { records } = openPhase('in-call', [0, 0, 0, 0], 2);
      records.completeSample(sample);
      records.completeSamples(sample, 1);
      expect([...records.shared.completedNs]).toEqual([0, 0, 0, 0]);
      expect(records.shared.counters[cell.completed]).toBe(0);
      expect(records.shared.counters[cell.completedUnknown]).toBe(2);
    },
  );

  it('after the end of their phase are counted and change nothing', () => {
    const { records, received } = openPhase('in-call');
    records.shared.counters[cell.closed] = 1;
    records.completeSample(2, bytes(1));
    records.completeSamples(0, 2);
    records.finish();
    expect([...records.shared.completedNs]).toEqual([0, 0, 0, 0]);
    expect(records.shared.counters[cell.completedLate]).toBe(3);
    expect(records.shared.counters[cell.lateEnd]).toBe(3);
    expect(received).toEqual([]);
  });

  it('longer than announced are counted, and never overwrite a neighbour', () => {
    const { records, received } = openPhase('other-threads', [1, 0, 1, 1], 4, 2);
    records.completeSample(2, bytes(1, 2));
    records.completeSample(0, bytes(3, 4, 5));
    records.finish();
    expect(received).toEqual([[2, [1, 2]]]);
    expect(records.shared.counters[cell.responseTooLong]).toBe(1);
  });

  it('wake a sleeping driver once, when what it waits for is complete', () => {
    const { records } = openPhase('in-call');
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
