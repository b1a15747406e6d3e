// Two cells by which other threads reach a driver that blocks: a person's stop request and a broken engine.

import type { Clock } from './contract.js';

const STOP = 0;
const FAILURE = 1;

/** Shared memory for one test: given to startTest as `control`, and to whoever may end it. */
export function createControl(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8));
}

/**
 * Ends a running test from any thread that holds its control: nothing more is issued, what is outstanding gets two seconds to
 * complete, the logs are written and say that the run was interrupted, and startTest settles with an INVALID result.
 *
 * Differs from LoadGen, whose AbortTest closes the logs under the run and leaves no result.
 */
export function abortTest(control: Int32Array): void {
  Atomics.store(control, STOP, 1);
  Atomics.notify(control, STOP);
}

/** Tells the driver that outstanding samples will never complete: the engine broke. startTest throws a RunError. */
export function reportFailure(control: Int32Array): void {
  Atomics.store(control, FAILURE, 1);
}

export function isStopRequested(control: Int32Array): boolean {
  return Atomics.load(control, STOP) === 1;
}

/** Blocks until a stop is requested, at most `timeout_ns`. */
export function waitForStop(control: Int32Array, clock: Pick<Clock, 'waitWhile'>, timeout_ns: number): void {
  clock.waitWhile(control, STOP, 0, timeout_ns);
}

export function isFailureReported(control: Int32Array): boolean {
  return Atomics.load(control, FAILURE) === 1;
}
