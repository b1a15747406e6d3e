import { describe, expect, it } from 'vitest';
import type { TestSettingsInput } from '../../configs/test-settings.js';
import type { SystemUnderTest } from '../../scenarios/contract.js';
import { abortTest, createControl } from '../../scenarios/control.js';
import { createFakeClock, type FakeClock } from '../fakes/fake-clock.js';
import { createFakeSut, createTinyQsl, type FakeSut } from '../fakes/fake-suts.js';
import { runFailingTest, runTest } from '../fakes/run-test.js';

const MS = 1e6;
const qsl = createTinyQsl(100, 64);
const settings: TestSettingsInput = {
  scenario: 'Server',
  mode: 'FindPeakPerformance',
  server_target_qps: 300,
  server_target_latency_ns: 5 * MS,
  min_duration_ms: 300,
  min_query_count: 50,
  qsl_rng_seed: 2085463073848966840n,
  sample_index_rng_seed: 2747215439041700203n,
  schedule_rng_seed: 16159082839903944936n,
};

/** A SUT whose nth phase keeps the bound, or does not. */
function scripted(clock: FakeClock, keepsBound: (phase: number) => boolean): SystemUnderTest & FakeSut {
  let phase = -1;
  const sut = createFakeSut({ clock, latencyNs: () => (keepsBound(phase) ? 1 : 6) * MS });
  return {
    ...sut,
    startPhase: () => {
      phase++;
    },
  };
}

