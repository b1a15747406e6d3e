// Where native threads leave the responses of logged samples until the driver's thread hands them over: a slot for each.

import type { PhaseRecords, SharedPhase } from '../../scenarios/phase-records.js';
import type { NativePhase } from './native-run.js';

export interface ResponseSlots {
  /** For the native side. */
  readonly memory: Pick<
    NativePhase,
    'responseSlots' | 'responseLengths' | 'responseBytes' | 'maxResponseBytes'
  >;
  /** Hands the responses of the neighbours `first … first + count - 1` over, as far as they have completed; once each. */
  handOver(records: PhaseRecords, first: number, count: number): void;
}

/** Memory for a phase; none where nothing is logged. */
export function createResponseSlots(
  { sampleCount, loggedCount, isLogged, completedNs }: SharedPhase,
  maxResponseBytes: number,
): ResponseSlots {
  const slots = new Int32Array(new SharedArrayBuffer(loggedCount === 0 ? 0 : sampleCount * 4));
  let next = 0;
  for (let sample = 0; sample < slots.length; sample++) slots[sample] = isLogged[sample] === 1 ? next++ : -1;
  const lengths = new Int32Array(new SharedArrayBuffer(loggedCount * 4));
  const bytes = new Uint8Array(new SharedArrayBuffer(loggedCount * maxResponseBytes));
  return {
    memory: { responseSlots: slots, responseLengths: lengths, responseBytes: bytes, maxResponseBytes },
    handOver(records, first, count) {
      if (loggedCount === 0) return;
      for (let sample = first; sample < first + count; sample++) {
        const slot = slots[sample]!;
        if (slot < 0 || completedNs[sample] === 0) continue;
        const from = slot * maxResponseBytes;
        records.keepResponse(sample, bytes.subarray(from, from + lengths[slot]!));
      }
    },
  };
}
