// Which queries of a schedule a thread issues: all of them, or its turn among several threads (loadgen.md 8).

/** The queries `thread`, `thread + of`, `thread + 2 * of`, … */
export interface Turn {
  readonly thread: number;
  readonly of: number;
}

export const EVERY_QUERY: Turn = { thread: 0, of: 1 };

/** A turn's share of a count that all turns have together. */
export const shareOf = (count: number, { thread, of }: Turn): number =>
  Math.floor(count / of) + (thread < count % of ? 1 : 0);
