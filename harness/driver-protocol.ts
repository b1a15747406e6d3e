// What the main thread and the driver's thread say to each other. Queries never travel here: they are shared memory.

import type { RulesRound } from '../configs/rules/rounds.js';
import type { TestSettings } from '../configs/test-settings.js';
import type { SutSpec } from '../engines/contract.js';
import type { LogSettings } from '../scenarios/logs/log-files.js';
import type { SharedPhase } from '../scenarios/phase-records.js';
import type { TestResult } from '../scenarios/start-test.js';

/** Given to the worker when it is made. */
export interface DriverData {
  readonly sutSpec: SutSpec;
  readonly qsl: {
    readonly name: string;
    readonly totalSampleCount: number;
    readonly performanceSampleCount: number;
  };
  readonly program: { readonly name: string; readonly version: string };
  /** int32[…], see scenarios/control.ts: the main thread asks for a stop or tells that the engine broke. */
  readonly control: Int32Array;
}

/** From the main thread. */
export type ToDriver =
  | {
      readonly type: 'run';
      readonly settings: TestSettings;
      readonly logSettings: LogSettings;
      readonly stallTimeoutMs: number;
      readonly rules: RulesRound;
      /** '' = none: a probe is not audited. */
      readonly auditConfig: string;
    }
  | { readonly type: 'close' };

/** An error on its way between threads; `kind` finds its class again. */
export interface ErrorMessage {
  readonly kind: 'ConfigError' | 'SetupError' | 'RunError' | 'Error';
  readonly message: string;
  readonly stack: string | undefined;
}

/** From the driver's thread. */
export type FromDriver =
  | { readonly type: 'ready' }
  | { readonly type: 'phase'; readonly shared: SharedPhase }
  | { readonly type: 'done'; readonly result: TestResult }
  | { readonly type: 'failed'; readonly error: ErrorMessage };
