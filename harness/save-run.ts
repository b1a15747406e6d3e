// A finished run becomes files: metadata.json, config.json, percentile latency logs; and the outcome that closes the call.

import { join } from 'node:path';
import { toJson, type BenchmarkConfig } from '../configs/benchmark-config.js';
import type { TestMode } from '../configs/test-settings.js';
import type { Engine } from '../engines/contract.js';
import { sampleLatenciesNs, scheduledNs } from '../scenarios/latencies.js';
import type { PerformanceResults } from '../scenarios/results.js';
import type { AccuracyResult } from './accuracy/score.js';
import type { Call } from './call.js';
import type { FinishedRun } from './drive-loadgen.js';
import { writeEveryLatency, writeHistogram, writePercentilesCsv } from './latency-files.js';
import { describeRun } from './metadata.js';
import type { OpenQsl } from './qsl/open-qsl.js';
import { metricKey, type AccuracyOutcome, type PerformanceOutcome, type RunOutcome } from './run-outcome.js';
import { toJsonText, writeWholeFile } from './write-file.js';

export interface SaveRequest {
  readonly config: BenchmarkConfig;
  readonly mode: TestMode;
  readonly run: FinishedRun;
  readonly accuracy: AccuracyResult | undefined;
  readonly qsl: OpenQsl;
  readonly engine: Engine;
  readonly call: Call;
  /** Outcome of the configuration's mode before this one: the new facts join it. */
  readonly earlier: RunOutcome | undefined;
}

/** Writes the run's files beside LoadGen's logs and says a line about it. @throws {SetupError} when the disk refuses. */
export async function saveRun(request: SaveRequest): Promise<RunOutcome> {
  const { config, mode, run, qsl, engine, call, earlier } = request;
  const config_name = `${config.system_name}_${engine.facts.engine}-${config.config_ver}-${config.scenario}`;
  const performance = performanceOutcome(config, run);
  const accuracy = accuracyOutcome(request.accuracy);

  writeWholeFile(join(run.folder, 'config.json'), toJson(config));
  const metadata = describeRun({
    config,
    config_name,
    mode,
    result: run.result,
    gpus: run.gpus,
    engine: engine.facts,
    system: call.system,
    machine: call.machine,
    program: call.program,
    command: call.command,
    startedAt: run.startedAt,
    data: {
      file: config.settings.data,
      sha256: qsl.dataSha256,
      vocab_sha256: qsl.vocabSha256,
      features_sha256: qsl.featuresSha256,
    },
    performance,
    accuracy,
  });
  writeWholeFile(join(run.folder, 'metadata.json'), toJsonText(metadata));
  if (request.accuracy !== undefined) {
    writeWholeFile(join(run.folder, 'changed_answers.json'), toJsonText(request.accuracy.changed));
  }
  if (mode !== 'AccuracyOnly') await writeLatencyFiles(request);

  const outcome: RunOutcome = {
    config_name,
    benchmark_short: config.benchmark,
    folder: earlier?.folder ?? run.folder,
    submittable: config.submittable,
    notSubmittableBecause: config.not_submittable_because,
    interrupted: run.result.interrupted,
    ...both('performance', performance ?? earlier?.performance),
    ...both('accuracy', accuracy ?? earlier?.accuracy),
  };
  return outcome;
}

/** `{ key: value }`, or nothing where there is no value. */
function both<K extends string, V>(key: K, value: V | undefined): { readonly [name in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [name in K]?: V }; // one key, its value
}

function performanceOutcome(
  config: BenchmarkConfig,
  { result }: FinishedRun,
): PerformanceOutcome | undefined {
  const { results } = result;
  if (results === undefined) return undefined;
  const isSearch = result.requested.mode === 'FindPeakPerformance';
  return {
    metric_key: metricKey(config.scenario),
    metric: metricOf(config, results),
    ...(isSearch && results.constraintsMet ? { peak_qps: result.effective.target_qps } : {}),
    result_validity: results.isValid ? 'VALID' : 'INVALID',
    reasons: results.isValid
      ? []
      : [...(isSearch ? result.errors : []), ...invalidReasons(results), ...tooFewAskedFor(config, results)],
    doubtful: result.doubtful,
  };
}

function metricOf({ scenario }: BenchmarkConfig, results: PerformanceResults): number {
  switch (scenario) {
    case 'SingleStream':
    case 'MultiStream':
      return results.targetPercentileLatencyNs;
    case 'Server':
      return results.completedSamplesPerSecond;
    case 'Offline':
      return results.samplesPerSecond;
  }
}

/** Why a run is INVALID, each with what to do. */
function invalidReasons(results: PerformanceResults): readonly string[] {
  return [
    ...(results.constraintAdvice === undefined ? [] : [results.constraintAdvice]),
    ...(results.durationAdvice === undefined ? [] : [results.durationAdvice]),
    ...(results.minQueriesMet ? [] : ['Too few queries were issued; see the detail log for why.']),
    ...(results.earlyStoppingMet
      ? []
      : [`Early stopping: ${results.earlyStoppingText.replaceAll(/\s+/g, ' ').trim()}`]),
    ...results.forbidding,
  ];
}

/** A short run on a slow machine is not given the queries that a verdict needs: why, and how to get one. */
function tooFewAskedFor(config: BenchmarkConfig, results: PerformanceResults): readonly string[] {
  const { label, note } = config.provenance['min_query_count'] ?? {};
  const isOurs = config.scenario === 'Server' && label === 'derived' && !results.earlyStoppingMet;
  return isOurs && note !== undefined
    ? [`min_query_count was ${config.loadgen.min_query_count}: ${note}.`]
    : [];
}

function accuracyOutcome(accuracy: AccuracyResult | undefined): AccuracyOutcome | undefined {
  if (accuracy === undefined) return undefined;
  const { exact_match, f1, threshold, passed, changed, missing_sample_count } = accuracy;
  return {
    exact_match,
    f1,
    passed,
    changed_count: changed.length,
    missing_sample_count,
    ...(threshold === undefined ? {} : { threshold }),
  };
}

async function writeLatencyFiles({ config, run, qsl }: SaveRequest): Promise<void> {
  const { performance } = run.result;
  if (performance === undefined) return;
  const { shared, startNs, queriesIssued } = performance;
  const sorted = sampleLatenciesNs(config.scenario, shared, startNs, queriesIssued).sort();
  writePercentilesCsv(run.folder, sorted);
  writeHistogram(run.folder, sorted);
  if (!config.settings.save_latencies) return;
  const { offsets } = qsl.samples;
  await writeEveryLatency(run.folder, {
    shared,
    startNs,
    scheduledNs: scheduledNs(config.scenario, shared, startNs),
    lengthOf: (index) => offsets[index + 1]! - offsets[index]!,
  });
}
