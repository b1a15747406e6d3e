// What a call knows of each configuration once it has run: the values behind the closing blocks and the exit code.

import type { Scenario } from '../configs/test-settings.js';
import { exitCodes } from '../configs/errors.js';

/** The result of one configuration (one scenario of one config_ver): its performance run, its accuracy run, or both. */
export interface RunOutcome {
  /** `<system>_<engine>-<config_ver>-<Scenario>`, as in NVIDIA's closing blocks. */
  readonly config_name: string;
  readonly benchmark_short: 'bert';
  readonly folder: string;
  readonly submittable: boolean;
  readonly notSubmittableBecause: readonly string[];
  readonly interrupted: boolean;
  readonly performance?: PerformanceOutcome;
  readonly accuracy?: AccuracyOutcome;
}

export interface PerformanceOutcome {
  /** The scenario's result key in the detail log. */
  readonly metric_key: string;
  readonly metric: number;
  /** FindPeakPerformance: the highest server_target_qps that kept the latency bound; absent where even the first broke it. */
  readonly peak_qps?: number;
  readonly result_validity: 'VALID' | 'INVALID';
  /** Why INVALID and what to do; empty when VALID. */
  readonly reasons: readonly string[];
  /** Why the numbers should be doubted although the verdict stands, e.g. a driver that could not keep up. */
  readonly doubtful: readonly string[];
}

export interface AccuracyOutcome {
  readonly exact_match: number;
  readonly f1: number;
  /** F1 that must be reached; undefined when the model has no reference figures for this data set. */
  readonly threshold?: number;
  readonly passed: boolean;
  /** Questions whose answer differs from the reference model's; they are listed in changed_answers.json. */
  readonly changed_count: number;
  /** Samples without a response; their questions score nothing. */
  readonly missing_sample_count: number;
}

/** The key of the scenario's metric, in the detail log and in the closing block. */
export function metricKey(scenario: Scenario): string {
  switch (scenario) {
    case 'SingleStream':
      return 'result_90.00_percentile_latency_ns';
    case 'MultiStream':
      return 'result_99.00_percentile_per_query_latency_ns';
    case 'Server':
      return 'result_completed_samples_per_sec';
    case 'Offline':
      return 'result_samples_per_second';
  }
}

/** The exit code of a call: interruption first, then a failed accuracy, then INVALID. */
export function exitCodeOf(outcomes: readonly RunOutcome[]): number {
  if (outcomes.some((run) => run.interrupted)) return exitCodes.interrupted.code;
  if (outcomes.some((run) => run.accuracy?.passed === false)) return exitCodes.accuracyFailed.code;
  if (outcomes.some((run) => run.performance?.result_validity === 'INVALID')) return exitCodes.invalid.code;
  return exitCodes.valid.code;
}
