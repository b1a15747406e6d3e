// metadata.json: one object per run with the verdict, the figures and everything needed to reproduce them.
// The keys of NVIDIA's harness come first, under their own names; the rest are the facts its file lacks.

import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import { labelledValues } from '../configs/labelled.js';
import type { TestMode } from '../configs/test-settings.js';
import type { EngineFacts } from '../engines/contract.js';
import type { TestResult } from '../scenarios/start-test.js';
import type { Machine } from '../systems/machine.js';
import type { SystemDescription } from '../systems/schema.js';
import type { GpuSummary } from './gpu-samples.js';
import type { AccuracyOutcome, PerformanceOutcome } from './run-outcome.js';
import type { Program } from './program.js';

/** What a run's metadata is made from. */
export interface RunFacts {
  readonly config: BenchmarkConfig;
  readonly config_name: string;
  readonly mode: TestMode;
  readonly result: TestResult;
  readonly engine: EngineFacts;
  readonly system: SystemDescription;
  readonly machine: Machine;
  readonly program: Program;
  readonly command: readonly string[];
  readonly data: {
    readonly file: string;
    readonly sha256: string;
    readonly vocab_sha256: string;
    readonly features_sha256: string;
  };
  readonly accuracy?: AccuracyOutcome | undefined;
  readonly performance?: PerformanceOutcome | undefined;
  readonly startedAt: Date;
  /** Clocks, power and temperature during the run. */
  readonly gpus?: readonly GpuSummary[] | undefined;
}

/** The object that becomes metadata.json. Durations in the unit their key names; hashes in lower-case hex. */
export function describeRun(facts: RunFacts): Readonly<Record<string, unknown>> {
  const { config, result, engine, accuracy, performance } = facts;
  const results = result.results;
  return {
    ...(performance === undefined
      ? {}
      : { result_validity: performance.result_validity, [performance.metric_key]: performance.metric }),
    ...(results === undefined ? {} : { early_stopping_met: results.earlyStoppingMet }),
    effective_min_query_count: result.effective.min_query_count,
    effective_samples_per_query: result.effective.samples_per_query,
    effective_min_duration_ms: result.effective.min_duration_ms,
    ...(results === undefined ? {} : { satisfies_query_constraint: results.minQueriesMet }),
    scenario_key: performance?.metric_key ?? null,
    ...(performance?.peak_qps === undefined ? {} : { peak_server_target_qps: performance.peak_qps }),
    rules: config.rules,
    scenario: config.scenario,
    test_mode: facts.mode,
    system_name: config.system_name,
    detected_system: facts.system,
    machine: facts.machine,
    config_name: facts.config_name,
    benchmark_short: config.benchmark,
    benchmark_full: config.benchmark_full,
    engine_runtime: engine.runtime,
    summary_string:
      performance === undefined
        ? null
        : `${performance.metric_key}: ${performance.metric}, Result is ${performance.result_validity}`,
    accuracy:
      accuracy === undefined
        ? []
        : [
            {
              name: 'F1',
              value: accuracy.f1,
              threshold: accuracy.threshold ?? null,
              pass: accuracy.passed,
              exact_match: accuracy.exact_match,
              changed_answer_count: accuracy.changed_count,
              missing_sample_count: accuracy.missing_sample_count,
            },
          ],
    accuracy_pass: accuracy === undefined || accuracy.threshold === undefined ? null : accuracy.passed,
    audit_test: result.audit ?? null,
    audit_success: null,

    labels: labelledValues(config),
    submittable: config.submittable && !result.interrupted,
    not_submittable_because: [
      ...config.not_submittable_because,
      ...(result.interrupted ? ['the run was interrupted'] : []),
    ],
    interrupted: result.interrupted,
    invalid_because: performance?.reasons ?? [],
    doubtful: result.doubtful,
    self_test: result.selfTest ?? null,
    issue_delay_ns: result.issueDelay ?? null,
    issue_thread_delays_ns: result.issueThreadDelays,
    errors: result.errors,
    warnings: result.warnings,

    program: facts.program,
    command_line: facts.command,
    started_at: facts.startedAt.toISOString(),
    engine,
    gpus_during_run: facts.gpus ?? [],
    sha256: {
      model: engine.model_sha256,
      engine: engine.engine_sha256,
      data: facts.data.sha256,
      vocabulary: facts.data.vocab_sha256,
      features: facts.data.features_sha256,
    },
    data_file: facts.data.file,
    seeds: {
      qsl_rng_seed: result.effective.qsl_rng_seed,
      sample_index_rng_seed: result.effective.sample_index_rng_seed,
      schedule_rng_seed: result.effective.schedule_rng_seed,
    },
  };
}
