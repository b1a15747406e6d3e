// The ONNX Runtime SUT as the driver's thread sees it: publishes, wakes, and leaves the work to the workers.

import type { MessagePort } from 'node:worker_threads';
import type { ConnectIssueThread, SystemUnderTest } from '../../scenarios/contract.js';
import { cell } from '../../scenarios/phase-cells.js';
import type { PhaseRecords, SharedPhase } from '../../scenarios/phase-records.js';
import type { SutSpec, TokenizedSamples } from '../contract.js';
import { longestFirst, wakeSleepers } from '../shared-queue.js';
import { BYTES_PER_TOKEN } from './inference.js';
import type { PhaseAnswer, PhaseMessage } from './protocol.js';

/** The engine's part of its SutSpec. */
export interface OnnxRuntimeDetail {
  readonly samples: TokenizedSamples;
}

/** An issue thread publishes as the driver does: the workers take from one queue. */
export const connectIssueThread: ConnectIssueThread = () => ({ issueQuery });

/** Connects to the workers behind the spec's ports. */
export function connectOnnxRuntimeSut(spec: SutSpec): SystemUnderTest {
  const { samples } = spec.detail as OnnxRuntimeDetail; // written by this engine's own start
  const { ports } = spec;
  const lengthOf = (index: number): number => samples.offsets[index + 1]! - samples.offsets[index]!;
  let current: SharedPhase | undefined;

  return {
    name: spec.name,
    completionPlace: 'other-threads',
    issueThreads: { module: import.meta.url },
    maxResponseBytes: samples.maxSequenceLength * BYTES_PER_TOKEN,
    async startPhase({ shared }) {
      current = shared;
      const isOneBigQuery = shared.queryCount === 1 && shared.sampleCount > 1;
      const order = isOneBigQuery ? longestFirst(shared, lengthOf, samples.maxSequenceLength) : undefined;
      const message: PhaseMessage = { type: 'phase', shared, order };
      await Promise.all(
        ports.map((port) => {
          const answered = answerOf(port, 'phase-ready');
          port.postMessage(message);
          return answered;
        }),
      );
    },
    issueQuery,
    flushQueries: () => undefined,
    async endPhase() {
      if (current === undefined) return;
      const ended = Promise.all(ports.map((port) => answerOf(port, 'phase-ended')));
      Atomics.store(current.counters, cell.ended, 1);
      Atomics.notify(current.counters, cell.issued);
      await ended;
      current = undefined;
    },
  };
}

function issueQuery(_first: number, count: number, { shared }: PhaseRecords): void {
  wakeSleepers(shared, count);
}

/** Resolves with the answer, or when the worker behind the port is gone (its failure is told on the main thread). */
function answerOf(port: MessagePort, type: PhaseAnswer['type']): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      port.off('message', listen);
      port.off('close', done);
      resolve();
    };
    const listen = (answer: PhaseAnswer): void => {
      if (answer.type === type || answer.type === 'phase-ended') done();
    };
    port.on('message', listen);
    port.on('close', done);
  });
}
