// Ctrl-C. Once: what runs is drained and its logs are written, marked interrupted. Twice, or while no run is on: quit.

/** Listens to SIGINT and SIGTERM while it lives. */
export interface Interruption extends Disposable {
  /** True once a person asked to stop; no further run may start then. */
  readonly requested: boolean;
  /** Does `work`; a stop request meanwhile calls `stop` and lets the work end by itself. */
  whileRunning<T>(stop: () => void, work: () => Promise<T>): Promise<T>;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** `tell` shows a line to the person at the keyboard. */
export function listenForInterruption(tell: (line: string) => void): Interruption {
  let requested = false;
  let stopRun: (() => void) | undefined;

  const onSignal = (signal: NodeJS.Signals): void => {
    if (!requested && stopRun !== undefined) {
      requested = true;
      tell(
        'Stopping: no new queries; the outstanding ones are drained and the logs written. Press Ctrl-C again to quit at once.',
      );
      stopRun();
      return;
    }
    quitBySignal(signal);
  };

  // Not process.exit(): it would tear native sessions down in the middle of an inference and abort with a core dump.
  const quitBySignal = (signal: NodeJS.Signals): void => {
    for (const name of SIGNALS) process.off(name, onSignal);
    process.kill(process.pid, signal);
  };

  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    get requested() {
      return requested;
    },
    async whileRunning(stop, work) {
      stopRun = stop;
      try {
        return await work();
      } finally {
        stopRun = undefined;
      }
    },
    [Symbol.dispose]() {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
