// Server: two threads answer through shared memory, so the thread that issues is never late. node examples/server.mjs [folder]
// @ts-check
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { cell, createClock, logSettings, openPhaseRecords, startTest, testSettings } from 'loadrig';
import { answer, library } from './library.mjs';

if (isMainThread) await run();
else parentPort?.on('message', serve);

/** One phase on an answering thread: take the next sample, wait until it is issued, answer. @param {import('loadrig').SharedPhase} shared */
function serve(shared) {
  const { counters, sampleIndices } = shared;
  const records = openPhaseRecords(shared, createClock());
  parentPort?.postMessage('ready');
  for (;;) {
    const sample = Atomics.add(counters, cell.taken, 1);
    for (let issued; (issued = Atomics.load(counters, cell.issued)) <= sample;) {
      if (Atomics.load(counters, cell.ended) === 1) return void parentPort?.postMessage('done');
      Atomics.wait(counters, cell.issued, issued, 20);
    }
    records.completeSample(sample, answer(sampleIndices[sample] ?? 0));
  }
}

async function run() {
  const workers = [1, 2].map(() => new Worker(new URL(import.meta.url)));
  const heard = () => Promise.all(workers.map((worker) => once(worker, 'message')));
  /** @type {import('loadrig').SystemUnderTest} */
  const sut = {
    name: 'longest word, on two threads',
    completionPlace: 'other-threads',
    maxResponseBytes: 64,
    async startPhase({ shared }) {
      for (const worker of workers) worker.postMessage(shared);
      await heard();
    },
    issueQuery: (_first, count, { shared }) => void Atomics.notify(shared.counters, cell.issued, count),
    flushQueries() {},
    async endPhase() {
      await heard();
    },
  };
  const settings = testSettings({
    scenario: 'Server',
    server_target_qps: 500,
    server_target_latency_ns: 500_000_000,
    min_duration_ms: 1_500,
  });
  const { results, issueDelay } = await startTest(sut, library, settings, logSettings(process.argv[2]));
  await Promise.all(workers.map((worker) => worker.terminate()));

  console.log(`Server: ${results?.isValid === true ? 'VALID' : 'INVALID'}`);
  console.log(
    `${results?.completedSamplesPerSecond.toFixed(1)} samples/s; the driver's own p99 lateness: ${issueDelay?.p99_ns} ns`,
  );
  process.exitCode = results?.isValid === true ? 0 : 1;
}
