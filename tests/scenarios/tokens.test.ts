// Token latencies from the SUT's calls to results and logs.

import { describe, expect, it } from 'vitest';
import { scenarios, type TestSettingsInput } from '../../configs/test-settings.js';
import type { PhaseRecords } from '../../scenarios/phase-records.js';
import { createFakeClock, type FakeClock } from '../fakes/fake-clock.js';
import { createFakeSut, createTinyQsl, type FakeSut } from '../fakes/fake-suts.js';
import { runTest } from '../fakes/run-test.js';

const MS = 1e6;
const qsl = createTinyQsl(100, 64);
const settings: TestSettingsInput = {
  use_token_latencies: true,
  server_ttft_latency: 3 * MS,
  server_tpot_latency: 2 * MS,
  single_stream_expected_latency_ns: MS,
  multi_stream_expected_latency_ns: MS,
  server_target_qps: 100,
  offline_expected_qps: 100,
  min_duration_ms: 1000,
  min_query_count: 700,
};
const bytes = (value: number): Uint8Array => new Uint8Array([value, 0xab]);

/** First token after 2 ms, all ten after 11 ms: 1 ms each. */
function tokenSut(
  clock: FakeClock,
  options: { readonly tokens?: number; readonly firstMs?: number } = {},
): FakeSut {
  const { tokens = 10, firstMs = 2 } = options;
  const sut = createFakeSut({
    clock,
    latencyNs: () => 11 * MS,
    complete: (sample, records) =>
      records.completeSample(sample, bytes(records.sampleIndices[sample]!), tokens),
  });
  return {
    ...sut,
    issueQuery(first: number, count: number, records: PhaseRecords) {
      clock.at(clock.now() + firstMs * MS, () => {
        for (let sample = first; sample < first + count; sample++)
          records.completeFirstToken(sample, bytes(1));
      });
      sut.issueQuery(first, count, records);
    },
  };
}

describe.each(['SingleStream', 'MultiStream', 'Server'] as const)('tokens in %s', (scenario) => {
  it('give the time to the first and the time per further one', async () => {
    const clock = createFakeClock();
    const { result, valuesOf } = await runTest(tokenSut(clock), qsl, { ...settings, scenario }, { clock });
    const tokens = result.results!.tokens!;
    expect(tokens.firstToken).toMatchObject({ min_ns: 2 * MS, max_ns: 2 * MS });
    expect(tokens.timePerOutputToken).toMatchObject({ min_ns: MS, max_ns: MS });
    expect(tokens.tokenCount).toBe(10 * result.results!.sampleCount);
    expect(valuesOf('result_first_token_99.00_percentile_latency_ns')).toEqual([2 * MS]);
    expect(valuesOf('result_time_per_output_token_99.00_percentile_ns')).toEqual([MS]);
    expect(result.errors).toEqual([]);
  });

  it.each([
    ['all', 8],
    ['sixteen', 8 * 2 ** 20],
  ])('are logged with the response at the first one; %s fit into memory at once', async (_some, most) => {
    const clock = createFakeClock();
    const { accuracy } = await runTest(
      { ...tokenSut(clock), maxResponseBytes: most },
      qsl,
      { ...settings, scenario, mode: 'AccuracyOnly' },
      { clock },
    );
    for (const record of accuracy) {
      expect(record.data).toMatch(/^[0-9A-F]{2}AB$/);
      expect(record).toMatchObject({ token_data: '01AB', token_count: 10 });
    }
    expect(accuracy.length).toBeGreaterThanOrEqual(100);
  });

  it.each([
    ['one token only', { tokens: 1 }],
    ['no first token before the whole response', { firstMs: 12 }],
  ])('are told and forbid VALID when there is %s', async (_name, wrong) => {
    const clock = createFakeClock();
    const { result } = await runTest(tokenSut(clock, wrong), qsl, { ...settings, scenario }, { clock });
    expect(result.errors.join()).toMatch(
      /\d+ samples completed without a first token, or with a token count below 2/,
    );
    expect(result.results?.isValid).toBe(false);
  });
});

describe('tokens in Server', () => {
  it.each([
    [{ server_ttft_latency: 1 * MS }, 'TTFT constrain not met: Reduce target QPS to improve latency.'],
    [{ server_tpot_latency: MS / 2 }, 'TPOT constrain not met: Reduce target QPS to improve latency.'],
  ])('must keep both bounds: %o', async (bound, text) => {
    const clock = createFakeClock();
    const run = { ...settings, ...bound, scenario: 'Server' as const };
    const { result, summary } = await runTest(tokenSut(clock), qsl, run, { clock });
    expect(result.results?.isValid).toBe(false);
    expect(summary).toContain(text);
  });
});

describe('tokens in Offline', () => {
  it('are counted, not timed', async () => {
    const clock = createFakeClock();
    const run = { ...settings, scenario: 'Offline' as const, min_duration_ms: 0 };
    const { result, valuesOf } = await runTest(tokenSut(clock), qsl, run, { clock });
    expect(result.results?.tokens?.tokenCount).toBe(7000);
    expect(valuesOf('result_tokens_per_second')).toEqual([Number((7000 / 0.011).toPrecision(6))]);
    const logged = await runTest(tokenSut(clock), qsl, { ...run, mode: 'AccuracyOnly' }, { clock });
    expect(Object.keys(logged.accuracy[0]!)).toEqual(['seq_id', 'qsl_idx', 'data', 'token_count']);
  });
});

describe.each(scenarios)('inferred tokens in %s', (scenario) => {
  it('are samples per second times the factor, and change nothing else', async () => {
    const clock = createFakeClock();
    const { valuesOf, result } = await runTest(
      createFakeSut({ clock, latencyNs: () => 11 * MS }),
      qsl,
      {
        ...settings,
        scenario,
        use_token_latencies: false,
        infer_token_latencies: true,
        token_latency_scaling_factor: 7,
      },
      { clock },
    );
    const { samplesPerSecond, completedSamplesPerSecond } = result.results!;
    const expected = { Offline: samplesPerSecond, Server: completedSamplesPerSecond };
    const found = [
      ...valuesOf('result_inferred_tokens_per_second'),
      ...valuesOf('result_inferred_completed_tokens_per_second'),
    ];
    if (scenario === 'Offline' || scenario === 'Server')
      expect(found).toEqual([Number((7 * expected[scenario]).toPrecision(6))]);
    else expect(found).toEqual([]);
    expect(result.results?.tokens).toBeUndefined();
  });
});
