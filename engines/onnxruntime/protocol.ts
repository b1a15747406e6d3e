// What an ONNX Runtime worker hears and says. Queries never travel here: they are shared memory.

import type { MessagePort } from 'node:worker_threads';
import type { SharedPhase } from '../../scenarios/phase-records.js';
import type { TokenizedSamples } from '../contract.js';

/** Given to a worker when it is made. */
export interface WorkerData {
  readonly instance: number;
  readonly engineFile: string;
  readonly threads: number;
  readonly batchSize: number;
  readonly samples: TokenizedSamples;
  /** To and from the driver's thread. */
  readonly driverPort: MessagePort;
}

/** From the main thread. */
export interface ToWorker {
  readonly type: 'close';
}

/** To the main thread. */
export type FromWorker =
  | { readonly type: 'ready'; readonly loadMs: number }
  | { readonly type: 'failed'; readonly message: string; readonly stack: string | undefined };

/** From the driver's thread: a phase begins. Its end is told by the shared `ended` cell. */
export interface PhaseMessage {
  readonly type: 'phase';
  readonly shared: SharedPhase;
  /** Order in which to take the samples; undefined = as issued. */
  readonly order: Int32Array | undefined;
}

/** To the driver's thread. */
export type PhaseAnswer = { readonly type: 'phase-ready' } | { readonly type: 'phase-ended' };
