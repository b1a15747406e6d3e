// The driver's hold on its issue threads: started before the first phase, given each phase, closed after the last.
// Follows loadgen/issue_query_controller.cc RegisterThread, StartIssueQueries, EndThreads (loadgen.md 8, 19).

import { Worker } from 'node:worker_threads';
import { ConfigError, RunError } from '../configs/errors.js';
import type { TestSettings } from '../configs/test-settings.js';
import type { SystemUnderTest } from './contract.js';
import type { DriverRecords } from './driver-records.js';
import type { EffectiveSettings } from './effective-settings.js';
import {
  gate,
  type FromIssueThread,
  type IssueThreadData,
  type SharedStart,
  type ToIssueThread,
} from './issue-thread-protocol.js';
import { cell } from './phase-cells.js';
import type { EndOfIssue } from './phase-run.js';

/** Issue threads that have made their side of the SUT. */
export interface StartedIssueThreads extends AsyncDisposable {
  readonly count: number;
  /** Node's ids of the threads, by turn. */
  readonly threadIds: readonly number[];
  /** Lets each thread start a phase; then they wait for its time zero. @throws {RunError} when a thread's side of the SUT throws. */
  readonly prepare: (effective: EffectiveSettings, records: DriverRecords) => Promise<IssuePhase>;
}

/** Issues a phase whose time zero is `startNs`; gives each thread's end of issue. @throws {RunError} as prepare() does. */
export type IssuePhase = (startNs: number) => Promise<readonly EndOfIssue[]>;

/** Each is a thread with a heap of its own; more would only fight for cores. */
const MOST_THREADS = 128;
/** Closing waits so long for a thread that a SUT holds. */
const CLOSE_TIMEOUT_MS = 5_000;
/** Responses are taken so often while the threads issue. */
const RELIEVE_EVERY_MS = 2;

/**
 * Starts the threads that the settings ask for; undefined where the driver issues.
 *
 * @throws {ConfigError} for a SUT that can be issued to from one thread only.
 * @throws {RunError} when a thread cannot make its side of the SUT.
 */
export async function startIssueThreads(
  sut: SystemUnderTest,
  settings: TestSettings,
  control: Int32Array,
  hasRealClock: boolean,
): Promise<StartedIssueThreads | undefined> {
  const count = settings.server_num_issue_query_threads;
  if (settings.scenario !== 'Server' || count === 0) return undefined;
  refuse(sut, count, hasRealClock);
  const { module, data } = sut.issueThreads!; // refuse() has looked
  const threads = Array.from({ length: count }, (_unused, thread) =>
    startThread({ module, data, turn: { thread, of: count }, completionPlace: sut.completionPlace, control }),
  );
  const close = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.close()));
  };
  try {
    await Promise.all(threads.map(({ answer }) => answer('ready')));
  } catch (cause) {
    await close();
    throw cause;
  }
  return {
    count,
    threadIds: threads.map(({ threadId }) => threadId),
    prepare: (effective, records) => prepare(threads, effective, records),
    [Symbol.asyncDispose]: close,
  };
}

function refuse(sut: SystemUnderTest, count: number, hasRealClock: boolean): void {
  const setting = 'server_num_issue_query_threads';
  if (sut.issueThreads === undefined)
    throw new ConfigError(
      `${sut.name} can be issued to from the driver's thread only; ${setting} must be 0 for it, got ${count}.` +
        ' A SUT says with issueThreads how other threads reach it.',
    );
  if (count > MOST_THREADS) throw new ConfigError(`${setting} must be at most ${MOST_THREADS}, got ${count}`);
  if (!hasRealClock)
    throw new ConfigError(
      `${setting} must be 0 with a clock of the caller's, got ${count}: threads share the real time only`,
    );
}

