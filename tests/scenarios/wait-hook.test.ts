// A SUT of native threads: they cannot notify shared memory, so the driver waits in a call of the SUT.

import { describe, expect, it } from 'vitest';
import { RunError } from '../../configs/errors.js';
import { scenarios } from '../../configs/test-settings.js';
import type { SystemUnderTest } from '../../scenarios/contract.js';
import type { PhaseRecords } from '../../scenarios/phase-records.js';
import { createFakeClock } from '../fakes/fake-clock.js';
import { completeWithIndex, createTinyQsl } from '../fakes/fake-suts.js';
import { runFailingTest, runTest } from '../fakes/run-test.js';

/** Answers what was issued only while the driver waits in it. */
function waitingSut(onWait: (completed: number) => void = () => undefined): SystemUnderTest {
  let completed = 0;
  let current: PhaseRecords | undefined;
  return {
    name: 'waiting',
    completionPlace: 'other-threads',
    maxResponseBytes: 4,
    startPhase(records) {
      current = records;
      completed = 0;
    },
    issueQuery: () => undefined,
    flushQueries: () => undefined,
    waitForCompleted(target) {
      onWait(target);
      while (completed < target) completeWithIndex(completed++, current!);
    },
  };
}

describe.each(scenarios)('%s with a SUT that has its own wait', (scenario) => {
  it('waits in the SUT for all that was issued, and loses nothing', async () => {
    const { accuracy, result } = await runTest(
      waitingSut(),
      createTinyQsl(50, 50),
      { scenario, mode: 'AccuracyOnly', server_target_qps: 1000, multi_stream_samples_per_query: 5 },
      { clock: createFakeClock() },
    );
    expect(result.errors).toEqual([]);
    expect(new Set(accuracy.map(({ qsl_idx }) => qsl_idx)).size).toBe(50);
  });

  it('ends with the error that the wait throws, and writes the logs', async () => {
    const broken = waitingSut(() => {
      throw new RunError('the GPU is lost');
    });
    const { error, detail } = await runFailingTest(
      broken,
      createTinyQsl(50, 50),
      { scenario, mode: 'AccuracyOnly', server_target_qps: 1000, multi_stream_samples_per_query: 5 },
      { clock: createFakeClock() },
    );
    expect(error).toBeInstanceOf(RunError);
    expect(error.message).toContain('the GPU is lost');
    expect(detail.length).toBeGreaterThan(0);
  });
});
