import { describe, expect, it, vi } from 'vitest';
import { RunError, SetupError } from '../../configs/errors.js';
import { testSettings, type TestSettingsInput } from '../../configs/test-settings.js';
import type { SystemUnderTest } from '../../scenarios/contract.js';
import { abortTest, createControl, reportFailure } from '../../scenarios/control.js';
import { logSettings } from '../../scenarios/logs/log-files.js';
import { startTest } from '../../scenarios/start-test.js';
import { createFakeClock } from '../fakes/fake-clock.js';
import { completeWithIndex, createFakeSut, createTinyQsl } from '../fakes/fake-suts.js';
import { runFailingTest, runTest } from '../fakes/run-test.js';

const MS = 1e6;
const qsl = createTinyQsl(100, 64);
const single: TestSettingsInput = {
  scenario: 'SingleStream',
  single_stream_expected_latency_ns: MS,
  min_duration_ms: 1000,
  min_query_count: 100,
};
const server: TestSettingsInput = {
  scenario: 'Server',
  server_target_qps: 100,
  server_target_latency_ns: 100 * MS,
  min_duration_ms: 20_000,
  min_query_count: 700,
};

describe('SingleStream', () => {
  it('issues the next query only after the last has completed', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock, latencyNs: (query) => (1 + (query % 7)) * MS });
    await runTest(sut, qsl, single, { clock });
    expect(sut.mostOutstanding()).toBe(1);
  });

  it('ends only when both the minimum count and the minimum duration are met', async () => {
    const clock = createFakeClock();
    const byDuration = await runTest(createFakeSut({ clock, latencyNs: () => 5 * MS }), qsl, single, {
      clock,
    });
    expect(byDuration.result.results?.queryCount).toBe(201); // the query at 1,000 ms is the first that meets the duration
    const byCount = await runTest(createFakeSut({ clock, latencyNs: () => 50 * MS }), qsl, single, { clock });
    expect(byCount.result.results?.queryCount).toBe(100);
    expect(byCount.valuesOf('generic_message')).toContain(
      'Ending naturally: Minimum query count and test duration met.',
    );
  });

  it('says that it ran out of queries when the expected latency was too long', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock, latencyNs: () => MS / 10 });
    const { result, summary } = await runTest(sut, qsl, single, { clock });
    expect(result.errors.join()).toContain('Ending early: Ran out of generated queries');
    expect(summary).toContain('Decrease the expected latency so the loadgen pre-generates more queries.');
    expect(result.results?.isValid).toBe(false);
  });
});

