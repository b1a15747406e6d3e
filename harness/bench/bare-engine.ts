// Sessions driven bare, without LoadGen: all samples at once, as fast as they go.

import type { TokenizedSamples } from '../../engines/contract.js';
import { createClock } from '../../scenarios/clock.js';
import type { SystemUnderTest } from '../../scenarios/contract.js';
import { cell } from '../../scenarios/phase-cells.js';
import { createSharedPhase, openPhaseRecords } from '../../scenarios/phase-records.js';

/** Samples per second over one pass. */
export async function runBare(sut: SystemUnderTest, sampleCount: number): Promise<number> {
  const clock = createClock();
  const indices = new Int32Array(new SharedArrayBuffer(sampleCount * 4)).map((_unused, i) => i);
  const shared = createSharedPhase({
    phase: 'performance',
    firstSampleId: 0,
    sampleIndices: indices,
    scheduledDeltaNs: new Float64Array(new SharedArrayBuffer(8)),
    queryCount: 1,
    samplesPerQuery: sampleCount,
    isLogged: new Uint8Array(new SharedArrayBuffer(sampleCount)),
    maxResponseBytes: undefined,
  });
  const records = openPhaseRecords(shared, clock);
  await sut.startPhase?.(records);
  const fromNs = clock.now();
  Atomics.store(shared.counters, cell.issued, sampleCount);
  sut.issueQuery(0, sampleCount, records);
  for (;;) {
    const done = Atomics.load(shared.counters, cell.completed);
    if (done === sampleCount) break;
    Atomics.wait(shared.counters, cell.completed, done, 5);
  }
  const seconds = (clock.now() - fromNs) / 1e9;
  await sut.endPhase?.();
  return sampleCount / seconds;
}

/** Every nth sample in order of length, as a data set of its own. */
export function everyNthByLength(all: TokenizedSamples, n: number): TokenizedSamples {
  const lengthOf = (index: number): number => all.offsets[index + 1]! - all.offsets[index]!;
  const chosen = Array.from({ length: all.sampleCount }, (_unused, i) => i)
    .sort((a, b) => lengthOf(a) - lengthOf(b))
    .filter((_unused, place) => place % n === 0);
  const shared = (values: readonly number[]): Int32Array => {
    const array = new Int32Array(new SharedArrayBuffer(values.length * 4));
    array.set(values);
    return array;
  };
  const offsets = [0];
  for (const index of chosen) offsets.push(offsets.at(-1)! + lengthOf(index));
  return {
    sampleCount: chosen.length,
    tokenIds: shared(
      chosen.flatMap((i) => Array.from(all.tokenIds.subarray(all.offsets[i], all.offsets[i + 1]))),
    ),
    offsets: shared(offsets),
    segmentStarts: shared(chosen.map((index) => all.segmentStarts[index]!)),
    maxSequenceLength: all.maxSequenceLength,
  };
}
