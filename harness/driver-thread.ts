// The main thread's handle on the driver's thread: one run after another on one started engine.

import { Worker } from 'node:worker_threads';
import { RunError } from '../configs/errors.js';
import type { RulesRound } from '../configs/rules/rounds.js';
import type { TestSettings } from '../configs/test-settings.js';
import type { Engine } from '../engines/contract.js';
import type { LogSettings } from '../scenarios/logs/log-files.js';
import { abortTest, createControl, reportFailure } from '../scenarios/control.js';
import type { SharedPhase } from '../scenarios/phase-records.js';
import type { TestResult } from '../scenarios/start-test.js';
import type { DriverData, FromDriver, ToDriver } from './driver-protocol.js';
import { fromErrorMessage } from './error-message.js';

export interface RunRequest {
  readonly settings: TestSettings;
  readonly logSettings: LogSettings;
  readonly stallTimeoutMs: number;
  readonly rules: RulesRound;
  /** Default: none. */
  readonly auditConfig?: string;
  readonly onPhase?: (shared: SharedPhase) => void;
}

export interface DriverThread extends AsyncDisposable {
  /**
   * Runs LoadGen once. The logs are complete on disk when it settles.
   *
   * @throws {RunError} when the engine broke, threw or never completed; the engine's own error comes first.
   */
  readonly run: (request: RunRequest) => Promise<TestResult>;
  /** Ctrl-C: stop issuing, drain, write the logs marked interrupted. */
  readonly requestStop: () => void;
}

/** Starts the driver's thread on a started engine. The engine's ports go there; one driver per engine. */
export async function startDriverThread(
  engine: Engine,
  given: Omit<DriverData, 'sutSpec' | 'control'>,
): Promise<DriverThread> {
  const control = createControl();
  const data: DriverData = { ...given, sutSpec: engine.sutSpec, control };
  const worker = new Worker(new URL('./driver-worker.js', import.meta.url), {
    workerData: data,
    transferList: [...engine.sutSpec.ports],
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const died = new Promise<never>((_resolve, reject) => {
    worker.once('error', (cause) =>
      reject(new RunError(`the driver's thread died: ${cause.message}`, { cause })),
    );
    worker.once('exit', (code) =>
      reject(new RunError(`the driver's thread ended with code ${code} in the middle of its work`)),
    );
  });
  died.catch(() => undefined); // whoever waits on it hears; nobody may be waiting at a normal close

  let engineFailure: Error | undefined;
  engine.failure.catch((error: unknown) => {
    engineFailure = error instanceof Error ? error : new RunError(String(error));
    reportFailure(control);
  });

  const answer = (heed: (message: FromDriver) => boolean): Promise<FromDriver> =>
    Promise.race([
      died,
      new Promise<FromDriver>((resolve) => {
        const listen = (message: FromDriver): void => {
          if (!heed(message)) return;
          worker.off('message', listen);
          resolve(message);
        };
        worker.on('message', listen);
      }),
    ]);

  const tell = (message: ToDriver): void => worker.postMessage(message);
  const started = await answer(() => true);
  if (started.type === 'failed') throw fromErrorMessage(started.error);

  return {
    async run({ onPhase, auditConfig = '', ...request }) {
      const finished = answer((message) => {
        if (message.type === 'phase') onPhase?.(message.shared);
        return message.type === 'done' || message.type === 'failed';
      });
      tell({ type: 'run', auditConfig, ...request });
      const message = await finished;
      // What broke the engine says more than the driver's view of it.
      if (engineFailure !== undefined) throw engineFailure;
      if (message.type === 'failed') throw fromErrorMessage(message.error);
      if (message.type !== 'done')
        throw new Error(`unexpected message ${message.type} from the driver's thread`);
      return message.result;
    },
    requestStop: () => abortTest(control),
    async [Symbol.asyncDispose]() {
      tell({ type: 'close' });
      await exited;
    },
  };
}