describe('Server', () => {
  it('counts latency from the scheduled time: waiting to be issued counts', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({
      clock,
      latencyNs: () => MS,
      blocksNs: (query) => (query === 300 ? 1000 * MS : 0),
    });
    const { result } = await runTest(sut, qsl, server, { clock });
    expect(result.results?.sampleLatency.max_ns).toBeGreaterThan(1000 * MS);
    expect(result.issueDelay?.max_ns).toBeGreaterThan(900 * MS);
    expect(result.doubtful.join()).toContain('could not keep up');
    expect(result.warnings.join()).toContain('could not keep up');
  });

  it('shows a SUT that freezes for a second in the tail, and not in the issue delay', async () => {
    const clock = createFakeClock();
    const frozenFrom = 5000 * MS;
    const startNs = clock.now();
    const sut = createFakeSut({
      clock,
      latencyNs: () => {
        const at = clock.now() - startNs;
        return at >= frozenFrom && at < frozenFrom + 1000 * MS ? frozenFrom + 1000 * MS - at : MS;
      },
    });
    const { result } = await runTest(sut, qsl, server, { clock });
    expect(result.results?.sampleLatency.max_ns).toBeGreaterThan(900 * MS);
    expect(result.issueDelay).toEqual({ p50_ns: 0, p99_ns: 0, max_ns: 0 });
    expect(result.results?.isValid).toBe(false);
    expect(result.results?.constraintAdvice).toBe('Reduce target QPS to improve latency.');
  });

  it('says so when a single hold-up of the driver was longer than the latency bound', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({
      clock,
      latencyNs: () => MS,
      blocksNs: (query) => (query === 300 ? 150 * MS : 0),
    });
    const { result } = await runTest(sut, qsl, server, { clock });
    expect(result.issueDelay?.p99_ns).toBe(0);
    expect(result.doubtful.join()).toContain('The driver was held up');
  });

  it('hears a stop request long before the next query is due', async () => {
    const clock = createFakeClock();
    const control = createControl();
    const sut = createFakeSut({
      clock,
      latencyNs: () => MS,
      onIssue: (query) => {
        if (query === 0) clock.at(clock.now() + 70 * MS, () => abortTest(control));
      },
    });
    const from = clock.now();
    const { result } = await runTest(sut, qsl, { ...server, server_target_qps: 0.01 }, { clock, control });
    expect(result.interrupted).toBe(true);
    expect(clock.now() - from).toBeLessThan(200 * MS);
  });

  it('gives a SUT on its own event loop its turns, however late the driver is', async () => {
    const clock = createFakeClock();
    const takes = 20 * MS; // twice the mean gap: later with each query
    const sut: SystemUnderTest = {
      name: 'on the event loop',
      completionPlace: 'event-loop',
      issueQuery(first, _count, records) {
        clock.advance(takes);
        queueMicrotask(() => records.completeSample(first));
      },
      flushQueries: () => undefined,
    };
    const { result } = await runTest(sut, qsl, { ...server, min_duration_ms: 5000 }, { clock });
    const { issuedNs, completedNs } = result.performance!.shared;
    const answered = issuedNs.map((issued, query) => completedNs[query]! - issued);
    expect(Math.max(...answered)).toBeLessThanOrEqual(2 * takes);
    expect(result.issueDelay?.max_ns).toBeGreaterThan(1000 * MS);
  });

  it('never waits for completions, and stops when too many are outstanding', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock, latencyNs: () => 10_000 * MS });
    const { result } = await runTest(sut, qsl, { ...server, server_max_async_queries: 20 }, { clock });
    expect(sut.mostOutstanding()).toBe(21);
    expect(result.errors[0]).toBe(
      'IssueQueryThread 0 Ending early: Too many outstanding queries. issued 21 outstanding 21',
    );
  });

  it('hands over all queries that are due at once when it coalesces', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({
      clock,
      latencyNs: () => MS,
      blocksNs: (query) => (query === 0 ? 500 * MS : 0),
    });
    const { result } = await runTest(sut, qsl, { ...server, server_coalesce_queries: true }, { clock });
    expect(sut.calls.filter((call) => call === 'issue').length).toBeLessThan(result.results!.queryCount);
    expect(sut.issued).toHaveLength(result.results!.queryCount);
  });
});

