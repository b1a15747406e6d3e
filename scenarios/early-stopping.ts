// Early stopping: how many queries must pass so that, with 99 % confidence, the target percentile keeps its bound.
// Follows loadgen/early_stopping.cc and PerformanceSummary::EarlyStopping (loadgen.md 11).

/** LoadGen's constants for every scenario. */
const EARLY_STOPPING_TOLERANCE = 0;
const EARLY_STOPPING_CONFIDENCE = 0.99;

const SERIES_ENDS_BELOW = 2 ** -33;
const STIRLING_FROM = 16;
const HALF_LOG_2_PI = 0.9189385332046727;
/** B(2k) / (2k (2k - 1)): the coefficients of x^-1, x^-3, … in Stirling's series. */
const stirling = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156] as const;

/** Natural logarithm of the gamma function for x > 0, by Stirling's series; 0 exactly at 1 and 2. */
export function lgamma(x: number): number {
  if (x === 1 || x === 2) return 0;
  let product = 1;
  let shifted = x;
  for (; shifted < STIRLING_FROM; shifted++) product *= shifted;
  const square = shifted * shifted;
  let power = shifted;
  let correction = 0;
  for (const coefficient of stirling) {
    correction += coefficient / power;
    power *= square;
  }
  return (shifted - 0.5) * Math.log(shifted) - shifted + HALF_LOG_2_PI + correction - Math.log(product);
}

/** Gauss' hypergeometric series with first parameter 1, summed until a term no longer matters. */
function hypergeometric(b: number, c: number, z: number): number {
  let term = 1;
  let sum = 1;
  for (let i = 0; Math.abs(term) > SERIES_ENDS_BELOW; i++) {
    term *= ((b + i) * z) / (c + i);
    sum += term;
  }
  return sum;
}

/** Natural logarithm of the beta function. */
function lbeta(x: number, y: number): number {
  return lgamma(x) + lgamma(y) - lgamma(x + y);
}

/**
 * The chance of at most `t` failures among `h + t` queries that each pass with probability `percentile - tolerance`:
 * the regularised incomplete beta function I(h, t + 1). Falls as `h` grows.
 */
export function odds(h: number, t: number, percentile: number, tolerance: number): number {
  const x = percentile - tolerance;
  const b = 1 + t;
  const scale = Math.exp(h * Math.log(x) + (b - 1) * Math.log(1 - x) - lbeta(h, b)) / h;
  return scale * hypergeometric(1 - b, 1 + h, x / (x - 1));
}

/** The least number of passing queries that make up for `t` failed ones. */
export interface PassingQueriesFinder {
  /** h(t): LoadGen's constants apply unless given. */
  find(t: number, percentile: number, tolerance?: number, confidence?: number): number;
}

/**
 * A finder with LoadGen's memory: what was found for smaller `t` bounds the next search. Exact for a new finder and for
 * `t` rising by ones; visited in another order the result can come out too small, exactly as LoadGen's does.
 */
export function createPassingQueriesFinder(): PassingQueriesFinder {
  const memories = new Map<string, FoundQueries>();
  return {
    find(t, percentile, tolerance = EARLY_STOPPING_TOLERANCE, confidence = EARLY_STOPPING_CONFIDENCE) {
      const key = `${percentile} ${tolerance} ${confidence}`;
      let memory = memories.get(key);
      if (memory === undefined) memories.set(key, (memory = { t: [], h: [] }));
      const place = lowerBound(0, memory.t.length, (at) => memory.t[at]! >= t);
      if (memory.t[place] === t) return memory.h[place]!;
      const found = searchPassingQueries(t, percentile, tolerance, confidence, memory, place);
      memory.t.splice(place, 0, t);
      memory.h.splice(place, 0, found);
      return found;
    },
  };
}

/** Two columns, ascending in t. */
interface FoundQueries {
  readonly t: number[];
  readonly h: number[];
}

function searchPassingQueries(
  t: number,
  percentile: number,
  tolerance: number,
  confidence: number,
  memory: FoundQueries,
  place: number,
): number {
  const pass = percentile - tolerance;
  const x1 = memory.t[place - 1] ?? 0;
  const y1 = memory.h[place - 1] ?? Math.ceil(Math.log(1 - confidence) / Math.log(pass));
  const x0 = memory.t[place - 2] ?? -1;
  const y0 = memory.h[place - 2] ?? 0;
  const low = Math.trunc((t - x1) * (pass / (1 - percentile + tolerance)) + y1);
  // LoadGen multiplies the two differences where a slope would divide; the bound is only wider for it.
  const high = Math.trunc((t - x1) * ((y1 - y0) * (x1 - x0)) + y1 + 1);
  return lowerBound(low, high, (h) => odds(h, t, percentile, tolerance) < 1 - confidence);
}

/** First place in [low, high) where `reached` holds, `high` if nowhere; halves the range as std::lower_bound does. */
function lowerBound(low: number, high: number, reached: (at: number) => boolean): number {
  let first = low;
  for (let count = high - low; count > 0;) {
    const step = Math.floor(count / 2);
    const middle = first + step;
    if (reached(middle)) {
      count = step;
    } else {
      first = middle + 1;
      count -= step + 1;
    }
  }
  return first;
}

/**
 * The most over-latency queries that `queryCount` queries can hold at this percentile: the largest t >= 1 with
 * h(t) + t <= queryCount; undefined when even one is too many.
 *
 * Differs from LoadGen: it tries t = 2, 3, … one by one, which takes minutes for ten million queries. As h(t) is the
 * least h whose odds are low enough, h(t) <= n - t exactly when odds(n - t, t) are, so halving finds the same t.
 */
export function discardable(
  finder: PassingQueriesFinder,
  queryCount: number,
  percentile: number,
): number | undefined {
  if (queryCount < finder.find(1, percentile) + 1) return undefined;
  const tooMany = (t: number): boolean =>
    odds(queryCount - t, t, percentile, EARLY_STOPPING_TOLERANCE) >= 1 - EARLY_STOPPING_CONFIDENCE;
  // Past the share that the percentile itself allows the odds exceed one half.
  const limit = Math.ceil(queryCount * (1 - percentile));
  return lowerBound(2, limit + 1, tooMany) - 1;
}
