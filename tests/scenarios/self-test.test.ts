import { describe, expect, it } from 'vitest';
import type { Clock } from '../../scenarios/contract.js';
import { runSelfTest, selfTestLine } from '../../scenarios/self-test.js';
import { createFakeClock } from '../fakes/fake-clock.js';
import { createFakeSut, createTinyQsl } from '../fakes/fake-suts.js';
import { runTest } from '../fakes/run-test.js';

const MS = 1e6;

describe('the self-test', () => {
  it('finds nothing on a clock that costs nothing and wakes on time', async () => {
    expect(await runSelfTest(createFakeClock(), 1000)).toEqual({
      clock_cost_ns: 0,
      timer_slack: { p50_ns: 0, max_ns: 0 },
      gc: expect.anything() as unknown,
      lateness: { queries_per_s: 1000, p50_ns: 0, p99_ns: 0, max_ns: 0 },
    });
  });

  it('finds what a reading costs, how late sleepers wake and how late the loop is with them', async () => {
    const clock = createFakeClock();
    const slow: Clock = {
      ...clock,
      now: () => {
        clock.advance(40);
        return clock.now();
      },
      sleepUntil: (due_ns) => clock.sleepUntil(due_ns + 3 * MS),
      waitWhile: (cells, index, value, timeout_ns) =>
        clock.waitWhile(cells, index, value, timeout_ns + 2 * MS),
    };
    const found = await runSelfTest(slow, 200);
    expect(found.clock_cost_ns).toBe(40);
    expect(found.timer_slack.p50_ns).toBeGreaterThanOrEqual(2 * MS);
    expect(found.lateness.p50_ns).toBeGreaterThanOrEqual(3 * MS);
    expect(found.lateness.max_ns).toBeLessThan(4 * MS);
  });

  it.each([
    [0.5, 200],
    [5000, 5000],
    [1e9, 1e6],
  ])('at a target of %d queries per second tries %d', async (target, tried) => {
    expect((await runSelfTest(createFakeClock(), target)).lateness.queries_per_s).toBe(tried);
  });

  it('says what it found in one line', () => {
    const found = {
      clock_cost_ns: 31.4,
      timer_slack: { p50_ns: 57_000, max_ns: 1_234_567 },
      gc: { pauses: 2, longest_ns: 61_000 },
      lateness: { queries_per_s: 1000, p50_ns: 120, p99_ns: 9_800, max_ns: 250_000 },
    };
    expect(selfTestLine(found)).toMatchInlineSnapshot(
      `"self-test: clock 31 ns a reading; a sleeper wakes 57 µs late (1235 µs at most); garbage collection: 2 pauses, 61 µs at most; at 1000 queries/s half are issued within 0.12 µs, 99 % within 9.8 µs, all within 250 µs of their due time"`,
    );
  });
});

const server = { scenario: 'Server', server_target_qps: 100, min_duration_ms: 100 } as const;
const keysOf = (detail: readonly { readonly key: string }[], start: string): readonly string[] =>
  detail.map(({ key }) => key).filter((key) => key.startsWith(start));

describe('a performance run', () => {
  it('logs its self-test before the first phase, and its driver’s lateness before its results', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock, latencyNs: () => MS });
    const { result, detail } = await runTest(sut, createTinyQsl(9, 9), server, { clock, selfTest: true });
    expect(keysOf(detail, 'self_test')).toHaveLength(9);
    expect(result.selfTest?.lateness.queries_per_s).toBe(200);
    const keys = detail.map(({ key }) => key);
    const inOrder = [
      'effective_scenario',
      'self_test_lateness_max_ns',
      'power_begin',
      'issue_delay_p50_ns',
      'issue_delay_p99_ns',
      'issue_delay_max_ns',
      'result_validity',
    ];
    const places = inOrder.map((key) => keys.indexOf(key));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  it('has none on a clock that is not the real one, unless it is asked for', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock, latencyNs: () => MS });
    const { result, detail } = await runTest(sut, createTinyQsl(9, 9), server, { clock });
    expect(result.selfTest).toBeUndefined();
    expect(keysOf(detail, 'self_test')).toEqual([]);
  });

  it('is the only one that has any: an accuracy run measures no time', async () => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock, latencyNs: () => MS });
    const settings = { ...server, mode: 'AccuracyOnly' } as const;
    const { result } = await runTest(sut, createTinyQsl(9, 9), settings, { clock, selfTest: true });
    expect(result.selfTest).toBeUndefined();
  });
});