describe('a run that must stop early', () => {
  it.each([
    [{ max_query_count: 150, min_query_count: 1000 }, 'Max query count reached. query_count 150'],
    [{ max_duration_ms: 500, min_query_count: 1000 }, 'Max test duration reached. duration_ns'],
  ])('says so with %o', async (limits, text) => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock, latencyNs: () => MS });
    const { result } = await runTest(sut, qsl, { ...single, ...limits }, { clock });
    expect(result.errors.join()).toContain(`IssueQueryThread 0 Ending early: ${text}`);
    expect(result.results?.isValid).toBe(false);
  });

  it.each([single, server])(
    'drains what is outstanding when it is interrupted, and is marked',
    async (settings) => {
      const clock = createFakeClock();
      const control = createControl();
      const sut = createFakeSut({
        clock,
        latencyNs: () => 30 * MS,
        onIssue: (query) => {
          if (query === 20) abortTest(control);
        },
      });
      const { result, summary, valuesOf } = await runTest(sut, qsl, settings, { clock, control });
      expect(result.interrupted).toBe(true);
      expect(result.results?.queryCount).toBe(21);
      expect(result.results?.sampleCount).toBe(21);
      expect(summary).toContain('Result is : INVALID');
      expect(summary).toContain('The run was interrupted.');
      expect(valuesOf('error_runtime').join()).toContain('Interrupted');
    },
  );

  it.each([0, 20])('hears an AbortSignal after %d queries, and lets go of it at the end', async (after) => {
    const clock = createFakeClock();
    const aborter = new AbortController();
    if (after === 0) aborter.abort();
    const sut = createFakeSut({
      clock,
      latencyNs: () => MS,
      onIssue: (query) => {
        if (query === after - 1) aborter.abort();
      },
    });
    const listening = vi.spyOn(aborter.signal, 'removeEventListener');
    const { result } = await runTest(sut, qsl, single, { clock, signal: aborter.signal });
    expect([result.interrupted, sut.issued.length]).toEqual([true, after]);
    expect(listening).toHaveBeenCalledOnce();
  });
});

describe('a SUT that misbehaves', () => {
  it('by completing samples twice is told so, and each sample counts once', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({
      clock,
      latencyNs: () => MS,
      complete: (sample, records) => {
        completeWithIndex(sample, records);
        if (sample < 3) completeWithIndex(sample, records);
      },
    });
    const { result } = await runTest(sut, qsl, single, { clock });
    expect(result.errors).toEqual(new Array(3).fill('Attempted to complete a sample twice.'));
    expect(result.results?.sampleCount).toBe(result.results?.queryCount);
  });

  it('by completing samples that were never issued is told so', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({
      clock,
      latencyNs: () => MS,
      complete: (sample, records) => {
        completeWithIndex(sample, records);
        if (sample === 5) completeWithIndex(1_000_000, records);
      },
    });
    const { result } = await runTest(sut, qsl, single, { clock });
    expect(result.errors).toEqual([
      `Received SequenceId that was too large. expected_size: ${result.results?.sampleCount} actual_size: 1000001`,
      'Samples were completed that were not issued at that time. count: 1',
    ]);
  });

  it('by losing one sample ends the run with an error that counts it, its logs complete', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({
      clock,
      latencyNs: () => MS,
      complete: (sample, records) => {
        if (sample !== 40) completeWithIndex(sample, records);
      },
    });
    const { error, valuesOf } = await runFailingTest(sut, qsl, single, { clock, stall_timeout_ms: 2000 });
    expect(error).toBeInstanceOf(RunError);
    expect(error.message).toMatch(/^1 of 41 issued samples never completed/);
    expect(valuesOf('error_runtime')).toContain(
      'Encountered incomplete samples at the end of a series of queries. count: 1',
    );
  });

  it('by throwing ends the run with its own words', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({
      clock,
      onIssue: (query) => {
        if (query === 7) throw new Error('out of paper');
      },
    });
    const { error, valuesOf } = await runFailingTest(sut, qsl, single, { clock });
    expect(error).toBeInstanceOf(RunError);
    expect(error.message).toBe('fake threw: out of paper');
    expect(error.cause).toMatchObject({ message: 'out of paper' });
    expect(valuesOf('error_runtime')).toContain('fake threw: out of paper');
    expect(valuesOf('result_validity')).toEqual(['INVALID']);
  });

  it.each(['startPhase', 'flushQueries', 'endPhase'] as const)(
    'by throwing in %s is told so',
    async (call) => {
      const clock = createFakeClock();
      const sut = {
        ...createFakeSut({ clock, latencyNs: () => MS }),
        [call]: () => {
          throw new Error('out of paper');
        },
      };
      const { error, valuesOf } = await runFailingTest(sut, qsl, single, { clock });
      expect(error).toBeInstanceOf(RunError);
      expect(error.message).toBe('fake threw: out of paper');
      expect(valuesOf('error_runtime')).toContain('fake threw: out of paper');
    },
  );

  it('in the accuracy phase keeps the performance phase from starting', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({
      clock,
      onIssue: (query) => {
        if (query === 7) throw new Error('out of paper');
      },
    });
    const settings = { ...single, mode: 'SubmissionRun' as const };
    const { accuracy, valuesOf } = await runFailingTest(sut, qsl, settings, { clock });
    expect(valuesOf('generic_message')).toEqual(['Starting accuracy mode']);
    expect(accuracy).toHaveLength(7);
  });

  it('by breaking on another thread ends the run at once', async () => {
    const clock = createFakeClock();
    const control = createControl();
    const sut = createFakeSut({
      clock,
      latencyNs: () => 1e15,
      onIssue: (query) => {
        if (query === 0) clock.at(clock.now() + 5 * MS, () => reportFailure(control));
      },
    });
    const { error } = await runFailingTest(sut, qsl, single, { clock, control });
    expect(error.message).toBe('the engine broke while 1 of 1 issued samples were outstanding.');
  });

  it('by answering with more bytes than it announced is told so', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({
      clock,
      complete: (sample, records) => records.completeSample(sample, new Uint8Array(5)),
    });
    const { error } = await runFailingTest(sut, qsl, { ...single, mode: 'AccuracyOnly' }, { clock });
    expect(error.message).toContain('responses of more than 4 bytes');
  });
});

