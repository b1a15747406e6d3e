// Two cells by which other threads reach a driver that blocks: a person's stop request and a broken engine.

const STOP = 0;
const FAILURE = 1;

/** Shared memory to be given to startTest and to whoever may stop it. */
export function createControl(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** Asks the driver to issue nothing more, drain what is outstanding and write its logs. */
export function requestStop(control: Int32Array): void {
  Atomics.store(control, STOP, 1);
}

/** Tells the driver that outstanding samples will never complete. */
export function reportFailure(control: Int32Array): void {
  Atomics.store(control, FAILURE, 1);
}

export function isStopRequested(control: Int32Array): boolean {
  return Atomics.load(control, STOP) === 1;
}

export function isFailureReported(control: Int32Array): boolean {
  return Atomics.load(control, FAILURE) === 1;
}
