// What the driver and its issue threads say to each other, between phases. While a phase is on they share memory only.

import type { CompletionPlace } from './contract.js';
import type { EffectiveSettings } from './effective-settings.js';
import type { EndOfIssue } from './phase-run.js';
import type { SharedPhase } from './phase-records.js';
import type { Turn } from './turn.js';

/** Given to an issue thread when it is made. */
export interface IssueThreadData {
  /** Of the SUT's issueThreads. */
  readonly module: string;
  readonly data: unknown;
  readonly turn: Turn;
  readonly completionPlace: CompletionPlace;
  /** int32[…], see control.ts. */
  readonly control: Int32Array;
}

/** From the driver. */
export type ToIssueThread =
  | {
      readonly type: 'phase';
      readonly effective: EffectiveSettings;
      readonly shared: SharedPhase;
      readonly start: SharedStart;
    }
  | { readonly type: 'close' };

/** How a phase begins on all threads at once. */
export interface SharedStart {
  /** int32[1]: a value of `gate`; threads sleep on it. */
  readonly gate: Int32Array;
  /** float64[1]: the phase's time zero, set before the gate opens. */
  readonly startNs: Float64Array;
}

/** Values of the gate. */
export const gate = { shut: 0, open: 1, cancelled: 2 } as const;

/** To the driver. */
export type FromIssueThread =
  | { readonly type: 'ready' }
  /** This side of the SUT has started the phase; the thread waits at the gate. */
  | { readonly type: 'phase-ready' }
  | { readonly type: 'phase-ended'; readonly end: EndOfIssue }
  /** The SUT's module or this side of it threw. `isTold`: the message is a RunError's, and needs no introduction. */
  | {
      readonly type: 'failed';
      readonly message: string;
      readonly stack: string | undefined;
      readonly isTold: boolean;
    };
