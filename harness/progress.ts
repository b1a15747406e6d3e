// What a person sees while a run is on: a bar on a terminal, a plain line every ten seconds otherwise, nothing with --quiet.
// It only reads the shared counters; the driver knows nothing of it.

import { SingleBar } from 'cli-progress';
import { build as buildHistogram } from 'hdr-histogram-js';
import { cell } from '../scenarios/phase-cells.js';
import type { SharedPhase } from '../scenarios/phase-records.js';
import type { TestSettings } from '../configs/test-settings.js';

const TICK_MS = 250;
const LINE_EVERY_MS = 10_000;
/** Latencies looked at per tick: enough for a live p99, too few to disturb the run. */
const LATENCIES_PER_TICK = 5_000;

export interface Progress {
  /** A phase begins; the one before it is over. */
  readonly phase: (shared: SharedPhase) => void;
  /** The run is over; the terminal is clean again. */
  readonly stop: () => void;
}

export interface ProgressOptions {
  readonly title: string;
  readonly settings: TestSettings;
  readonly output: NodeJS.WriteStream;
  readonly quiet: boolean;
}

/** Starts to show progress; call `phase` for each phase and `stop` at the end, whatever happened. */
export function createProgress({ title, settings, output, quiet }: ProgressOptions): Progress {
  if (quiet) return { phase: () => undefined, stop: () => undefined };
  const bar = output.isTTY
    ? new SingleBar({
        format: `${title} [{bar}] {percentage}% {detail}`,
        stream: output,
        clearOnComplete: true,
        hideCursor: true,
      })
    : undefined;
  let watched: Watched | undefined;
  let lastLineMs = performance.now();

  const tick = (): void => {
    if (watched === undefined) return;
    const { share, detail } = watched.look();
    if (bar !== undefined) bar.update(Math.floor(share * 1000), { detail });
    else if (performance.now() - lastLineMs >= LINE_EVERY_MS) {
      lastLineMs = performance.now();
      output.write(`${title}: ${(share * 100).toFixed(0)} %, ${detail}\n`);
    }
  };
  const timer = setInterval(tick, TICK_MS);
  timer.unref();

  return {
    phase(shared) {
      watched = watch(shared, settings);
      bar?.start(1000, 0, { detail: 'starting' });
    },
    stop() {
      clearInterval(timer);
      bar?.stop();
    },
  };
}

interface Watched {
  look(): { readonly share: number; readonly detail: string };
}

function watch(shared: SharedPhase, settings: TestSettings): Watched {
  const startMs = performance.now();
  const histogram = buildHistogram({
    bitBucketSize: 32,
    autoResize: true,
    numberOfSignificantValueDigits: 2,
  });
  const isTimed = shared.phase === 'performance' && settings.scenario !== 'Offline';
  let seen = 0;
  let lastCompleted = 0;
  let lastMs = startMs;
  let rate = 0;

  const recordNewLatencies = (): void => {
    const issued = Atomics.load(shared.counters, cell.issued);
    const end = Math.min(issued, seen + LATENCIES_PER_TICK);
    for (; seen < end; seen++) {
      const completed = shared.completedNs[seen]!;
      if (completed === 0) return;
      const query = Math.floor(seen / shared.samplesPerQuery);
      histogram.recordValue(Math.max(0, Math.round((completed - shared.issuedNs[query]!) / 1000)));
    }
    // Faster than we may look: skip ahead, so that the live figures stay live.
    if (issued - seen > LATENCIES_PER_TICK * 4) seen = issued - LATENCIES_PER_TICK;
  };

  return {
    look() {
      const nowMs = performance.now();
      const completed = Atomics.load(shared.counters, cell.completed);
      if (nowMs - lastMs >= 1000 || lastCompleted === 0) {
        rate = ((completed - lastCompleted) * 1000) / Math.max(1, nowMs - lastMs);
        lastCompleted = completed;
        lastMs = nowMs;
      }
      const elapsedS = (nowMs - startMs) / 1000;
      const share = Math.min(
        1,
        isTimed ? (elapsedS * 1000) / Math.max(1, settings.min_duration_ms) : completed / shared.sampleCount,
      );
      const leftS = share > 0.01 ? (elapsedS / share) * (1 - share) : undefined;
      const parts = [`${completed} samples`, `${rate.toFixed(1)}/s${target(settings)}`];
      if (settings.scenario !== 'Offline') {
        recordNewLatencies();
        parts.push(
          `p50 ${ms(histogram.getValueAtPercentile(50))} p99 ${ms(histogram.getValueAtPercentile(99))}`,
        );
      }
      if (leftS !== undefined) parts.push(`${Math.ceil(leftS)} s left`);
      return { share, detail: parts.join(', ') };
    },
  };
}

function target(settings: TestSettings): string {
  if (settings.mode === 'AccuracyOnly') return '';
  if (settings.scenario === 'Server') return ` of ${settings.server_target_qps.toFixed(1)}/s`;
  if (settings.scenario === 'Offline') return ` of ${settings.offline_expected_qps.toFixed(1)}/s expected`;
  return '';
}

function ms(microseconds: number): string {
  return `${(microseconds / 1000).toFixed(2)} ms`;
}
