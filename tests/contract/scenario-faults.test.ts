// What a SUT can do wrong, in every scenario: each fault has LoadGen's name (loadgen.md 13.5) and none spoils the figures in silence.

import { describe, expect, it } from 'vitest';
import { RunError } from '../../configs/errors.js';
import { scenarios, type TestSettingsInput } from '../../configs/test-settings.js';
import type { PhaseRecords } from '../../scenarios/phase-records.js';
import { createFakeClock, type FakeClock } from '../fakes/fake-clock.js';
import { completeWithIndex, createFakeSut, createTinyQsl, type FakeSut } from '../fakes/fake-suts.js';
import { runFailingTest, runTest } from '../fakes/run-test.js';

const MS = 1e6;
const qsl = createTinyQsl(100, 64);

describe.each(scenarios)('%s', (scenario) => {
  const settings: TestSettingsInput = {
    scenario,
    min_duration_ms: 1000,
    min_query_count: 100,
    server_target_qps: 100,
    offline_expected_qps: 100,
    single_stream_expected_latency_ns: MS,
    multi_stream_expected_latency_ns: MS,
  };
  const sutWith = (clock: FakeClock, complete: (sample: number, records: PhaseRecords) => void): FakeSut =>
    createFakeSut({ clock, latencyNs: () => (scenario === 'Offline' ? 2000 * MS : 2 * MS), complete });

  it('names samples that complete twice, and counts each once', async () => {
    const clock = createFakeClock();
    const sut = sutWith(clock, (sample, records) => {
      completeWithIndex(sample, records);
      if (sample % 30 === 0 && sample < 90) completeWithIndex(sample, records);
    });
    const { result } = await runTest(sut, qsl, settings, { clock });
    expect(result.errors).toEqual(new Array(3).fill('Attempted to complete a sample twice.'));
    expect(result.results?.sampleCount).toBe(sut.issued.length);
  });

  it('names samples that nobody issued, with how many there are and the largest number', async () => {
    const clock = createFakeClock();
    const sut = sutWith(clock, (sample, records) => {
      completeWithIndex(sample, records);
      if (sample === 5) for (const unknown of [-1, 2_000_000, 1_000_000]) records.completeSample(unknown);
    });
    const { result } = await runTest(sut, qsl, settings, { clock });
    expect(result.errors).toEqual([
      `Received SequenceId that was too large. expected_size: ${sut.issued.length} actual_size: 2000001`,
      'Samples were completed that were not issued at that time. count: 3',
    ]);
    expect(result.results?.sampleCount).toBe(sut.issued.length);
  });

  it('names a sample of an earlier set that completes late, and the set that is on keeps its own', async () => {
    const clock = createFakeClock();
    let before: PhaseRecords | undefined;
    let wasLate = false;
    const sut = sutWith(clock, (sample, records) => {
      if (before !== undefined && before !== records && !wasLate) {
        wasLate = true;
        completeWithIndex(9, before);
      }
      before = records;
      completeWithIndex(sample, records);
    });
    const { result, accuracy } = await runTest(sut, qsl, { ...settings, mode: 'AccuracyOnly' }, { clock });
    expect(wasLate).toBe(true);
    const first = accuracy.filter(({ seq_id }) => seq_id === 9);
    expect(first).toHaveLength(1);
    // Told at the end of the second set: ids before the next one are old by then.
    expect(result.errors).toEqual([
      `Received completion for an old sample. Min expected id: ${accuracy.length} Actual id: 9`,
    ]);
  });

  it('names a sample that completes after the last phase', async () => {
    const clock = createFakeClock();
    let kept: PhaseRecords | undefined;
    const fake = sutWith(clock, (sample, records) => {
      kept = records;
      completeWithIndex(sample, records);
    });
    const late = {
      ...createTinyQsl(100, 64),
      unloadSamplesFromRam: () => kept!.completeSamples(3, 2),
    };
    const { result } = await runTest(fake, late, settings, { clock });
    expect(result.errors).toEqual([
      expect.stringMatching(/^Received completion for an old sample. Min expected id: \d+ Actual id: 4$/),
      'Samples were completed after the end of their phase. count: 2',
    ]);
    expect(result.results?.sampleCount).toBe(fake.issued.length);
  });

  it('names samples that never complete, and ends INVALID with its logs whole', async () => {
    const clock = createFakeClock();
    const sut = sutWith(clock, (sample, records) => {
      if (sample !== 40) completeWithIndex(sample, records);
    });
    const { error, valuesOf, summary } = await runFailingTest(sut, qsl, settings, {
      clock,
      stall_timeout_ms: 3000,
    });
    expect(error).toBeInstanceOf(RunError);
    expect(error.message).toMatch(/^1 of \d+ issued samples never completed/);
    expect(valuesOf('error_runtime')).toContain(
      'Encountered incomplete samples at the end of a series of queries. count: 1',
    );
    expect(valuesOf('result_validity')).toEqual(['INVALID']);
    expect(summary).toContain('ERROR');
  });

  it('shows a SUT that stalls for one second in the tail, and in the tail alone', async () => {
    const run = async (stallNs: number) => {
      const clock = createFakeClock();
      const sut = createFakeSut({
        clock,
        latencyNs: (query) => (scenario === 'Offline' ? 2000 * MS : 2 * MS) + (query === 0 ? stallNs : 0),
      });
      return (await runTest(sut, qsl, settings, { clock })).result;
    };
    const [calm, stalled] = [await run(0), await run(1000 * MS)];
    expect(stalled.results!.sampleLatency.max_ns).toBe(calm.results!.sampleLatency.max_ns + 1000 * MS);
    // In Offline the one query is all there is; elsewhere one query of many stalled.
    if (scenario !== 'Offline')
      expect(stalled.results!.sampleLatency.percentiles_ns[0]).toBe(
        calm.results!.sampleLatency.percentiles_ns[0],
      );
    expect(stalled.issueDelay?.max_ns ?? 0).toBe(0);
  });

  it('shows a SUT that blocks in issueQuery for one second in the tail, and as the driver’s lateness', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({
      clock,
      latencyNs: () => (scenario === 'Offline' ? 2000 * MS : 2 * MS),
      blocksNs: (query) => (query === 0 ? 1000 * MS : 0),
    });
    const { result } = await runTest(sut, qsl, settings, { clock });
    expect(result.results!.sampleLatency.max_ns).toBeGreaterThan(1000 * MS);
    if (scenario === 'Server') {
      expect(result.issueDelay!.max_ns).toBeGreaterThan(900 * MS);
      expect(result.doubtful.join()).toContain('could not keep up');
    }
  });
});