interface IssueThread {
  readonly threadId: number;
  readonly tell: (message: ToIssueThread) => void;
  /** The next message, which must be of this type. @throws {RunError} when the thread failed or died. */
  readonly answer: <T extends FromIssueThread['type']>(type: T) => Promise<FromIssueThread & { type: T }>;
  /** Calls `listener` when the thread dies. */
  readonly onDeath: (listener: () => void) => void;
  readonly close: () => Promise<void>;
}

function startThread(workerData: IssueThreadData): IssueThread {
  const name = `issue thread ${workerData.turn.thread}`;
  const worker = new Worker(new URL('./issue-thread.js', import.meta.url), { workerData });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  let onDeath: () => void = () => undefined;
  const died = new Promise<never>((_resolve, reject) => {
    const bury = (error: RunError): void => {
      reject(error);
      onDeath();
    };
    worker.once('error', (cause) => bury(new RunError(`${name} died: ${cause.message}`, { cause })));
    worker.once('exit', (code) =>
      bury(new RunError(`${name} ended with exit code ${code} in the middle of its work`)),
    );
  });
  died.catch(() => undefined); // whoever waits for an answer hears
  const messages: FromIssueThread[] = [];
  let heard: (() => void) | undefined;
  worker.on('message', (message: FromIssueThread) => {
    messages.push(message);
    heard?.();
  });
  const next = async (): Promise<FromIssueThread> => {
    if (messages.length === 0) {
      await Promise.race([died, new Promise<void>((resolve) => (heard = resolve))]);
      heard = undefined;
    }
    return messages.shift()!;
  };

  return {
    threadId: worker.threadId,
    tell: (message) => worker.postMessage(message),
    async answer(type) {
      const message = await next();
      if (message.type === 'failed') throw fromMessage(name, message);
      if (message.type !== type) throw new Error(`unexpected message ${message.type} from ${name}`);
      return message as FromIssueThread & { type: typeof type };
    },
    onDeath: (listener) => (onDeath = listener),
    async close() {
      const goodbye: ToIssueThread = { type: 'close' };
      worker.postMessage(goodbye);
      await atMost(CLOSE_TIMEOUT_MS, exited);
      worker.unref();
    },
  };
}

async function prepare(
  threads: readonly IssueThread[],
  effective: EffectiveSettings,
  { shared, relieve }: DriverRecords,
): Promise<IssuePhase> {
  const start: SharedStart = {
    gate: new Int32Array(new SharedArrayBuffer(4)),
    startNs: new Float64Array(new SharedArrayBuffer(8)),
  };
  const opened = (value: number): void => {
    Atomics.store(start.gate, 0, value);
    Atomics.notify(start.gate, 0);
  };
  for (const { tell, onDeath } of threads) {
    onDeath(() => Atomics.store(shared.counters, cell.issueBroken, 1));
    tell({ type: 'phase', effective, shared, start });
  }
  try {
    await Promise.all(threads.map(({ answer }) => answer('phase-ready')));
  } catch (cause) {
    opened(gate.cancelled);
    throw cause;
  }

  return async (startNs) => {
    start.startNs[0] = startNs;
    opened(gate.open);
    const timer = relieve === undefined ? undefined : setInterval(relieve, RELIEVE_EVERY_MS);
    const ends = threads.map(({ answer }) => answer('phase-ended'));
    try {
      return (await Promise.all(ends)).map(({ end }) => end);
    } catch (cause) {
      // The others stop as well, if their SUT lets them: what they issued is then known.
      await atMost(CLOSE_TIMEOUT_MS, Promise.allSettled(ends));
      throw cause;
    } finally {
      clearInterval(timer);
    }
  };
}

async function atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, patience]);
  clearTimeout(timer);
}

function fromMessage(
  name: string,
  { message, stack, isTold }: FromIssueThread & { readonly type: 'failed' },
): RunError {
  const error = new RunError(isTold ? message : `${name}: the SUT threw: ${message}`);
  if (stack !== undefined) error.stack = stack;
  return error;
}
