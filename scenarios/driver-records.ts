// The driver's view of a phase: as any thread's, and where the logged responses go to the accuracy log with bounded memory.

import type { Clock, CompletionPlace } from './contract.js';
import { cell } from './phase-cells.js';
import {
  createSharedKeeper,
  openRecords,
  type PhaseRecords,
  type ResponseKeeper,
  type SharedPhase,
} from './phase-records.js';
import { createRingReader, RESPONSE_MEMORY_BYTES } from './response-ring.js';

/** Takes a logged response for good; both are valid during the call only. `firstToken` as in the accuracy log. */
export type ReceiveResponse = (
  sample: number,
  response: Uint8Array,
  firstToken: Uint8Array | undefined,
) => void;

/** What the loops of the scenarios need, on whatever thread they run. */
export interface IssuingRecords extends PhaseRecords {
  /** Hands responses over once half of their memory is in use; undefined where it cannot run full, and on issue threads. */
  readonly relieve: (() => void) | undefined;
}

export interface DriverRecords extends IssuingRecords {
  /** Hands over the rest, once nothing completes any more. */
  readonly finish: () => void;
}

/** What a response costs beside its bytes while it is kept here. */
const BYTES_PER_KEPT = 128;
const NO_RESPONSE = new Uint8Array(0);

/**
 * Opens a phase on the driver's thread. Responses are received in order of issue as long as they fit into
 * RESPONSE_MEMORY_BYTES together, otherwise in order of completion, as LoadGen logs them.
 */
export function openDriverRecords(
  shared: SharedPhase,
  clock: Pick<Clock, 'now'>,
  place: CompletionPlace,
  receive: ReceiveResponse,
): DriverRecords {
  if (place === 'other-threads') return withRing(shared, clock, receive);
  // In an accuracy phase no time is measured: what completes in the call needs no copy.
  const { keeper, finish } =
    place === 'in-call' && shared.phase === 'accuracy'
      ? writeThrough(shared, receive)
      : keepHere(shared, receive);
  return { ...openRecords(shared, clock, keeper), relieve: undefined, finish };
}

function withRing(shared: SharedPhase, clock: Pick<Clock, 'now'>, receive: ReceiveResponse): DriverRecords {
  const { counters, responses, firstTokenNs, firstTokenResponses } = shared;
  const firstTokenOf = (sample: number): Uint8Array | undefined => {
    if (firstTokenNs.length === 0) return undefined;
    const slot = firstTokenResponses.slots[sample]!;
    const from = slot * responses.maxResponseBytes;
    return firstTokenResponses.bytes.subarray(from, from + firstTokenResponses.lengths[slot]!);
  };
  const reader = createRingReader(responses, counters, (sample, response) =>
    receive(sample, response, firstTokenOf(sample)),
  );
  const makeRoom = (): boolean => {
    reader.take();
    return Atomics.load(counters, cell.closed) === 0;
  };
  return {
    ...openRecords(shared, clock, createSharedKeeper(shared, makeRoom)),
    relieve: responses.slotCount < shared.loggedCount ? reader.relieve : undefined,
    finish: reader.finish,
  };
}

interface LocalKeeper {
  readonly keeper: ResponseKeeper;
  readonly finish: () => void;
}

function writeThrough(shared: SharedPhase, receive: ReceiveResponse): LocalKeeper {
  const firstTokens = firstTokensOf(shared);
  return {
    keeper: {
      keep: (sample, response) => receive(sample, response, firstTokens.take(sample)),
      keepFirstToken: firstTokens.keep,
    },
    finish: () => undefined,
  };
}

/** Copies responses, and hands them over when their memory is used up. */
function keepHere(shared: SharedPhase, receive: ReceiveResponse): LocalKeeper {
  const firstTokens = firstTokensOf(shared);
  let kept: { readonly sample: number; readonly response: Uint8Array }[] = [];
  let keptBytes = 0;
  let isInOrder = true;
  const handOver = (): void => {
    for (const { sample, response } of kept) receive(sample, response, firstTokens.take(sample));
    kept = [];
    keptBytes = 0;
  };
  return {
    keeper: {
      keep(sample, response) {
        kept.push({ sample, response: response.slice() });
        keptBytes += response.length + BYTES_PER_KEPT;
        if (keptBytes < RESPONSE_MEMORY_BYTES) return;
        isInOrder = false;
        handOver();
      },
      keepFirstToken: firstTokens.keep,
    },
    finish() {
      if (isInOrder) kept.sort((a, b) => a.sample - b.sample);
      handOver();
    },
  };
}

/** Responses at the first token of samples that have not completed. */
function firstTokensOf({ firstTokenNs }: SharedPhase): {
  readonly keep: (sample: number, response: Uint8Array) => void;
  readonly take: (sample: number) => Uint8Array | undefined;
} {
  const kept = new Map<number, Uint8Array>();
  return {
    keep: (sample, response) => void kept.set(sample, response.slice()),
    take(sample) {
      if (firstTokenNs.length === 0) return undefined;
      const response = kept.get(sample) ?? NO_RESPONSE;
      kept.delete(sample);
      return response;
    },
  };
}
