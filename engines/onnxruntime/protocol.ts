// What an ONNX Runtime worker hears and says. Queries never travel here: they are shared memory.

import type { MessagePort } from 'node:worker_threads';
import type { SharedPhase } from '../../scenarios/phase-records.js';
import type { TokenizedSamples } from '../contract.js';
import type { NodeRun } from './provider-proof.js';
import type { SessionProvider } from './providers.js';

/** Given to a worker when it is made. */
export interface WorkerData {
  readonly instance: number;
  readonly engineFile: string;
  readonly threads: number;
  readonly batchSize: number;
  readonly provider: SessionProvider;
  /** Whether this worker profiles its warm-up; one does it for all. */
  readonly isProfiled: boolean;
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
  | {
      readonly type: 'ready';
      readonly loadMs: number;
      /** Of the warm-up; empty in workers that do not profile it. */
      readonly nodeRuns: readonly NodeRun[];
    }
  | {
      readonly type: 'failed';
      readonly message: string;
      readonly stack: string | undefined;
      /** True when the machine lacks something, before anything ran. */
      readonly isSetup: boolean;
    };

/** From the driver's thread: a phase begins. Its end is told by the shared `ended` cell. */
export interface PhaseMessage {
  readonly type: 'phase';
  readonly shared: SharedPhase;
  /** Order in which to take the samples; undefined = as issued. */
  readonly order: Int32Array | undefined;
}

/** To the driver's thread. */
export type PhaseAnswer = { readonly type: 'phase-ready' } | { readonly type: 'phase-ended' };
