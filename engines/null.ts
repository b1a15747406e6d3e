// The null engine: answers at once, on the driver's own thread. It measures the driver, not a model.

import type { ConnectIssueThread, SystemUnderTest } from '../scenarios/contract.js';
import type { PhaseRecords } from '../scenarios/phase-records.js';
import type { Engine, EngineRequest } from './contract.js';

/** One token's start and end logit, float32. */
const RESPONSE_BYTES = 8;

/** Starts nothing: the SUT is made on the driver's thread. */
export function startNullEngine({ batch_size }: EngineRequest): Engine {
  return {
    facts: {
      engine: 'null',
      runtime: 'none: every sample is answered at once',
      precision: 'none',
      instances: 0,
      threads_per_instance: 0,
      batch_size,
      engine_file: null,
      engine_sha256: null,
      model_sha256: null,
      notes: {},
    },
    sutSpec: { engine: 'null', name: 'null', ports: [], detail: undefined },
    failure: new Promise<never>(() => undefined),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The null SUT on an issue thread; `data` is its responseBytes. */
export const connectIssueThread: ConnectIssueThread = (data) => connectNullSut(Number(data));

/** Completes inside issueQuery, on any number of threads. Logged samples get a response of `responseBytes` that depends on their index alone. */
export function connectNullSut(responseBytes = RESPONSE_BYTES): SystemUnderTest {
  const response = new Uint8Array(responseBytes);
  const view = new DataView(response.buffer);
  const complete = (sample: number, records: PhaseRecords): void => {
    view.setFloat32(0, records.sampleIndices[sample]!, true);
    records.completeSample(sample, response);
  };
  return {
    name: 'null',
    completionPlace: 'in-call',
    maxResponseBytes: responseBytes,
    issueThreads: { module: import.meta.url, data: responseBytes },
    issueQuery(first, count, records) {
      const { isLogged, issueThreads, phase } = records.shared;
      if (issueThreads > 1 && count > 1) {
        // Coalesced queries of one thread's turn are no neighbours.
        for (let i = 0; i < count; i++) complete(first + i * issueThreads, records);
        return;
      }
      if (phase === 'performance' && isNoneLogged(isLogged, first, count)) {
        records.completeSamples(first, count);
        return;
      }
      for (let sample = first; sample < first + count; sample++) complete(sample, records);
    },
    flushQueries: () => undefined,
  };
}

// A loop, not subarray().includes(): the hot path allocates nothing.
function isNoneLogged(isLogged: Uint8Array, first: number, count: number): boolean {
  for (let sample = first; sample < first + count; sample++) if (isLogged[sample] === 1) return false;
  return true;
}
