// Progress of a build by phase, with what each took and, where a build of that kind was seen before, what may be left.

import type { Seconds } from './build-times.js';

export interface Phases {
  /** A phase begins; the one before it is over. */
  readonly begin: (phase: string) => void;
  /** From here on lines say what is left, by what each phase took in another build. */
  readonly expect: (seconds: Seconds) => void;
  /** Seconds of each phase so far, the running one included. */
  readonly seconds: () => Seconds;
}

export interface PhaseOptions {
  readonly say: (line: string) => void;
  readonly nowMs: () => number;
}

/** Less is not worth a word. */
const LEAST_SECONDS_LEFT = 2;

/** Shows a line as each phase begins. */
export function createPhases({ say, nowMs }: PhaseOptions): Phases {
  const seconds = new Map<string, number>();
  const startMs = nowMs();
  let expected: Seconds = {};
  let current: string | undefined;
  let sinceMs = startMs;
  const close = (): void => {
    const atMs = nowMs();
    if (current !== undefined) seconds.set(current, (seconds.get(current) ?? 0) + (atMs - sinceMs) / 1000);
    sinceMs = atMs;
  };
  /** Place among the expected phases of the next one; those before it are over, or were not needed. */
  let next = 0;
  const leftFrom = (phase: string): number => {
    const entries = Object.entries(expected);
    const place = entries.findIndex(([name]) => name === phase);
    const from = place < 0 ? next : place;
    next = place < 0 ? next : place + 1;
    return entries.slice(from).reduce((sum, [, each]) => sum + each, 0);
  };
  return {
    begin(phase) {
      close();
      current = phase;
      const secondsLeft = leftFrom(phase);
      const estimate =
        secondsLeft >= LEAST_SECONDS_LEFT
          ? ` (about ${spoken(secondsLeft)} left, estimated from an earlier build)`
          : '';
      say(`${((sinceMs - startMs) / 1000).toFixed(1).padStart(6)} s  ${phase}${estimate}`);
    },
    expect(earlier) {
      expected = earlier;
    },
    seconds() {
      close();
      return Object.fromEntries([...seconds].map(([phase, value]) => [phase, Number(value.toFixed(3))]));
    },
  };
}

/** 8 s, 3 min */
const spoken = (seconds: number): string =>
  seconds < 100 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
