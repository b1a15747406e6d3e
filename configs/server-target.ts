// The Server rate a machine can promise: an open queue with as many servers as the engine has sessions (M/M/c, Erlang's
// waiting formula), with the latency bound kept by a margin.

/** Longest feature over the mean one (384 / 183 tokens in the default data): the service time the bound must leave. */
const LONGEST_OVER_MEAN = 2.1;
/** Share of the permitted late queries that the promise uses; the rest is for what a queue formula does not know. */
const USED_LATE_SHARE = 0.1;
/** Real service times vary less than exponential ones; the mean wait of M/G/c shrinks by (1 + cv²) / 2, about this. */
const WAIT_OVER_EXPONENTIAL = 0.6;
/** Where even an empty queue breaks the bound, ask for this share of the capacity and let the run say INVALID. */
const HOPELESS_FRACTION = 0.05;

export interface ServerCapacity {
  /** Measured with every session busy. */
  readonly samplesPerSecond: number;
  /** Sessions side by side. */
  readonly servers: number;
  /** server_target_latency_ns */
  readonly boundNs: number;
  /** server_target_latency_percentile */
  readonly percentile: number;
  /** server_capacity_fraction: never more than this share of the throughput. */
  readonly fraction: number;
}

/**
 * Queries per second that a healthy machine keeps within the bound: `fraction` of its throughput, or less where the
 * service time is a large part of the bound. Simulated with the lengths of the default data, less than one query in
 * 10,000 is then late for any service time up to 50 ms.
 */
export function serverTargetQps(capacity: ServerCapacity): number {
  const { samplesPerSecond, fraction } = capacity;
  const most = fraction * samplesPerSecond;
  if (lateShare(most, capacity) <= allowedLate(capacity)) return most;
  let low = Math.min(HOPELESS_FRACTION, fraction) * samplesPerSecond;
  let high = most;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (lateShare(middle, capacity) <= allowedLate(capacity)) low = middle;
    else high = middle;
  }
  return low;
}

const allowedLate = ({ percentile }: ServerCapacity) => USED_LATE_SHARE * (1 - percentile);

/** Share of queries that wait longer than the bound leaves, at this rate. */
function lateShare(qps: number, { samplesPerSecond, servers, boundNs }: ServerCapacity): number {
  const meanServiceNs = (servers / samplesPerSecond) * 1e9;
  const longestWaitNs = boundNs - LONGEST_OVER_MEAN * meanServiceNs;
  if (longestWaitNs <= 0) return 1;
  const drainPerNs = (samplesPerSecond - qps) / 1e9;
  return (
    erlangC(servers, (qps * meanServiceNs) / 1e9) *
    Math.exp((-drainPerNs * longestWaitNs) / WAIT_OVER_EXPONENTIAL)
  );
}

/** Probability that a query must wait, for an offered load in busy servers. */
function erlangC(servers: number, load: number): number {
  let blocked = 1;
  for (let k = 1; k <= servers; k++) blocked = (load * blocked) / (k + load * blocked);
  return blocked / (1 - (load / servers) * (1 - blocked));
}
