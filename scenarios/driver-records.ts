// The driver's view of a phase: as any thread's, and where the logged responses go to the accuracy log with bounded memory.

import type { Clock, CompletionPlace } from './contract.js';
import type { FirstTokenStore } from './first-token-store.js';
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

/**
 * Opens a phase on the driver's thread. Responses are received in order of issue as long as they fit into
 * RESPONSE_MEMORY_BYTES together, otherwise in order of completion, as LoadGen logs them.
 */
export function openDriverRecords(
  shared: SharedPhase,
  clock: Pick<Clock, 'now'>,
  place: CompletionPlace,
  receiveResponse: ReceiveResponse,
  firstTokens: FirstTokenStore,
): DriverRecords {
  const isTimed = shared.firstTokenNs.length > 0;
  const receive = (sample: number, response: Uint8Array): void =>
    receiveResponse(sample, response, isTimed ? firstTokens.take(sample) : undefined);
  if (place === 'other-threads') return withRing(shared, clock, receive, firstTokens);
  // In an accuracy phase no time is measured: what completes in the call needs no copy.
  const { keeper, finish } =
    place === 'in-call' && shared.phase === 'accuracy'
      ? writeThrough(receive, firstTokens)
      : keepHere(receive, firstTokens);
  return { ...openRecords(shared, clock, keeper), relieve: undefined, finish };
}

type Receive = (sample: number, response: Uint8Array) => void;

function withRing(
  shared: SharedPhase,
  clock: Pick<Clock, 'now'>,
  receive: Receive,
  firstTokens: FirstTokenStore,
): DriverRecords {
  const { counters, responses, loggedCount, firstTokenNs } = shared;
  const reader = createRingReader(responses, counters, (sample, response, isFirstToken) =>
    (isFirstToken ? firstTokens.keep : receive)(sample, response),
  );
  const responseCount = firstTokenNs.length > 0 ? loggedCount * 2 : loggedCount;
  const makeRoom = (): boolean => {
    reader.take();
    return Atomics.load(counters, cell.closed) === 0;
  };
  return {
    ...openRecords(shared, clock, createSharedKeeper(shared, makeRoom)),
    relieve: responses.slotCount < responseCount ? reader.relieve : undefined,
    finish: reader.finish,
  };
}

interface LocalKeeper {
  readonly keeper: ResponseKeeper;
  readonly finish: () => void;
}

function writeThrough(receive: Receive, firstTokens: FirstTokenStore): LocalKeeper {
  return {
    keeper: { keep: receive, keepFirstToken: firstTokens.keep },
    finish: () => undefined,
  };
}

/** Copies responses, and hands them over when their memory is used up. */
function keepHere(receive: Receive, firstTokens: FirstTokenStore): LocalKeeper {
  let kept: { readonly sample: number; readonly response: Uint8Array }[] = [];
  let keptBytes = 0;
  let isInOrder = true;
  const handOver = (): void => {
    for (const { sample, response } of kept) receive(sample, response);
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
