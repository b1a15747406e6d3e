// The queue between a driver and the threads of an engine: two counters over a list that is complete before time zero.
// The driver publishes `issued`; threads claim neighbours by moving `taken` on. Nothing is copied, nothing can overflow.

import { cell } from '../scenarios/phase-cells.js';
import type { TokenizedSamples } from './contract.js';
import type { SharedPhase } from '../scenarios/phase-records.js';

/** How long a thread without work sleeps at most before it looks whether the phase has ended. */
const LOOK_UP_MS = 100;

/** A claim: `count` places of the queue from `first` on. */
export interface Claim {
  first: number;
  count: number;
}

export interface SharedQueue {
  /** Claims up to `most` neighbours that may run together; false = nothing there now. Fills `claim`. */
  take(claim: Claim, most: number): boolean;
  /** The sample at a place. */
  sampleAt(place: number): number;
  /** Sleeps until something is issued, the phase ends, or a moment has passed. */
  wait(): void;
  hasEnded(): boolean;
}

/**
 * One thread's view of a phase's queue. `givenOrder` lists the samples as they should be taken; undefined = as issued, by one driver or
 * by issue threads in turns.
 */
export function openSharedQueue(
  shared: SharedPhase,
  givenOrder: Int32Array | undefined,
  canShareBatch: (sample: number, other: number) => boolean,
): SharedQueue {
  const { counters, issueOrder } = shared;
  const order = givenOrder ?? (issueOrder.length > 0 ? issueOrder : undefined);
  const sampleAt = (place: number): number => (order === undefined ? place : order[place]!);
  return {
    sampleAt,
    take(claim, most) {
      for (;;) {
        const first = Atomics.load(counters, cell.taken);
        const issued = Atomics.load(counters, cell.issued);
        if (first >= issued) return false;
        const end = Math.min(issued, first + most);
        const sample = sampleAt(first);
        let next = first + 1;
        while (next < end && canShareBatch(sample, sampleAt(next))) next++;
        if (Atomics.compareExchange(counters, cell.taken, first, next) === first) {
          claim.first = first;
          claim.count = next - first;
          return true;
        }
      }
    },
    wait() {
      Atomics.add(counters, cell.sleepers, 1);
      const issued = Atomics.load(counters, cell.issued);
      // Issued or ended meanwhile: the value differs, or `ended` is seen before sleeping.
      if (Atomics.load(counters, cell.taken) >= issued && Atomics.load(counters, cell.ended) === 0) {
        Atomics.wait(counters, cell.issued, issued, LOOK_UP_MS);
      }
      Atomics.sub(counters, cell.sleepers, 1);
    },
    hasEnded: () => Atomics.load(counters, cell.ended) === 1,
  };
}

/** For the issuing side: wakes sleeping threads after samples were issued. */
export function wakeSleepers(shared: SharedPhase, samples: number): void {
  if (Atomics.load(shared.counters, cell.sleepers) > 0) Atomics.notify(shared.counters, cell.issued, samples);
}

/**
 * Longest first, equal lengths together: the order in which several threads finish one big query at about the same time.
 * Counting sort over the samples of a phase; int32[samples] in shared memory.
 */
export function longestFirst(
  shared: SharedPhase,
  lengthOf: (sampleIndex: number) => number,
  maxLength: number,
): Int32Array {
  const { sampleCount, sampleIndices } = shared;
  const starts = new Int32Array(maxLength + 2);
  for (let sample = 0; sample < sampleCount; sample++) starts[lengthOf(sampleIndices[sample]!)]!++;
  let place = 0;
  for (let length = maxLength; length >= 0; length--) {
    const count = starts[length]!;
    starts[length] = place;
    place += count;
  }
  const order = new Int32Array(new SharedArrayBuffer(sampleCount * 4));
  for (let sample = 0; sample < sampleCount; sample++) {
    const length = lengthOf(sampleIndices[sample]!);
    order[starts[length]!++] = sample;
  }
  return order;
}

/** The samples of a data set, longest first; equal lengths in their order. */
export function longestFirstSamples({ sampleCount, offsets }: TokenizedSamples): Int32Array {
  const lengthOf = (index: number): number => offsets[index + 1]! - offsets[index]!;
  return Int32Array.from({ length: sampleCount }, (_unused, index) => index).sort(
    (a, b) => lengthOf(b) - lengthOf(a) || a - b,
  );
}