describe('FindPeakPerformance', () => {
  it('tries the rates of the official LoadGen in its words, given the same verdicts', async () => {
    const clock = createFakeClock();
    const calls: string[] = [];
    const sut = scripted(clock, (phase) => phase !== 2 && phase !== 8);
    const { result, summary, valuesOf } = await runTest(sut, createTinyQsl(100, 64, calls), settings, {
      clock,
    });
    const middles = [
      '[600.000000, 1200.000000): 900.000000',
      '[900.000000, 1200.000000): 1050.000000',
      '[1050.000000, 1200.000000): 1125.000000',
      '[1125.000000, 1200.000000): 1162.500000',
      '[1162.500000, 1200.000000): 1181.250000',
      '[1181.250000, 1200.000000): 1190.625000',
      '[1181.250000, 1190.625000): 1185.937500',
      '[1185.937500, 1190.625000): 1188.281250',
      '[1188.281250, 1190.625000): 1189.453125',
    ].map((text) => `FindPeakPerformanceBinarySearch: Testing the mid value of bounds ${text}`);
    const found = valuesOf('generic_message').slice(0, 5 + middles.length);
    expect(found).toEqual([
      'Starting FindPeakPerformance mode',
      'FindPeakPerformance: Check validity of the base settings field: 300.000000',
      'FindBoundaries: Checking fields [300.000000, 600.000000)',
      'FindBoundaries: Checking fields [600.000000, 1200.000000)',
      'FindPeakPerformance: Found boundaries: [600.000000, 1200.000000)',
      ...middles,
    ]);
    expect(valuesOf('generated_query_count').slice(0, 6)).toEqual([85, 174, 351, 269, 309, 331]);
    expect(calls.slice(0, 7)).toEqual([
      ...['load 64', 'unload 64', 'load 64', 'unload 64', 'load 64', 'unload 64'],
      'load 64',
    ]);
    expect(summary).toContain('Mode     : FindPeakPerformance');
    expect(result.results?.constraintsMet).toBe(true);
  });

  it('finds the rate of a SUT that breaks its bound above one, to the digit asked for', async () => {
    const clock = createFakeClock();
    const limit = 777.7;
    // The rate cannot be seen from inside; the schedule of a phase tells it, since all rates share one stream of intervals.
    let base: number | undefined;
    let isOver = false;
    const sut: SystemUnderTest = {
      ...createFakeSut({ clock, latencyNs: () => (isOver ? 6 : 1) * MS }),
      startPhase: ({ shared }) => {
        const tenth = shared.scheduledDeltaNs[10]!;
        base ??= tenth * 300;
        isOver = base / tenth > limit;
      },
    };
    const { result, summary, valuesOf } = await runTest(sut, qsl, settings, { clock });
    expect(result.effective.target_qps).toBeGreaterThan(limit - 0.2);
    expect(result.effective.target_qps).toBeLessThanOrEqual(limit + 1e-3);
    expect(summary).toContain(`target_qps : ${result.effective.target_qps.toPrecision(6)}`);
    expect(valuesOf('result_validity')).toHaveLength(1);
    expect(valuesOf('generic_message').at(-1)).toMatch(
      /^FindPeakPerformance: Found peak performance field: 777\.\d{6}$/,
    );
  });

  it('ends with an error and the results of the base run where even that breaks the bound', async () => {
    const clock = createFakeClock();
    const { result } = await runTest(
      scripted(clock, () => false),
      qsl,
      settings,
      { clock },
    );
    expect(result.errors).toEqual([
      'FindPeakPerformance: Initial lower bound does not satisfy performance constraints, msg: Reduce target QPS to improve latency.',
    ]);
    expect(result.effective.target_qps).toBe(300);
    expect(result.results?.isValid).toBe(false);
  });

  it('numbers samples on through all its runs', async () => {
    const clock = createFakeClock();
    const firsts: number[] = [];
    let generated = 0;
    const sut: SystemUnderTest = {
      ...createFakeSut({ clock, latencyNs: () => (firsts.length > 2 ? 6 : 1) * MS }),
      startPhase: ({ shared }) => {
        firsts.push(shared.firstSampleId - generated);
        generated += shared.sampleCount;
      },
    };
    await runTest(sut, qsl, { ...settings, server_find_peak_qps_decimals_of_precision: 0 }, { clock });
    expect(new Set(firsts)).toEqual(new Set([0]));
  });

  it.each(['SingleStream', 'MultiStream', 'Offline'] as const)(
    'is refused in %s as LoadGen does',
    async (scenario) => {
      const clock = createFakeClock();
      const sut = createFakeSut({ clock });
      const { result, summary, valuesOf } = await runTest(sut, qsl, { ...settings, scenario }, { clock });
      expect(valuesOf('error_invalid_config')).toEqual([
        'Finding peak performance is only supported in Server scenarios.',
      ]);
      expect(sut.calls).toEqual([]);
      expect(result.results).toBeUndefined();
      expect(summary).toBe(
        '\nNo warnings encountered during test.\n\n1 ERROR encountered. See detailed log.\n',
      );
    },
  );

  it.each([0, 1, 4])('stops at once when it is interrupted in run %d', async (interruptedRun) => {
    const clock = createFakeClock();
    const control = createControl();
    let phase = -1;
    const sut: SystemUnderTest = {
      ...createFakeSut({ clock, latencyNs: () => (phase === 2 ? 6 : 1) * MS }),
      startPhase: () => {
        if (++phase === interruptedRun) abortTest(control);
      },
    };
    const { result } = await runTest(sut, qsl, settings, { clock, control });
    expect(result.interrupted).toBe(true);
    expect(result.results?.isValid).toBe(false);
    expect(phase).toBe(interruptedRun);
  });

  it('stops at once when the SUT breaks', async () => {
    const clock = createFakeClock();
    let phase = -1;
    const sut: SystemUnderTest = {
      ...createFakeSut({
        clock,
        latencyNs: () => MS,
        onIssue: () => {
          if (phase === 1) throw new Error('out of paper');
        },
      }),
      startPhase: () => {
        phase++;
      },
    };
    const { error, valuesOf } = await runFailingTest(sut, qsl, settings, { clock });
    expect(error.message).toBe('fake threw: out of paper');
    expect(valuesOf('result_validity')).toEqual(['INVALID']);
  });
});
