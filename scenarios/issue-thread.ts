// An issue thread: issues its turn of a Server schedule on its own side of the SUT. While a phase is on it blocks on shared memory
// as the driver does, and hears of a stop or of what broke elsewhere through `control` and the counters of the phase.

import { parentPort, workerData } from 'node:worker_threads';
import { RunError } from '../configs/errors.js';
import { createClock } from './clock.js';
import type { ConnectIssueThread, QueryIssuer } from './contract.js';
import {
  gate,
  type FromIssueThread,
  type IssueThreadData,
  type SharedStart,
  type ToIssueThread,
} from './issue-thread-protocol.js';
import { cell } from './phase-cells.js';
import { openPhaseRecords } from './phase-records.js';
import { startPhaseRun } from './phase-run.js';
import { issueOnSchedule } from './server.js';

const port = parentPort;
if (port === null) throw new Error('issue-thread.js runs as a worker thread only');
const { module, data, turn, completionPlace, control } = workerData as IssueThreadData;
const tell = (message: FromIssueThread): void => port.postMessage(message);
const clock = createClock();

try {
  const { connectIssueThread } = (await import(module)) as {
    readonly connectIssueThread: ConnectIssueThread;
  };
  const issuer = await connectIssueThread(data, turn.thread);
  port.on('message', (message: ToIssueThread) => {
    switch (message.type) {
      case 'phase':
        void runPhase(issuer, message);
        break;
      case 'close':
        void close(issuer);
        break;
    }
  });
  tell({ type: 'ready' });
} catch (error) {
  fail(error);
  port.close();
}

async function runPhase(issuer: QueryIssuer, phase: ToIssueThread & { type: 'phase' }): Promise<void> {
  const { effective, shared, start } = phase;
  const records = { ...openPhaseRecords(shared, clock), relieve: undefined };
  try {
    await issuer.startPhase?.(records);
    tell({ type: 'phase-ready' });
    const startNs = waitAtGate(start);
    if (startNs === undefined) return;
    const run = startPhaseRun({
      effective,
      sut: issuer,
      completionPlace,
      records,
      clock,
      control,
      stallTimeoutNs: 0,
      startNs,
      turn,
    });
    tell({ type: 'phase-ended', end: await issueOnSchedule(run) });
  } catch (error) {
    Atomics.store(shared.counters, cell.issueBroken, 1);
    fail(error);
  }
}

/** The phase's time zero; undefined when it was given up before it began. */
function waitAtGate({ gate: cells, startNs }: SharedStart): number | undefined {
  Atomics.wait(cells, 0, gate.shut);
  return Atomics.load(cells, 0) === gate.open ? startNs[0] : undefined;
}

async function close(issuer: QueryIssuer): Promise<void> {
  try {
    await issuer.close?.();
  } catch (error) {
    fail(error);
  }
  port?.close();
}

function fail(thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  tell({
    type: 'failed',
    message: error.message,
    stack: error.stack,
    isTold: error instanceof RunError,
  });
}
