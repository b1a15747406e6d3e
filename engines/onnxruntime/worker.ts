// One worker: one session that takes samples from the shared queue. session.run blocks its thread, which therefore does
// nothing else. It is asked to close, never terminated: ending a thread inside an inference aborts the whole process.

import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { SetupError } from '../../configs/errors.js';
import { createClock } from '../../scenarios/clock.js';
import { openPhaseRecords } from '../../scenarios/phase-records.js';
import { openSharedQueue, type Claim } from '../shared-queue.js';
import { createInference, type Inference } from './inference.js';
import type { FromWorker, PhaseAnswer, PhaseMessage, WorkerData } from './protocol.js';

const main = parentPort;
if (main === null) throw new Error('worker.js runs as a worker thread only');
const { engineFile, threads, batchSize, provider, isProfiled, samples, driverPort } =
  workerData as WorkerData;
const tellMain = (message: FromWorker): void => main.postMessage(message);
const tellDriver = (answer: PhaseAnswer): void => driverPort.postMessage(answer);
const clock = createClock();

lowerPriority();
try {
  const startNs = clock.now();
  const inference = await createInference(engineFile, threads, batchSize, { provider, isProfiled });
  await warmUp(inference);
  const nodeRuns = inference.nodeRuns();
  let running = Promise.resolve();
  driverPort.on('message', (message: PhaseMessage) => {
    running = runPhase(inference, message).catch(fail);
  });
  // The main thread says one thing only: close.
  main.once('message', () => {
    void running.then(async () => {
      await inference.release();
      driverPort.close();
      main.close();
    });
  });
  tellMain({ type: 'ready', loadMs: (clock.now() - startNs) / 1e6, nodeRuns });
} catch (error) {
  fail(error);
  driverPort.close();
  main.close();
}

/**
 * The driver must be woken on time even when every core computes: SUT threads step back. Before the session exists,
 * since its pool inherits the priority. Server, two busy sessions on two cores, 46 queries/s, issue delay p99 (two runs
 * each, in turn): nice 10 2.45 and 2.53 ms, nice 19 0.17 and 0.15 ms.
 */
function lowerPriority(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, constants.priority.PRIORITY_LOW);
  } catch {
    // Not Linux: all threads keep the same priority.
  }
}

/** Runs the longest and a middle sample, so that no first query pays for fresh memory. */
async function warmUp(inference: Inference): Promise<void> {
  const { sampleCount, offsets } = samples;
  let longest = 0;
  for (let index = 1; index < sampleCount; index++) {
    if (offsets[index + 1]! - offsets[index]! > offsets[longest + 1]! - offsets[longest]!) longest = index;
  }
  for (const index of [longest, Math.floor(sampleCount / 2), longest])
    await inference.run(samples, 1, () => index);
}

async function runPhase(inference: Inference, { shared, order }: PhaseMessage): Promise<void> {
  const records = openPhaseRecords(shared, clock);
  const { sampleIndices } = shared;
  const lengthOf = (sample: number): number => {
    const index = sampleIndices[sample]!;
    return samples.offsets[index + 1]! - samples.offsets[index]!;
  };
  const canShareBatch = (sample: number, other: number): boolean =>
    inference.isPadded || lengthOf(sample) === lengthOf(other);
  const queue = openSharedQueue(shared, order, canShareBatch);
  const claim: Claim = { first: 0, count: 0 };
  const indexOf = (place: number): number => sampleIndices[queue.sampleAt(claim.first + place)]!;
  tellDriver({ type: 'phase-ready' });
  while (!queue.hasEnded()) {
    if (!queue.take(claim, batchSize)) {
      queue.wait();
      continue;
    }
    await inference.run(samples, claim.count, indexOf);
    const completedNs = clock.now();
    for (let place = 0; place < claim.count; place++) {
      records.completeSampleAt(queue.sampleAt(claim.first + place), completedNs, inference.response(place));
    }
  }
  tellDriver({ type: 'phase-ended' });
}

function fail(error: unknown): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  tellMain({ type: 'failed', message, stack, isSetup: error instanceof SetupError });
  tellDriver({ type: 'phase-ended' });
}
