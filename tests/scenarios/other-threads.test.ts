// Real threads and the real clock: a SUT whose worker completes through shared memory while the driver blocks.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scenarios } from '../../configs/test-settings.js';
import type { SystemUnderTest } from '../../scenarios/contract.js';
import { cell } from '../../scenarios/phase-cells.js';
import { createTinyQsl } from '../fakes/fake-suts.js';
import { runTest } from '../fakes/run-test.js';

const workerFile = new URL('../fakes/answering-worker.mjs', import.meta.url);

function threadedSut(worker: Worker, maxResponseBytes = 4): SystemUnderTest {
  return {
    name: 'threaded',
    completionPlace: 'other-threads',
    maxResponseBytes,
    async startPhase({ shared }) {
      worker.postMessage(shared);
      await once(worker, 'message');
    },
    issueQuery: (_first, count, { shared }) => void Atomics.notify(shared.counters, cell.issued, count),
    flushQueries: () => undefined,
    async endPhase() {
      await once(worker, 'exit'); // it leaves once the phase has ended
    },
  };
}

describe.each(scenarios)('%s with a worker that completes through shared memory', (scenario) => {
  let worker: Worker;
  beforeEach(() => (worker = new Worker(workerFile)));
  afterEach(() => worker.terminate());

  it('loses no sample and no answer', async () => {
    const { accuracy, result } = await runTest(threadedSut(worker), createTinyQsl(300, 300), {
      scenario,
      mode: 'AccuracyOnly',
      server_target_qps: 5000,
    });
    expect(result.errors).toEqual([]);
    expect(new Set(accuracy.map(({ qsl_idx }) => qsl_idx)).size).toBe(300);
    for (const { qsl_idx, data } of accuracy) expect(Buffer.from(data, 'hex').readUInt32LE(0)).toBe(qsl_idx);
  });

  it('loses no answer when far more are logged than fit into memory at once', async () => {
    // So large by their announcement that sixteen slots are all there is.
    const sut = threadedSut(worker, 8 * 2 ** 20);
    const settings = { scenario, mode: 'AccuracyOnly', server_target_qps: 5000 } as const;
    const { accuracy, result } = await runTest(sut, createTinyQsl(300, 300), settings);
    expect(result.errors).toEqual([]);
    expect(new Set(accuracy.map(({ qsl_idx }) => qsl_idx)).size).toBe(300);
    for (const { qsl_idx, data } of accuracy) expect(Buffer.from(data, 'hex').readUInt32LE(0)).toBe(qsl_idx);
  });

  it('records completions after their issue, on one clock', async () => {
    const { result } = await runTest(threadedSut(worker), createTinyQsl(300, 300), {
      scenario,
      server_target_qps: 5000,
      offline_expected_qps: 5000,
      single_stream_expected_latency_ns: 20_000,
      multi_stream_expected_latency_ns: 20_000,
      min_duration_ms: 50,
    });
    const { shared, queriesIssued } = result.performance!;
    const { issuedNs, completedNs, samplesPerQuery } = shared;
    for (let sample = 0; sample < queriesIssued * samplesPerQuery; sample++) {
      expect(completedNs[sample]).toBeGreaterThan(issuedNs[Math.floor(sample / samplesPerQuery)]!);
    }
    expect(result.errors.filter((text) => !text.includes('Ran out of generated queries'))).toEqual([]);
  });
});
