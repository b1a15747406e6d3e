// The TensorRT SUT as the driver's thread sees it. SingleStream and MultiStream run in the call; Server and Offline are taken
// from the shared queue by native threads, which complete in the shared records.

import { RunError } from '../../configs/errors.js';
import type { ConnectIssueThread, SystemUnderTest } from '../../scenarios/contract.js';
import { cell } from '../../scenarios/phase-cells.js';
import type { PhaseRecords, SharedPhase } from '../../scenarios/phase-records.js';
import type { SutSpec, TokenizedSamples } from '../contract.js';
import { longestFirst } from '../shared-queue.js';
import { loadAddon } from './load-addon.js';
import { inNative } from './native-errors.js';
import type { NativeAddon } from './native.js';
import { setPhaseCounts } from './phase-counts.js';
import { createResponseSlots, type ResponseSlots } from './response-slots.js';

/** The engine's part of its SutSpec. */
export interface TensorRtDetail {
  /** Of the native addon; the same in every thread. */
  readonly handles: readonly number[];
  readonly samples: TokenizedSamples;
  /** phase-counts.ts */
  readonly counts: Float64Array;
  readonly batchSize: number;
  readonly inCall: boolean;
  readonly isServer: boolean;
  readonly useGraphs: boolean;
  readonly queueDelayNs: number;
  readonly preferredBatchSizes: readonly number[];
  readonly lengthBoundaries: readonly number[];
  readonly spinNs: number;
}

const BYTES_PER_TOKEN = 8;
const during = { doing: 'running' };

/** Where the driver's side tells issue threads of the phase that is on: its handle of the addon, 0 = none. */
type PhaseCell = Int32Array;

/**
 * An issue thread wakes the native threads as the driver does: they take from one queue, in order of issue. The addon and its
 * handles are the same in every thread; what broke a phase is told by its end, on the driver's thread.
 */
export const connectIssueThread: ConnectIssueThread = (data) => {
  const phase = data as PhaseCell; // written below
  const addon = loadAddon();
  return {
    issueQuery(_first, _count, { shared: { counters } }) {
      if (Atomics.load(counters, cell.ended) === 1) Atomics.store(counters, cell.issueBroken, 1);
      else if (Atomics.load(counters, cell.sleepers) !== 0) addon.wake(Atomics.load(phase, 0));
    },
  };
};

/** Makes the SUT on this thread. */
export function connectTensorRtSut(spec: SutSpec, addon: NativeAddon = loadAddon()): SystemUnderTest {
  const detail = spec.detail as TensorRtDetail; // written by this engine's own start
  const { handles, samples, batchSize } = detail;
  const lengthOf = (index: number): number => samples.offsets[index + 1]! - samples.offsets[index]!;
  const phaseCell: PhaseCell = new Int32Array(new SharedArrayBuffer(4));
  let phase: number | undefined;
  let counters: Int32Array = new Int32Array(0);
  let current: { readonly records: PhaseRecords; readonly responses: ResponseSlots } | undefined;

  const endPhase = (): void => {
    if (phase === undefined) return;
    const ending = phase;
    phase = undefined; // it is over, however it ends
    try {
      const facts = inNative({ ...during, batchSize }, () => addon.endPhase(ending));
      setPhaseCounts(detail.counts, facts);
    } finally {
      if (current !== undefined && !detail.inCall) {
        current.responses.handOver(current.records, 0, current.records.shared.sampleCount);
      }
    }
  };
  /** A phase that its own threads have ended is broken: its end says by what. */
  const refuseBroken = (): void => {
    if (Atomics.load(counters, cell.ended) === 0) return;
    endPhase();
    throw new RunError(`${spec.name} ended its phase by itself`);
  };

  return {
    name: spec.name,
    completionPlace: detail.inCall ? 'in-call' : 'other-threads',
    maxResponseBytes: samples.maxSequenceLength * BYTES_PER_TOKEN,
    ...(detail.inCall ? {} : { issueThreads: { module: import.meta.url, data: phaseCell } }),
    startPhase(records) {
      const { shared } = records;
      counters = shared.counters;
      const responses = createResponseSlots(shared, samples.maxSequenceLength * BYTES_PER_TOKEN);
      current = { records, responses };
      phase = inNative({ doing: 'starting a phase', batchSize }, () =>
        addon.startPhase(handles, {
          counters,
          cells: cell,
          sampleIndices: shared.sampleIndices,
          completedNs: shared.completedNs,
          isLogged: shared.isLogged,
          ...responses.memory,
          order: orderOf(shared),
          max_batch: batchSize,
          queue_delay_ns: detail.isServer ? detail.queueDelayNs : 0,
          preferred_batch_sizes: detail.preferredBatchSizes,
          max_tokens: 0,
          // An order of issue is no order of lengths.
          length_boundaries: shared.issueOrder.length > 0 ? [] : detail.lengthBoundaries,
          use_graphs: detail.useGraphs,
          in_call: detail.inCall,
          spin_ns: detail.spinNs,
        }),
      );
      Atomics.store(phaseCell, 0, phase);
    },
    issueQuery(first, count) {
      if (detail.inCall) runInCall(first, count);
      else {
        if (Atomics.load(counters, cell.sleepers) !== 0 && phase !== undefined) addon.wake(phase);
        refuseBroken();
      }
    },
    flushQueries: () => undefined,
    waitForCompleted(completed, timeoutNs) {
      if (phase === undefined) return;
      addon.waitCompleted(phase, completed, timeoutNs);
      refuseBroken();
    },
    endPhase,
  };

  function runInCall(first: number, count: number): void {
    if (phase === undefined) return;
    try {
      // A query of a probe may hold more samples than a batch.
      for (let from = first; from < first + count; from += batchSize) {
        addon.runInCall(phase, from, Math.min(batchSize, first + count - from));
      }
    } catch (error) {
      inNative({ ...during, batchSize }, () => {
        throw error;
      });
    }
    current?.responses.handOver(current.records, first, count);
  }

  /** Issue threads leave their order; one big query is taken longest first: equal lengths together, the short ones last. */
  function orderOf(shared: SharedPhase): Int32Array | null {
    if (shared.issueOrder.length > 0) return shared.issueOrder;
    if (detail.inCall || shared.queryCount !== 1 || shared.sampleCount === 1) return null;
    return longestFirst(shared, lengthOf, samples.maxSequenceLength);
  }
}
