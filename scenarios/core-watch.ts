// How much of a wait the driver spins: all of it on a core of its own, the end of it on a core that it shares.

/** A sleeping thread wakes up to this late; the rest of its wait is spun. */
export const WAKE_UP_NS = 300_000;
/**
 * Waits up to this are spun whole: a core that has slept issues its next query late however early it wakes (cold caches, a clock
 * that has to speed up). So long, because then less than 1 % of the queries at 1,000/s follow a sleep, and fewer above that.
 * Of a core it takes 1 − (1 + λT)·e^−λT at λ queries/s, and the wake-ups λW·e^−λT (T this, W the time above): 0.1 % at 4
 * queries/s, 3 % at 46, 11 % at 100, 29 % at 200, 96 % at 1,000. An engine on the CPU, with its few queries, hardly pays.
 */
const SPIN_NS = 5_000_000;
/** A spinning thread that finds so much time gone between two readings has lost its core to another thread. */
const LOST_NS = 500_000;
/** So long only wake-ups are spun then: a scheduler prefers a thread that has slept, and holds one up that spins. */
const LEAST_SHARED_NS = 10_000_000;
/** Twice as long each time the core is lost again within this time of spinning; */
const AGAIN_NS = 200_000_000;
/** at most so long. */
const MOST_SHARED_NS = 2_000_000_000;

export interface CoreWatch {
  /** Longest wait that is spun whole at a moment. */
  spinNs(at_ns: number): number;
  /** Two readings of the clock, one after the other while spinning. */
  spun(before_ns: number, at_ns: number): void;
}

/** Begins with a core of its own. */
export function createCoreWatch(): CoreWatch {
  let sharedUntilNs = -Infinity;
  let sharedNs = LEAST_SHARED_NS;
  return {
    spinNs: (at_ns) => (at_ns < sharedUntilNs ? WAKE_UP_NS : SPIN_NS),
    spun(before_ns, at_ns) {
      if (at_ns - before_ns < LOST_NS) return;
      const isAgain = at_ns - sharedUntilNs < AGAIN_NS;
      sharedNs = isAgain ? Math.min(MOST_SHARED_NS, sharedNs * 2) : LEAST_SHARED_NS;
      sharedUntilNs = at_ns + sharedNs;
    },
  };
}
