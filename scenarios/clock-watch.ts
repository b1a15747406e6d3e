// The run's monotonic clock beside the wall clock over a performance phase: what print_timestamps prints, and whether the two
// agree. Follows loadgen/loadgen.cc RunPerformanceMode (loadgen.md 13.5, 16).

import { formatFixed, formatG6 } from './c-format.js';
import type { Clock } from './contract.js';
import type { DetailLog } from './logs/detail.js';

const NS_PER_MS = 1e6;
/** The wall clock ticks in ms: over a short phase, two ticks are no difference. */
const TICKS_MS = 2;

export interface ClockWatch {
  /** The phase is over: prints and judges. */
  stop(): void;
}

/** Starts at the phase's beginning; `print` gets the lines of print_timestamps, undefined without it. */
export function startClockWatch(
  clock: Pick<Clock, 'now' | 'wallClockMs'>,
  detail: DetailLog,
  print: ((line: string) => void) | undefined,
): ClockWatch {
  const startNs = clock.now();
  const startWallMs = clock.wallClockMs();
  print?.(`Loadgen :: Perf mode start. system_clock Timestamp = ${seconds(startWallMs)}\n`);
  return {
    stop() {
      const perfMs = (clock.now() - startNs) / NS_PER_MS;
      const stopWallMs = clock.wallClockMs();
      const wallMs = stopWallMs - startWallMs;
      const ratio = perfMs / wallMs;
      print?.(`Loadgen :: Perf mode stop. systme_clock Timestamp = ${seconds(stopWallMs)}\n`); // sic
      print?.(`Loadgen :: PerfClock Perf duration = ${Math.trunc(perfMs)}ms\n`);
      print?.(`Loadgen :: system_clock Perf duration = ${Math.trunc(wallMs)}ms\n`);
      print?.(`Loadgen :: PerfClock/system_clock ratio = ${formatFixed(ratio, 4)}\n`);
      judge(ratio, Math.abs(perfMs - wallMs), detail);
    },
  };
}

/** A wall clock that was set meanwhile makes no latency wrong here, but it misleads whoever measures power beside the run. */
function judge(ratio: number, differenceMs: number, detail: DetailLog): void {
  if (differenceMs <= TICKS_MS) return;
  const text = (share: string): string =>
    `PerfClock and system_clock differ by more than ${share}!  pc_sc_ratio: ${formatG6(ratio)}`;
  if (ratio > 1.01 || ratio < 0.99) detail.error('error_runtime', text('1%'));
  else if (ratio > 1.001 || ratio < 0.999) detail.warning('warning_generic_message', text('0.1%'));
}

const seconds = (ms: number): number => Math.trunc(ms / 1000);
