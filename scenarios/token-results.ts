// Time to first token and time per output token of a run of a generating model. Follows
// PerformanceSummary::ProcessTokenLatencies (loadgen.md 20).

import { earlyStoppingVerdict, type EarlyStoppingVerdict } from './early-stopping-verdict.js';
import type { EffectiveSettings } from './effective-settings.js';
import {
  countAbove,
  latencyStatistics,
  percentileNs,
  sortedCopy,
  type LatencyStatistics,
} from './latency-statistics.js';
import { tokenConstraintAdvice } from './recommendations.js';

/** What a performance phase recorded of its tokens. */
export interface TokenRecords {
  /** Tokens of all responses together. */
  readonly tokenCount: number;
  /** float64[samples], any order; empty in Offline, where LoadGen does not take it. */
  readonly firstTokenLatenciesNs: Float64Array;
  /** float64[samples], any order: `trunc((latency - time to first token) / (tokens - 1))`; empty in Offline. */
  readonly timePerOutputTokenNs: Float64Array;
}

/** The times a token result needs of its run, in s since the start. */
interface RunTimes {
  readonly maxLatencyS: number;
  readonly finalQueryIssuedTimeS: number;
  readonly finalQueryAllSamplesDoneTimeS: number;
}

/** Figures and verdict of a generating model, with use_token_latencies. */
export interface TokenResults {
  /** Tokens of all responses together. */
  readonly tokenCount: number;
  /** Times to the first token. */
  readonly firstToken: LatencyStatistics;
  /** Time to first token at the target percentile. */
  readonly targetPercentileFirstTokenNs: number;
  /** Times per output token after the first. */
  readonly timePerOutputToken: LatencyStatistics;
  /** What to do about a broken bound; undefined where both are kept. */
  readonly constraintAdvice: string | undefined;
  /** Of the first tokens; of the output tokens where those were not met. */
  readonly earlyStopping: EarlyStoppingVerdict;
  /** Texts of early stopping; the one of the first token is empty where the other was not met. */
  readonly earlyStoppingTtftText: string;
  /** See earlyStoppingTtftText. */
  readonly earlyStoppingTpotText: string;
  /** Tokens by the issue of the last query, and by its completion. */
  readonly tokensPerSecondIssued: number;
  /** See tokensPerSecondIssued. */
  readonly tokensPerSecondCompleted: number;
  /** Offline. */
  readonly tokensPerSecond: number;
}

/** Computes the token results; `sortedQueryLatenciesNs` is what MultiStream's early stopping looks at, here too. */
export function tokenResults(
  effective: EffectiveSettings,
  tokens: TokenRecords,
  run: RunTimes,
  queriesIssued: number,
  sortedQueryLatenciesNs: Float64Array | undefined,
): TokenResults {
  const { scenario, target_latency_percentile, server_ttft_latency, server_tpot_latency } = effective;
  const ttft = sortedCopy(tokens.firstTokenLatenciesNs);
  const tpot = sortedCopy(tokens.timePerOutputTokenNs);
  const verdictOf = (sorted: Float64Array, boundNs: number): EarlyStoppingVerdict =>
    earlyStoppingVerdict({
      scenario,
      percentile: target_latency_percentile,
      queriesIssued,
      overLatencyCount: countAbove(sorted, boundNs),
      sortedLatenciesNs: sortedQueryLatenciesNs ?? sorted,
    });
  // As in LoadGen, the first token is only asked about once the output tokens have passed.
  const tpotVerdict = verdictOf(tpot, server_tpot_latency);
  const ttftVerdict = tpotVerdict.met ? verdictOf(ttft, server_ttft_latency) : undefined;
  const isWithin = (sorted: Float64Array, boundNs: number): boolean =>
    scenario !== 'Server' || percentileNs(sorted, target_latency_percentile) <= boundNs;

  return {
    tokenCount: tokens.tokenCount,
    firstToken: latencyStatistics(ttft),
    targetPercentileFirstTokenNs: percentileNs(ttft, target_latency_percentile),
    timePerOutputToken: latencyStatistics(tpot),
    constraintAdvice: tokenConstraintAdvice(
      isWithin(ttft, server_ttft_latency),
      isWithin(tpot, server_tpot_latency),
    ),
    earlyStopping: ttftVerdict ?? tpotVerdict,
    earlyStoppingTtftText: ttftVerdict?.text ?? '',
    earlyStoppingTpotText: tpotVerdict.text,
    tokensPerSecondIssued: tokens.tokenCount / run.finalQueryIssuedTimeS,
    tokensPerSecondCompleted: tokens.tokenCount / run.finalQueryAllSamplesDoneTimeS,
    tokensPerSecond: tokens.tokenCount / run.maxLatencyS,
  };
}
