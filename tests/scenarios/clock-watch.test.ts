import { describe, expect, it, vi } from 'vitest';
import { startClockWatch } from '../../scenarios/clock-watch.js';
import { createDetailLog } from '../../scenarios/logs/detail.js';
import { createFakeClock } from '../fakes/fake-clock.js';
import { createFakeSut, createTinyQsl } from '../fakes/fake-suts.js';
import { runTest } from '../fakes/run-test.js';
import { createCapturedFile } from './logs/captured-file.js';

const S = 1e9;

/** A phase of ten seconds during which the wall clock is set forward. */
function watched(setForwardMs: number) {
  let nowNs = S;
  let wallMs = 1_700_000_000_000;
  const detail = createDetailLog(createCapturedFile(), () => 0);
  const watch = startClockWatch({ now: () => nowNs, wallClockMs: () => wallMs }, detail, undefined);
  nowNs += 10 * S;
  wallMs += 10_000 + setForwardMs;
  watch.stop();
  return detail;
}

describe('a wall clock that disagrees with the monotonic one', () => {
  it.each([
    [0, [], []],
    [2, [], []],
    [15, [], ['PerfClock and system_clock differ by more than 0.1%!  pc_sc_ratio: 0.998502']],
    [-3600_000, ['PerfClock and system_clock differ by more than 1%!  pc_sc_ratio: -0.00278552'], []],
    [500, ['PerfClock and system_clock differ by more than 1%!  pc_sc_ratio: 0.952381'], []],
  ])('by %d ms in 10 s', (ms, errors, warnings) => {
    const detail = watched(ms);
    expect([detail.errors, detail.warnings]).toEqual([errors, warnings]);
  });
});

describe('print_timestamps', () => {
  it('prints the five lines of the official LoadGen, and only in performance mode', async () => {
    const printed: string[] = [];
    const write = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => printed.push(String(text)) > 0);
    try {
      const clock = createFakeClock();
      const sut = createFakeSut({ clock, latencyNs: () => 1_000_000 });
      const settings = { mode: 'SubmissionRun', print_timestamps: true, min_duration_ms: 2000 } as const;
      await runTest(sut, createTinyQsl(100, 64), settings, { clock });
    } finally {
      write.mockRestore();
    }
    expect(printed).toEqual([
      'Loadgen :: Perf mode start. system_clock Timestamp = 1700000001\n',
      'Loadgen :: Perf mode stop. systme_clock Timestamp = 1700000003\n',
      'Loadgen :: PerfClock Perf duration = 2001ms\n',
      'Loadgen :: system_clock Perf duration = 2001ms\n',
      'Loadgen :: PerfClock/system_clock ratio = 1.0000\n',
    ]);
  });
});
