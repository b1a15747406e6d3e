// Which key of a conf file sets which setting, in which unit, and from which kind of file. Follows LoadGen's
// TestSettings::FromConfig.

import type { Scenario, TestSettings } from '../test-settings.js';

/**
 * How LoadGen reads a value:
 * - `count`, `seed`: a whole number; `int32`: one that C++ cuts to 32 bits.
 * - `whole_ms`: whole milliseconds, kept in ns.
 * - `double_ms`: milliseconds, kept in ns; `percent`: kept as a fraction; `rate`: as it is.
 * - `flag`: 0 is false, all else true; `one`: 1 is true, all else false.
 * - `mode`: 0 SubmissionRun, 1 AccuracyOnly, 2 PerformanceOnly, 3 FindPeakPerformance.
 */
export type ConfReading =
  | 'count'
  | 'seed'
  | 'int32'
  | 'whole_ms'
  | 'double_ms'
  | 'percent'
  | 'share'
  | 'rate'
  | 'flag'
  | 'one'
  | 'mode';

export interface ConfKey {
  /** Last part of `model.Scenario.key`. */
  readonly key: string;
  readonly setting: keyof TestSettings;
  readonly reading: ConfReading;
  /** The scenario it is looked up with, whichever one runs; that of the run where absent. */
  readonly scenario?: Scenario;
  /** Only the rules of a round may set it: built in, or an mlperf.conf. */
  readonly rulesOnly?: true;
  /** Read only while this setting is true. */
  readonly onlyWith?: 'use_token_latencies' | 'infer_token_latencies';
}

/** Every key LoadGen reads, in the order in which it reads them. */
export const confKeys: readonly ConfKey[] = [
  { key: 'mode', setting: 'mode', reading: 'mode' },

  ofScenario('SingleStream', 'target_latency', 'single_stream_expected_latency_ns', 'double_ms'),
  ofScenario(
    'SingleStream',
    'target_latency_percentile',
    'single_stream_target_latency_percentile',
    'percent',
  ),
  ofScenario('MultiStream', 'target_latency', 'multi_stream_expected_latency_ns', 'double_ms'),
  ofScenario('MultiStream', 'target_latency_percentile', 'multi_stream_target_latency_percentile', 'percent'),
  ofScenario('MultiStream', 'samples_per_query', 'multi_stream_samples_per_query', 'count'),
  ofScenario('Server', 'target_qps', 'server_target_qps', 'rate'),
  ofScenario('Server', 'target_latency', 'server_target_latency_ns', 'whole_ms'),
  ofScenario('Server', 'target_latency_percentile', 'server_target_latency_percentile', 'percent'),
  ofScenario('Server', 'coalesce_queries', 'server_coalesce_queries', 'flag'),
  ofScenario('Server', 'max_async_queries', 'server_max_async_queries', 'int32'),
  ofScenario('Offline', 'target_qps', 'offline_expected_qps', 'rate'),

  { key: 'min_duration', setting: 'min_duration_ms', reading: 'count' },
  { key: 'max_duration', setting: 'max_duration_ms', reading: 'count' },
  same('min_query_count', 'count'),
  same('max_query_count', 'count'),
  same('performance_sample_count_override', 'count'),
  same('accuracy_sample_count_override', 'count'),
  same('sample_concatenate_permutation', 'one'),

  rules('qsl_rng_seed', 'seed'),
  rules('sample_index_rng_seed', 'seed'),
  rules('schedule_rng_seed', 'seed'),
  same('accuracy_log_rng_seed', 'seed'),
  rules('accuracy_log_probability', 'share'),
  same('accuracy_log_sampling_target', 'count'),
  rules('test05', 'one'),
  rules('test05_qsl_rng_seed', 'seed'),
  rules('test05_sample_index_rng_seed', 'seed'),
  rules('test05_schedule_rng_seed', 'seed'),

  same('print_timestamps', 'flag'),
  same('performance_issue_unique', 'flag'),
  same('performance_issue_same', 'flag'),
  same('performance_issue_same_index', 'count'),

  same('use_token_latencies', 'one'),
  {
    ...ofScenario('Server', 'ttft_latency', 'server_ttft_latency', 'whole_ms'),
    onlyWith: 'use_token_latencies',
  },
  {
    ...ofScenario('Server', 'tpot_latency', 'server_tpot_latency', 'whole_ms'),
    onlyWith: 'use_token_latencies',
  },
  same('infer_token_latencies', 'one'),
  { ...same('token_latency_scaling_factor', 'count'), onlyWith: 'infer_token_latencies' },
];

/** In the files, but read by no LoadGen. */
const unreadKeys = ['target_duration'];

/** Every last part that a line of a conf file may have. */
export const knownConfKeys: readonly string[] = [
  ...new Set([...confKeys.map(({ key }) => key), ...unreadKeys]),
];

function ofScenario(
  scenario: Scenario,
  key: string,
  setting: keyof TestSettings,
  reading: ConfReading,
): ConfKey {
  return { key, setting, reading, scenario };
}

function same(key: keyof TestSettings, reading: ConfReading): ConfKey {
  return { key, setting: key, reading };
}

function rules(key: keyof TestSettings, reading: ConfReading): ConfKey {
  return { ...same(key, reading), rulesOnly: true };
}
