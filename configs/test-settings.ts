// LoadGen's TestSettings: every setting, its unit, default and sentence. Follows loadgen/test_settings.h (6.0.17).
// The sentence in `description` is the only one there is: --help and the JSON Schema are made from it.

import { z } from 'zod';

/** The four traffic patterns. */
export const scenarios = ['SingleStream', 'MultiStream', 'Server', 'Offline'] as const;
/** A traffic pattern: one query after the other (of 1 or N samples), Poisson arrivals, or everything at once. */
export type Scenario = (typeof scenarios)[number];

/** The four purposes of a test, in LoadGen's order (`mode = 0 … 3` of a conf file). */
export const testModes = ['SubmissionRun', 'AccuracyOnly', 'PerformanceOnly', 'FindPeakPerformance'] as const;
/** The purpose of a test: both phases in one log, accuracy, speed, or the highest Server rate that keeps its bound. */
export type TestMode = (typeof testModes)[number];

const MAX_UINT64 = 2n ** 64n - 1n;

/** A uint64 as a bigint in code and a decimal string in our JSON (a JSON number would lose digits beyond 2^53). */
export const uint64 = z.codec(
  z.string().regex(/^\d+$/, 'must be a decimal integer of 0 or more'),
  z.bigint(),
  {
    decode: (text) => BigInt(text),
    encode: (value) => value.toString(),
  },
);

const seed = (description: string) =>
  z
    .union([
      z.bigint(),
      uint64,
      z
        .int()
        .nonnegative()
        .transform((value) => BigInt(value)),
    ])
    .refine((value) => value >= 0n && value <= MAX_UINT64, 'must be a uint64 (0 to 2^64 - 1)')
    .default(0n)
    .meta({ description });

const count = (fallback: number, description: string) =>
  z.int().nonnegative().default(fallback).meta({ description });

const positive = (fallback: number, description: string) =>
  z.number().positive().default(fallback).meta({ description });

const fraction = (fallback: number, description: string) =>
  z.number().gt(0).lt(1).default(fallback).meta({ description });

const flag = (description: string) => z.boolean().default(false).meta({ description });

/** Requested settings, as LoadGen names them. Unknown keys are errors. */
export const testSettingsSchema = z.strictObject({
  scenario: z.enum(scenarios).default('SingleStream').meta({ description: 'Traffic pattern of the run.' }),
  mode: z
    .enum(testModes)
    .default('PerformanceOnly')
    .meta({ description: 'What the run is for: speed, accuracy, or both in one log.' }),

  single_stream_expected_latency_ns: positive(
    1_000_000,
    'SingleStream: expected latency of one query in ns; sizes the pre-generated query list.',
  ),
  single_stream_target_latency_percentile: fraction(
    0.9,
    'SingleStream: latency percentile that is reported, as a fraction.',
  ),
  multi_stream_expected_latency_ns: positive(
    8_000_000,
    'MultiStream: expected latency of one query in ns; sizes the pre-generated query list.',
  ),
  multi_stream_target_latency_percentile: fraction(
    0.99,
    'MultiStream: latency percentile that is reported, as a fraction.',
  ),
  multi_stream_samples_per_query: z
    .int()
    .positive()
    .default(8)
    .meta({ description: 'MultiStream: samples in each query.' }),
  server_target_qps: positive(
    1,
    'Server: mean rate of the Poisson arrivals, queries (= samples) per second.',
  ),
  server_target_latency_ns: z
    .int()
    .positive()
    .default(100_000_000)
    .meta({ description: 'Server: latency bound in ns that the target percentile must keep.' }),
  server_target_latency_percentile: fraction(
    0.99,
    'Server: share of queries that must keep the latency bound, as a fraction.',
  ),
  server_coalesce_queries: flag('Server: hand over all queries that are due in one call.'),
  server_find_peak_qps_decimals_of_precision: count(
    1,
    'FindPeakPerformance: decimal digits of the rate to search.',
  ),
  server_find_peak_qps_boundary_step_size: positive(
    1,
    'FindPeakPerformance: step of the upper bound, as a fraction of the rate.',
  ),
  server_max_async_queries: count(
    0,
    'Server: stop when more queries than this are outstanding; 0 = no limit.',
  ),
  server_num_issue_query_threads: count(
    0,
    'Server: threads that issue the queries in turns; 0 = the driver thread, which keeps up alone.',
  ),
  offline_expected_qps: positive(
    1,
    'Offline: expected samples (not queries) per second; sizes the one query.',
  ),
  sample_concatenate_permutation: flag('Issue whole permutations of the loaded set one after another.'),

  min_duration_ms: count(10_000, 'Least duration of the run in ms.'),
  max_duration_ms: count(0, 'Stop after this many ms; 0 = no limit.'),
  min_query_count: count(100, 'Least number of queries (Offline: samples).'),
  max_query_count: count(0, 'Stop after this many queries; 0 = no limit.'),

  qsl_rng_seed: seed('Seed of the choice and order of the loaded samples.'),
  sample_index_rng_seed: seed('Seed of the order in which samples are issued.'),
  schedule_rng_seed: seed('Seed of the Poisson arrival times (Server).'),
  accuracy_log_rng_seed: seed('Seed of the choice of responses logged in performance mode.'),
  accuracy_log_probability: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .meta({ description: 'Share of responses logged in performance mode, as a fraction.' }),
  accuracy_log_sampling_target: count(
    0,
    'Log about this many responses in performance mode; 0 = use the probability.',
  ),
  test05: flag('Use the three test05 seeds (audit TEST05).'),
  test05_qsl_rng_seed: seed('qsl_rng_seed of audit TEST05.'),
  test05_sample_index_rng_seed: seed('sample_index_rng_seed of audit TEST05.'),
  test05_schedule_rng_seed: seed('schedule_rng_seed of audit TEST05.'),

  print_timestamps: flag('Print wall-clock and monotonic stamps around the performance phase.'),
  performance_issue_unique: flag('Issue each loaded sample at most once.'),
  performance_issue_same: flag('Issue the same sample every time.'),
  performance_issue_same_index: count(
    0,
    'Position in the loaded set of the sample that performance_issue_same repeats.',
  ),
  performance_sample_count_override: count(0, 'Samples loaded at once; 0 = what the QSL reports.'),
  accuracy_sample_count_override: count(0, 'Samples of an accuracy run; 0 = the whole QSL.'),

  use_token_latencies: flag('Judge time to first token and time per output token.'),
  server_ttft_latency: count(100_000_000, 'Token mode: bound of the time to first token in ns.'),
  server_tpot_latency: count(100_000_000, 'Token mode: bound of the time per output token in ns.'),
  infer_token_latencies: flag('Report tokens per second as samples times a factor.'),
  token_latency_scaling_factor: count(0, 'The factor of infer_token_latencies.'),
});

/** Complete requested settings: numbers in the unit their name carries, seeds as bigint (uint64). */
export type TestSettings = Readonly<z.output<typeof testSettingsSchema>>;
/** What a caller may leave out: everything (LoadGen's defaults apply). */
export type TestSettingsInput = z.input<typeof testSettingsSchema>;

/**
 * Checks settings and fills in LoadGen's defaults.
 *
 * @throws {z.ZodError} naming every unknown key and every value out of range, all at once.
 */
export function testSettings(requested: TestSettingsInput = {}): TestSettings {
  return Object.freeze(testSettingsSchema.parse(requested));
}
