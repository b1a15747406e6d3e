// What every scenario promises, whatever its traffic.

import { describe, expect, it } from 'vitest';
import { RunError } from '../../configs/errors.js';
import { scenarios, type Scenario, type TestSettingsInput } from '../../configs/test-settings.js';
import type { CompletionPlace } from '../../scenarios/contract.js';
import { abortTest, createControl } from '../../scenarios/control.js';
import { createFakeClock } from '../fakes/fake-clock.js';
import { createFakeSut, createTinyQsl } from '../fakes/fake-suts.js';
import { runFailingTest, runTest } from '../fakes/run-test.js';

const MS = 1e6;
const places: readonly CompletionPlace[] = ['in-call', 'event-loop', 'other-threads'];

function settingsOf(scenario: Scenario): TestSettingsInput {
  return {
    scenario,
    single_stream_expected_latency_ns: MS,
    multi_stream_expected_latency_ns: MS,
    server_target_qps: 1000,
    offline_expected_qps: 1000,
    min_duration_ms: 2000,
    min_query_count: 700,
    qsl_rng_seed: 1n,
    sample_index_rng_seed: 2n,
    schedule_rng_seed: 3n,
  };
}

describe.each(scenarios)('%s', (scenario) => {
  const latencyNs = (): number => 2 * MS;

  it.each(places)('is VALID with a healthy SUT that completes %s', async (completionPlace) => {
    const clock = createFakeClock();
    // In Offline the one query takes as long as the run must; in call, the call itself takes the time.
    const takes = scenario === 'Offline' ? 2500 * MS : 2 * MS;
    const inCall = completionPlace === 'in-call';
    const sut = createFakeSut({
      clock,
      completionPlace,
      latencyNs: () => (inCall ? 0 : takes),
      blocksNs: () => (inCall ? (scenario === 'Server' ? 1000 : takes) : 0),
    });
    const { result, summary } = await runTest(sut, createTinyQsl(100, 64), settingsOf(scenario), { clock });
    expect(result.results?.isValid).toBe(true);
    expect(summary).toContain('Result is : VALID');
    expect(result.errors).toEqual([]);
  });

  it('does the same twice from the same seeds', async () => {
    const once = async (): Promise<readonly number[]> => {
      const clock = createFakeClock();
      const sut = createFakeSut({ clock, latencyNs });
      await runTest(sut, createTinyQsl(100, 64), settingsOf(scenario), { clock });
      return sut.issued;
    };
    expect(await once()).toEqual(await once());
  });

  it('covers every sample of the QSL in accuracy mode, and logs every response', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock, latencyNs });
    const { accuracy, result } = await runTest(
      sut,
      createTinyQsl(100, 64),
      { ...settingsOf(scenario), mode: 'AccuracyOnly' },
      { clock },
    );
    const covered = new Set(accuracy.map(({ qsl_idx }) => qsl_idx));
    expect(covered.size).toBe(100);
    // MultiStream's padding runs some samples twice.
    if (scenario !== 'MultiStream') expect(accuracy).toHaveLength(100);
    for (const { qsl_idx, data } of accuracy) expect(Number.parseInt(data.slice(0, 2), 16)).toBe(qsl_idx);
    expect(result.results).toBeUndefined();
  });

  it('loads, issues, flushes and unloads each set in this order, ids running on', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock, latencyNs });
    const calls = sut.calls as string[];
    const { accuracy } = await runTest(
      sut,
      createTinyQsl(100, 64, calls),
      { ...settingsOf(scenario), mode: 'SubmissionRun', min_query_count: 5, min_duration_ms: 0 },
      { clock },
    );
    const order = calls.filter((call, place) => call !== calls[place - 1]).map((call) => call.split(' ')[0]);
    const oneSet = ['load', 'issue', 'flush', 'unload'];
    expect(order).toEqual([...oneSet, ...oneSet, ...oneSet]); // accuracy 64 + 36, then performance
    const ids = accuracy.map(({ seq_id }) => seq_id);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is INVALID while samples are missing, and says how many never completed', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock, latencyNs, complete: () => undefined });
    const settings = { ...settingsOf(scenario), min_query_count: 10, min_duration_ms: 10 };
    const { error, valuesOf, summary } = await runFailingTest(sut, createTinyQsl(100, 64), settings, {
      clock,
      stall_timeout_ms: 1000,
    });
    expect(error).toBeInstanceOf(RunError);
    expect(error.message).toMatch(/never completed: nothing came for 1000 ms/);
    expect(valuesOf('error_runtime').join()).toContain('Encountered incomplete samples');
    expect(valuesOf('error_runtime').filter((text) => text === error.message)).toHaveLength(1);
    expect(valuesOf('result_validity')).toEqual(['INVALID']);
    expect(summary).toContain('Result is : INVALID');
    expect(summary).toContain(`* ${error.message}`);
    const [begin, end] = [valuesOf('power_begin'), valuesOf('power_end')];
    expect(end).toEqual(begin); // nothing completed: the phase has no length
  });

  it('counts no time before its start: what a listener to phases takes is no latency', async () => {
    const run = async (onPhaseNs: number): Promise<readonly number[]> => {
      const clock = createFakeClock();
      const sut = createFakeSut({ clock, latencyNs });
      const settings = { ...settingsOf(scenario), min_query_count: 10, min_duration_ms: 10 };
      const { result } = await runTest(sut, createTinyQsl(100, 64), settings, {
        clock,
        onPhase: () => clock.advance(onPhaseNs),
      });
      return result.results?.sampleLatency.percentiles_ns ?? [];
    };
    expect(await run(5000 * MS)).toEqual(await run(0));
  });

  it('ends soon after a stop request, whatever is still outstanding, and is marked', async () => {
    const clock = createFakeClock();
    const control = createControl();
    const startNs = clock.now();
    clock.at(startNs + 500 * MS, () => abortTest(control));
    const sut = createFakeSut({ clock, latencyNs: () => 3_600_000 * MS });
    const { result, summary, valuesOf } = await runTest(sut, createTinyQsl(100, 64), settingsOf(scenario), {
      clock,
      control,
    });
    expect(clock.now() - startNs).toBeLessThan(5000 * MS);
    expect(result.interrupted).toBe(true);
    expect(valuesOf('result_validity')).toEqual(['INVALID']);
    expect(summary).toContain('The run was interrupted.');
    expect(result.errors.join()).toContain('Encountered incomplete samples');
  });

  it('never hides the first error behind a SUT that cannot even end its phase', async () => {
    const clock = createFakeClock();
    const fake = createFakeSut({ clock, latencyNs, complete: () => undefined });
    const settings = { ...settingsOf(scenario), min_query_count: 10, min_duration_ms: 10 };
    const hangs = { ...fake, endPhase: () => new Promise<void>(() => undefined) };
    const throws = { ...fake, endPhase: () => Promise.reject(new Error('and that too')) };
    for (const sut of [hangs, throws]) {
      const { error, valuesOf } = await runFailingTest(sut, createTinyQsl(100, 64), settings, {
        clock,
        stall_timeout_ms: 1000,
      });
      expect(error.message).toMatch(/never completed/);
      expect(valuesOf('result_validity')).toEqual(['INVALID']);
    }
  });
});
