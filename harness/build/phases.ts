// Progress of a build by phase, with what each took and, where a build of that kind was seen before, what is left.

export interface Phases {
  /** A phase begins; the one before it is over. */
  readonly begin: (phase: string) => void;
  /** Seconds of each phase so far, the running one included. */
  readonly seconds: () => Readonly<Record<string, number>>;
}

export interface PhaseOptions {
  readonly say: (line: string) => void;
  readonly nowMs: () => number;
}

/** Shows a line as each phase begins. */
export function createPhases({ say, nowMs }: PhaseOptions): Phases {
  const seconds = new Map<string, number>();
  const startMs = nowMs();
  let current: string | undefined;
  let sinceMs = startMs;
  const close = (): void => {
    const atMs = nowMs();
    if (current !== undefined) seconds.set(current, (seconds.get(current) ?? 0) + (atMs - sinceMs) / 1000);
    sinceMs = atMs;
  };
  return {
    begin(phase) {
      close();
      current = phase;
      say(`${((sinceMs - startMs) / 1000).toFixed(1).padStart(6)} s  ${phase}`);
    },
    seconds() {
      close();
      return Object.fromEntries([...seconds].map(([phase, value]) => [phase, Number(value.toFixed(3))]));
    },
  };
}
