// What the driver is measured with: tests of a null SUT, the same for ours and for the C++ LoadGen.

import type { Scenario, TestMode } from '../../configs/test-settings.js';

/** One test of a null SUT; every setting that differs from LoadGen's defaults. */
export interface Workload {
  readonly scenario: Scenario;
  readonly mode: Extract<TestMode, 'PerformanceOnly' | 'AccuracyOnly'>;
  /** Offline: samples. */
  readonly min_query_count: number;
  readonly min_duration_ms: number;
  /** SingleStream, MultiStream: sizes what is generated, with min_duration_ms. */
  readonly expected_latency_ns: number;
  /** Server, Offline. */
  readonly target_qps: number;
  /** Server. */
  readonly target_latency_ns: number;
  /** Samples of the library, all of them loaded. */
  readonly samples: number;
  /** Of each logged response. */
  readonly response_bytes: number;
}

/** What one run of a workload showed. */
export interface WorkloadFigures {
  /** The whole of StartTest: generation, issuing, results, logs. */
  readonly wall_s: number;
  /** From the set being loaded to time zero (C++: to its first issue). */
  readonly generation_s: number;
  /** Peak resident memory of the process beyond what it had before the test. */
  readonly added_kib: number;
  readonly queries: number;
  readonly valid: boolean;
  readonly qps_with_overhead: number;
  readonly p50_ns: number;
  readonly p99_ns: number;
  readonly max_ns: number;
}

const plain: Workload = {
  scenario: 'SingleStream',
  mode: 'PerformanceOnly',
  min_query_count: 1,
  min_duration_ms: 0,
  expected_latency_ns: 1000,
  target_qps: 1000,
  target_latency_ns: 10_000_000,
  samples: 1024,
  response_bytes: 8,
};

/** Both sides draw their queries from these. */
export const workloadSeeds = {
  qsl_rng_seed: 2085463073848966840n,
  sample_index_rng_seed: 2747215439041700203n,
  schedule_rng_seed: 16159082839903944936n,
} as const;

export const singleStream: Workload = { ...plain, min_query_count: 1_000_000 };
export const offline = (samples: number): Workload => ({
  ...plain,
  scenario: 'Offline',
  min_query_count: samples,
});
/** Responses of BERT at 384 tokens: two float32 a token. */
export const offlineAccuracy = (samples: number): Workload => ({
  ...plain,
  scenario: 'Offline',
  mode: 'AccuracyOnly',
  samples,
  response_bytes: 3072,
});
export const server = (target_qps: number, seconds: number): Workload => ({
  ...plain,
  scenario: 'Server',
  target_qps,
  min_duration_ms: seconds * 1000,
});
