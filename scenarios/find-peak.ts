// FindPeakPerformance: the highest Server rate whose latencies keep their bound. Follows loadgen.cc FindPeakPerformanceMode,
// FindBoundaries and FindPeakPerformanceBinarySearch (loadgen.md 18).

import { formatFixed } from './c-format.js';
import type { EffectiveSettings } from './effective-settings.js';
import type { IssuedPhase } from './issue-phase.js';
import type { DetailLog } from './logs/detail.js';
import { performanceRecords } from './phase-outcome.js';
import { performanceResults, type PerformanceResults } from './results.js';
import type { SampleSet } from './sample-sets.js';
import { mustEnd, type SetRunner } from './set-runner.js';

export interface PeakSearch {
  readonly runner: SetRunner;
  readonly detail: DetailLog;
  /** The base: its target_qps is the rate to start from. */
  readonly effective: EffectiveSettings;
  readonly set: SampleSet;
  /** server_find_peak_qps_boundary_step_size: the upper bound is this share above the lower. */
  readonly boundaryStepSize: number;
  /** server_find_peak_qps_decimals_of_precision. */
  readonly decimals: number;
}

/** A run at one rate; of a search, the run at the rate that was found. */
export interface RateRun {
  readonly effective: EffectiveSettings;
  readonly issued: IssuedPhase;
  readonly results: PerformanceResults;
}

/**
 * Searches, and gives the run at the highest rate that passed; the base run where even that failed; the run that broke or was
 * interrupted where one did. A rate passes when the target percentile keeps its bound: durations, counts and early stopping
 * are not asked.
 */
export async function findPeakPerformance(search: PeakSearch): Promise<RateRun> {
  const { runner, detail, set, boundaryStepSize, decimals } = search;
  const say = (text: string): void => detail.log([['generic_message', text]]);
  const atRate = (target_qps: number): EffectiveSettings => ({ ...search.effective, target_qps });
  const rateOf = (run: RateRun): number => run.effective.target_qps;
  const runAt = async (target_qps: number): Promise<RateRun> => {
    const effective = atRate(target_qps);
    return judge(effective, await runner.run(effective, 'performance', set));
  };

  say(`FindPeakPerformance: Check validity of the base settings field: ${rate(search.effective.target_qps)}`);
  let lower = await runAt(search.effective.target_qps);
  if (mustEnd(lower.issued)) return lower;
  if (!lower.results.constraintsMet) {
    detail.error(
      'error_runtime',
      'FindPeakPerformance: Initial lower bound does not satisfy performance constraints, msg: ' +
        (lower.results.constraintAdvice ?? ''),
    );
    return lower;
  }

  let upper: RateRun;
  for (;;) {
    const above = rateOf(lower) * (1 + boundaryStepSize);
    say(`FindBoundaries: Checking fields ${bounds(rateOf(lower), above)}`);
    upper = await runAt(above);
    if (mustEnd(upper.issued)) return upper;
    if (!upper.results.constraintsMet) break;
    lower = upper;
  }
  say(`FindPeakPerformance: Found boundaries: ${bounds(rateOf(lower), rateOf(upper))}`);

  await runner.load(set);
  let failing = rateOf(upper);
  while (!areNeighbours(rateOf(lower), failing, decimals)) {
    const middle = rateOf(lower) + (failing - rateOf(lower)) / 2;
    say(
      `FindPeakPerformanceBinarySearch: Testing the mid value of bounds ${bounds(rateOf(lower), failing)}: ${rate(middle)}`,
    );
    const effective = atRate(middle);
    const tested = judge(effective, await runner.issue(effective, 'performance', set));
    if (mustEnd(tested.issued)) {
      await runner.unload(set);
      return tested;
    }
    if (tested.results.constraintsMet) lower = tested;
    else failing = middle;
  }
  await runner.unload(set);
  say(`FindPeakPerformance: Found peak performance field: ${rate(rateOf(lower))}`);
  return lower;
}

function judge(effective: EffectiveSettings, issued: IssuedPhase): RateRun {
  return { effective, issued, results: performanceResults(effective, performanceRecords(effective, issued)) };
}

/** True when no rate of `decimals` digits lies between the two. */
function areNeighbours(lower: number, upper: number, decimals: number): boolean {
  const unit = 10 ** decimals;
  return Math.floor(lower * unit) + 1 >= Math.floor(upper * unit);
}

const rate = (qps: number): string => formatFixed(qps, 6);
const bounds = (lower: number, upper: number): string => `[${rate(lower)}, ${rate(upper)})`;
