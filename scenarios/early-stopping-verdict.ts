// What early stopping says of a run, in each scenario's words. Follows PerformanceSummary::EarlyStopping (loadgen.md 11.2).

import type { Scenario } from '../configs/test-settings.js';
import { formatFixed } from './c-format.js';
import { createPassingQueriesFinder, discardable, type PassingQueriesFinder } from './early-stopping.js';

/** SingleStream also estimates this percentile, from which MultiStream results may be inferred. */
const MULTI_STREAM_PERCENTILE = 0.99;

/** What early stopping says of a run. */
export interface EarlyStoppingVerdict {
  readonly met: boolean;
  /** Lines of the summary, joined by newlines; empty for Offline. */
  readonly text: string;
  /** Estimate at the target percentile in ns; 0 = not reached, or not made in this scenario. */
  readonly estimateNs: number;
  /** SingleStream's second estimate, at MULTI_STREAM_PERCENTILE, in ns; 0 likewise. */
  readonly multiStreamEstimateNs: number;
}

/** What early stopping looks at. */
export interface EarlyStoppingInput {
  readonly scenario: Scenario;
  /** Target percentile as a fraction. */
  readonly percentile: number;
  readonly queriesIssued: number;
  /** Server: latencies above the bound. */
  readonly overLatencyCount: number;
  /** Ascending, in ns: of samples, in MultiStream of queries. */
  readonly sortedLatenciesNs: Float64Array;
}

/** Early stopping as each scenario uses it. */
export function earlyStoppingVerdict(input: EarlyStoppingInput): EarlyStoppingVerdict {
  switch (input.scenario) {
    case 'Offline':
      return { met: true, text: '', estimateNs: 0, multiStreamEstimateNs: 0 };
    case 'Server':
      return serverEarlyStopping(input);
    case 'SingleStream':
    case 'MultiStream':
      return streamEarlyStopping(input);
  }
}

function serverEarlyStopping({
  queriesIssued,
  overLatencyCount,
  percentile,
}: EarlyStoppingInput): EarlyStoppingVerdict {
  const needed = createPassingQueriesFinder().find(overLatencyCount, percentile) + overLatencyCount;
  const met = queriesIssued >= needed;
  const text = met
    ? ' * Run successful.'
    : ` * Run unsuccessful.\n * Processed ${queriesIssued} queries.\n` +
      ` * Would need to run at least ${needed - queriesIssued} more queries,\n` +
      ' with the run being successful if every additional\n query were under latency.';
  return { met, text, estimateNs: 0, multiStreamEstimateNs: 0 };
}

function streamEarlyStopping(input: EarlyStoppingInput): EarlyStoppingVerdict {
  const { scenario, percentile, queriesIssued, sortedLatenciesNs } = input;
  const finder = createPassingQueriesFinder();
  const needed = finder.find(1, percentile) + 1;
  const t = discardable(finder, queriesIssued, percentile);
  if (t === undefined) {
    const text =
      ` * Only processed ${queriesIssued} queries.\n` +
      ` * Need to process at least ${needed} queries for early stopping.`;
    return { met: false, text, estimateNs: 0, multiStreamEstimateNs: 0 };
  }
  const estimateNs = sortedLatenciesNs[queriesIssued - t] ?? 0;
  const text =
    ` * Processed at least ${needed} queries (${queriesIssued}).\n` +
    ` * Would discard ${t - 1} highest latency queries.\n` +
    estimateLine(percentile, estimateNs);
  if (scenario === 'MultiStream') return { met: true, text, estimateNs, multiStreamEstimateNs: 0 };
  const second = multiStreamEstimate(finder, input);
  return { met: true, text: `${text}\n${second.text}`, estimateNs, multiStreamEstimateNs: second.estimateNs };
}

function multiStreamEstimate(
  finder: PassingQueriesFinder,
  { queriesIssued, sortedLatenciesNs }: EarlyStoppingInput,
): { readonly text: string; readonly estimateNs: number } {
  const t = discardable(finder, queriesIssued, MULTI_STREAM_PERCENTILE);
  if (t === undefined) {
    const needed = finder.find(1, MULTI_STREAM_PERCENTILE) + 1;
    const text =
      ` * Not enough queries processed for ${percent(MULTI_STREAM_PERCENTILE)}th percentile\n` +
      ` early stopping estimate (would need to process at\n least ${needed} total queries).`;
    return { text, estimateNs: 0 };
  }
  const estimateNs = sortedLatenciesNs[queriesIssued - t] ?? 0;
  return { text: estimateLine(MULTI_STREAM_PERCENTILE, estimateNs), estimateNs };
}

const percent = (percentile: number): string => formatFixed(percentile * 100, 1);

const estimateLine = (percentile: number, estimateNs: number): string =>
  ` * Early stopping ${percent(percentile)}th percentile estimate: ${estimateNs}`;
