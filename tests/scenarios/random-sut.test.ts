// Promises that hold whatever the SUT does with its time: checked on what was recorded, with a SUT of random latencies.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scenarios } from '../../configs/test-settings.js';
import { createFakeClock } from '../fakes/fake-clock.js';
import { createFakeSut, createTinyQsl } from '../fakes/fake-suts.js';
import { runTest } from '../fakes/run-test.js';

const MS = 1e6;
const latencies = fc.array(fc.integer({ min: 0, max: 60 * MS }), { minLength: 1, maxLength: 40 });
const blocked = fc.array(fc.integer({ min: 0, max: 20 * MS }), { minLength: 1, maxLength: 40 });

describe.each(scenarios)('%s with a SUT of random latencies', (scenario) => {
  it('records each moment in its order, and no sample twice', async () => {
    await fc.assert(
      fc.asyncProperty(latencies, blocked, async (latencyNs, blocksNs) => {
        const clock = createFakeClock();
        const sut = createFakeSut({
          clock,
          latencyNs: (query) => latencyNs[query % latencyNs.length]!,
          blocksNs: (query) => blocksNs[query % blocksNs.length]!,
        });
        const { result } = await runTest(
          sut,
          createTinyQsl(50, 20),
          {
            scenario,
            min_query_count: 60,
            min_duration_ms: 500,
            server_target_qps: 100,
            single_stream_expected_latency_ns: 20 * MS,
            multi_stream_expected_latency_ns: 20 * MS,
            offline_expected_qps: 100,
          },
          { clock },
        );
        const { shared, startNs, queriesIssued } = result.performance!;
        const { issuedNs, completedNs, samplesPerQuery, scheduledDeltaNs } = shared;
        let lastDoneNs = 0;
        for (let query = 0; query < queriesIssued; query++) {
          const done = completedNs.subarray(query * samplesPerQuery, (query + 1) * samplesPerQuery);
          expect(Math.min(...done)).toBeGreaterThanOrEqual(issuedNs[query]!);
          if (scenario === 'Server')
            expect(issuedNs[query]).toBeGreaterThanOrEqual(startNs + scheduledDeltaNs[query]!);
          else expect(issuedNs[query]).toBeGreaterThanOrEqual(lastDoneNs);
          lastDoneNs = Math.max(...done);
        }
        expect(completedNs.subarray(queriesIssued * samplesPerQuery).every((ns) => ns === 0)).toBe(true);
        expect(result.results?.sampleCount).toBe(queriesIssued * samplesPerQuery);
        expect(result.errors.filter((text) => !text.includes('Ran out of generated queries'))).toEqual([]);
      }),
      { seed: 20260824, numRuns: 15 },
    );
  });
});
