// Responses of other threads on their way to the accuracy log: a ring of slots in shared memory, bounded whatever a run logs.
// A thread claims the next place, writes, and publishes it; the driver takes the places in turn and frees them.

import { cell } from './phase-cells.js';

/** Most memory that responses take while they wait to be written; LEAST_SLOTS of them when they are larger. */
export const RESPONSE_MEMORY_BYTES = 64 * 2 ** 20;
const LEAST_SLOTS = 16;
/** A slot's sample and length. */
const BYTES_PER_SLOT = 8;
/** How long a thread without a free slot sleeps at most before it looks whether the phase has ended. */
const LOOK_UP_MS = 50;
/** A waiting thread is woken when this many slots are free again. */
const WAKE_EVERY = 64;

/** Shared memory; all empty when nothing is logged or the responses stay on the driver's thread. */
export interface ResponseRing {
  readonly maxResponseBytes: number;
  readonly slotCount: number;
  /**
   * int32[slots]: the sample whose response lies there, plus one; negative: what there was of it at its first token; 0 = free, or
   * claimed and not written yet.
   */
  readonly samples: Int32Array;
  /** int32[slots]: length in bytes of each response. */
  readonly lengths: Int32Array;
  /** uint8[slots * maxResponseBytes]. */
  readonly bytes: Uint8Array;
}

/** A ring for `responseCount` responses: a slot for each if the memory lasts. */
export function createResponseRing(responseCount: number, maxResponseBytes: number): ResponseRing {
  const affordable = Math.floor(RESPONSE_MEMORY_BYTES / (maxResponseBytes + BYTES_PER_SLOT));
  const slotCount = Math.min(responseCount, Math.max(LEAST_SLOTS, affordable));
  return {
    maxResponseBytes,
    slotCount,
    samples: new Int32Array(new SharedArrayBuffer(slotCount * 4)),
    lengths: new Int32Array(new SharedArrayBuffer(slotCount * 4)),
    bytes: new Uint8Array(new SharedArrayBuffer(slotCount * maxResponseBytes)),
  };
}

/**
 * Copies a response into the ring. `makeRoom` is called while all slots are taken; it gives false when none will become free,
 * and the response is dropped.
 */
export function keepInRing(
  ring: ResponseRing,
  counters: Int32Array,
  sample: number,
  response: Uint8Array,
  makeRoom: () => boolean,
  isFirstToken = false,
): void {
  const place = Atomics.add(counters, cell.responsesClaimed, 1);
  while (place - Atomics.load(counters, cell.responsesTaken) >= ring.slotCount) {
    if (!makeRoom()) return;
  }
  const slot = place % ring.slotCount;
  ring.bytes.set(response, slot * ring.maxResponseBytes);
  ring.lengths[slot] = response.length;
  Atomics.store(ring.samples, slot, isFirstToken ? -sample - 1 : sample + 1);
}

/** For threads other than the driver's: asks it for a free slot and sleeps until there is one. */
export function waitForRoom(counters: Int32Array): boolean {
  if (Atomics.load(counters, cell.ended) === 1) return false;
  const taken = Atomics.load(counters, cell.responsesTaken);
  Atomics.notify(counters, cell.completed); // the driver sleeps there
  Atomics.wait(counters, cell.responsesTaken, taken, LOOK_UP_MS);
  return true;
}

/** The driver's end of the ring. */
export interface RingReader {
  /** Takes what is there once half of the slots are in use; costs two loads otherwise. */
  readonly relieve: () => void;
  /** Takes what is there. */
  readonly take: () => void;
  /** Takes the rest once nobody writes any more; in order of the samples if nothing was taken before. */
  readonly finish: () => void;
}

/** `receive` gets each response as a view that is valid during the call, that at the first token before the sample's own. */
export function createRingReader(
  ring: ResponseRing,
  counters: Int32Array,
  receive: (sample: number, response: Uint8Array, isFirstToken: boolean) => void,
): RingReader {
  const { slotCount, maxResponseBytes, samples, lengths, bytes } = ring;
  let taken = 0;
  const claimed = (): number => Atomics.load(counters, cell.responsesClaimed);
  const receiveSlot = (slot: number): void => {
    const from = slot * maxResponseBytes;
    const mark = samples[slot]!;
    receive(Math.abs(mark) - 1, bytes.subarray(from, from + lengths[slot]!), mark < 0);
  };
  const take = (): void => {
    const end = claimed();
    for (; taken < end; taken++) {
      const slot = taken % slotCount;
      if (Atomics.load(samples, slot) === 0) break; // claimed, on its way
      receiveSlot(slot);
      Atomics.store(samples, slot, 0);
      Atomics.store(counters, cell.responsesTaken, taken + 1);
      if (taken % WAKE_EVERY === 0) Atomics.notify(counters, cell.responsesTaken);
    }
    Atomics.notify(counters, cell.responsesTaken);
  };
  return {
    take,
    relieve() {
      if (claimed() - taken > slotCount / 2) take();
    },
    finish() {
      // A place whose thread gave up holds nothing.
      const places = Array.from(
        { length: Math.min(claimed() - taken, slotCount) },
        (_unused, i) => taken + i,
      );
      const slots = places.map((place) => place % slotCount).filter((slot) => samples[slot] !== 0);
      if (taken === 0) slots.sort((a, b) => samples[a]! - samples[b]!); // first tokens, the negative ones, before all
      for (const slot of slots) receiveSlot(slot);
    },
  };
}