describe('startTest', () => {
  it('refuses to start without a folder for its logs', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock });
    const logs = logSettings('/no/such/folder');
    await expect(startTest(sut, qsl, testSettings(single), logs, { clock })).rejects.toThrow(SetupError);
  });

  it('runs audit TEST05 as a performance run on the three seeds of TEST05', async () => {
    const clock = createFakeClock();
    const { result, valuesOf } = await runTest(
      createFakeSut({ clock, latencyNs: () => MS }),
      qsl,
      {
        ...single,
        mode: 'AccuracyOnly',
        test05: true,
        test05_qsl_rng_seed: 7975553102935885558n,
        test05_sample_index_rng_seed: 11403566307062068064n,
        test05_schedule_rng_seed: 15816800565822761601n,
      },
      { clock },
    );
    expect(valuesOf('warning_generic_message')).toEqual(['Test05 flag detected Overriding random seeds']);
    expect(valuesOf('requested_test_mode')).toEqual(['PerformanceOnly']);
    expect(result.effective).toMatchObject({
      qsl_rng_seed: 7975553102935885558n,
      sample_index_rng_seed: 11403566307062068064n,
      schedule_rng_seed: 15816800565822761601n,
    });
    expect(result.results?.isValid).toBe(true);
  });

  it('names its own program, never another one', async () => {
    const clock = createFakeClock();
    const program = { name: 'loadrig', version: '9.9.9', commit: 'abc' };
    const { valuesOf } = await runTest(createFakeSut({ clock, latencyNs: () => MS }), qsl, single, {
      clock,
      program,
    });
    expect(valuesOf('loadgen_version')).toEqual(['loadrig 9.9.9 @ abc']);
  });

  it('writes the keys of a log in the order of the official LoadGen', async () => {
    const clock = createFakeClock();
    const { detail } = await runTest(createFakeSut({ clock, latencyNs: () => MS }), qsl, single, { clock });
    const keys = detail.map(({ key }) => key);
    const landmarks = [
      'loadgen_version',
      'test_datetime',
      'sut_name',
      'get_sut_name_duration_ns',
      'qsl_name',
      'requested_scenario',
      'effective_scenario',
      'generic_message',
      'loaded_qsl_set',
      'generated_query_count',
      'logger_swap_request_slots_retry_count',
      'power_begin',
      'power_end',
      'result_validity',
      'num_errors',
    ];
    const places = landmarks.map((key) => keys.indexOf(key));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  });
});
