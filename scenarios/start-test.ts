// startTest: one LoadGen test from settings to closed logs. Follows loadgen/loadgen.cc StartTest (loadgen.md 17, 13.3).

import { ConfigError, type RunError } from '../configs/errors.js';
import type { TestSettings } from '../configs/test-settings.js';
import { createAccuracySampling } from './accuracy-sampling.js';
import { createClock } from './clock.js';
import type { Clock, QuerySampleLibrary, SystemUnderTest } from './contract.js';
import { createControl } from './control.js';
import { effectiveSettings, type EffectiveSettings } from './effective-settings.js';
import { issuePhase, type IssuedPhase } from './issue-phase.js';
import { issueDelay, type IssueDelay } from './latencies.js';
import { doubtsAbout, logEndOfIssue, performanceRecords } from './phase-outcome.js';
import { effectiveKeys, programKeys, requestedKeys, resultKeys } from './logs/detail-keys.js';
import { openLogFiles, type LogFiles, type LogSettings } from './logs/log-files.js';
import { summaryText } from './logs/summary.js';
import { powerStamp, testDateTime } from './logs/time-stamps.js';
import type { SharedPhase } from './phase-records.js';
import { generateQueries } from './queries.js';
import { performanceResults, type PerformanceResults } from './results.js';
import { sampleSets, type Phase, type SampleSet } from './sample-sets.js';

/** What a caller may give beside SUT, QSL, settings and log settings. */
export interface StartTestOptions {
  /** The tests' own time; the real clock otherwise. */
  readonly clock?: Clock;
  /** Who runs the test, for `loadgen_version`; loadrig otherwise. */
  readonly program?: { readonly name: string; readonly version: string; readonly commit?: string };
  /** Shared memory from createControl(), for stopping from another thread. */
  readonly control?: Int32Array;
  /** Called just before each phase's time zero with its shared memory, for live progress. */
  readonly onPhase?: (shared: SharedPhase) => void;
  /**
   * Give up when nothing completes for this long although samples are outstanding; 0 = wait forever.
   * Differs from LoadGen, which hangs: default 60,000 ms.
   */
  readonly stall_timeout_ms?: number;
}

/** What a test found; everything in it can be posted to another thread. */
export interface TestResult {
  readonly requested: TestSettings;
  readonly effective: EffectiveSettings;
  /** Undefined without a performance phase. */
  readonly results: PerformanceResults | undefined;
  /** The facts of the performance phase. */
  readonly performance:
    { readonly shared: SharedPhase; readonly startNs: number; readonly queriesIssued: number } | undefined;
  /** The driver's own lateness; Server only. */
  readonly issueDelay: IssueDelay | undefined;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Stopped by request: logs are complete up to then, the verdict is INVALID. */
  readonly interrupted: boolean;
  /** Why the figures should be doubted although the verdict stands. */
  readonly doubtful: readonly string[];
}

const DEFAULT_STALL_TIMEOUT_MS = 60_000;
const LIBRARY = { name: 'loadrig', version: '0.1.0' } as const;

/**
 * Runs one test. The logs are written and closed when it settles, also when it throws.
 *
 * @throws {ConfigError} when the settings cannot be run.
 * @throws {SetupError} when the logs cannot be written.
 * @throws {RunError} when the SUT throws, breaks or stops completing.
 */
export async function startTest(
  sut: SystemUnderTest,
  qsl: QuerySampleLibrary,
  settings: TestSettings,
  logSettings: LogSettings,
  options: StartTestOptions = {},
): Promise<TestResult> {
  refuseWhatIsNotHereYet(settings);
  const clock = options.clock ?? createClock();
  const loggingStartNs = clock.now();
  const dateTime = testDateTime(new Date(clock.wallClockMs()));
  const logs = openLogFiles({
    settings: logSettings,
    sinceStartNs: () => clock.now() - loggingStartNs,
    dateTime,
  });
  try {
    const result = await runTest({ sut, qsl, settings, logs, clock, dateTime, options });
    logs.close();
    return result;
  } catch (error) {
    // The first error is the one to tell; a log that cannot be closed on top of it is not.
    try {
      const isTold = error instanceof Error && logs.detail.errors.includes(error.message);
      if (error instanceof Error && !isTold) logs.detail.error('error_runtime', error.message);
      logs.close();
    } catch {
      // told by the first error, or follows from it
    }
    throw error;
  }
}

interface Test {
  readonly sut: SystemUnderTest;
  readonly qsl: QuerySampleLibrary;
  readonly settings: TestSettings;
  readonly logs: LogFiles;
  readonly clock: Clock;
  readonly dateTime: string;
  readonly options: StartTestOptions;
}

async function runTest(test: Test): Promise<TestResult> {
  const { sut, qsl, settings, logs, clock, dateTime, options } = test;
  const { detail } = logs;
  detail.log(programKeys(options.program ?? LIBRARY));
  const namedFromNs = clock.now();
  const sutName = sut.name;
  detail.log([
    ['test_datetime', dateTime],
    ['sut_name', sutName],
    ['get_sut_name_duration_ns', clock.now() - namedFromNs],
    ['qsl_name', qsl.name],
    ['qsl_reported_total_count', qsl.totalSampleCount],
    ['qsl_reported_performance_count', qsl.performanceSampleCount],
  ]);
  const { effective, errors } = effectiveSettings(settings, qsl);
  for (const text of errors) detail.error('error_invalid_test_settings', text);
  detail.log(requestedKeys(settings));
  detail.log(effectiveKeys(effective));

  const sampling = createAccuracySampling(effective);
  let firstSampleId = 0;
  let performance: IssuedPhase | undefined;
  let failure: RunError | undefined;
  let interrupted = false;

  for (const phase of phasesOf(settings)) {
    if (interrupted || failure !== undefined) break;
    detail.log([['generic_message', `Starting ${phase} mode`]]);
    for (const set of sampleSets(effective, phase, qsl.totalSampleCount)) {
      const issued = await runSet(test, effective, phase, set, firstSampleId, sampling);
      firstSampleId += issued.shared.sampleCount;
      interrupted = issued.end.kind === 'interrupted';
      ({ failure } = issued);
      if (phase === 'performance') performance = issued;
      if (interrupted || failure !== undefined) break;
    }
  }

  const delay =
    performance !== undefined && settings.scenario === 'Server'
      ? issueDelay(performance.shared, performance.startNs, performance.queriesIssued)
      : undefined;
  const doubtful = delay === undefined ? [] : doubtsAbout(delay, effective);
  for (const reason of doubtful) detail.warning('warning_generic_message', reason);
  const results =
    performance === undefined
      ? undefined
      : performanceResults(effective, performanceRecords(effective, performance));
  if (results !== undefined) {
    logs.writeSummary(summaryText({ sutName, mode: settings.mode, effective, results }));
    detail.log(resultKeys(effective, results, detail.errors.length));
  }
  if (failure !== undefined) throw failure; // after the results: they say INVALID and why
  return {
    requested: settings,
    effective,
    results,
    performance:
      performance === undefined
        ? undefined
        : {
            shared: performance.shared,
            startNs: performance.startNs,
            queriesIssued: performance.queriesIssued,
          },
    issueDelay: delay,
    errors: [...detail.errors],
    warnings: [...detail.warnings],
    interrupted,
    doubtful,
  };
}

/** One set: load, generate, issue, flush, log, unload. */
async function runSet(
  { sut, qsl, logs, clock, options }: Test,
  effective: EffectiveSettings,
  phase: Phase,
  set: SampleSet,
  firstSampleId: number,
  sampling: ReturnType<typeof createAccuracySampling>,
): Promise<IssuedPhase> {
  const { detail, accuracy } = logs;
  await qsl.loadSamplesToRam(set.sampleIndices);
  detail.log([['loaded_qsl_set', set.sampleIndices]]);
  const plan = generateQueries(effective, phase, set);
  detail.log([
    ['generated_query_count', plan.queryCount],
    ['generated_samples_per_query', plan.samplesPerQuery],
    ['generated_query_duration', plan.generatedDurationNs],
  ]);
  const issued = await issuePhase({
    sut,
    effective,
    clock,
    phase,
    plan,
    firstSampleId,
    isLogged: sampling.mark(phase, plan.sampleIndices.length),
    control: options.control ?? createControl(),
    stallTimeoutMs: options.stall_timeout_ms ?? DEFAULT_STALL_TIMEOUT_MS,
    onPhase: options.onPhase,
  });
  logEndOfIssue(detail, issued, effective);
  detail.log(
    [
      'logger_swap_request_slots_retry_count',
      'logger_swap_request_slots_retry_retry_count',
      'logger_swap_request_slots_retry_reencounter_count',
      'logger_start_reading_entries_retry_count',
      'logger_tls_total_log_cas_fail_count',
      'logger_tls_total_swap_buffers_slot_retry_count',
    ].map((key) => [key, 0] as const), // counters of the C++ logger; ours has nothing to retry
  );
  detail.log([
    ['power_begin', powerStamp(issued.startWallMs)],
    ['power_end', powerStamp(issued.startWallMs + issued.durationNs / 1e6)],
  ]);
  logResponses(issued, accuracy);
  await qsl.unloadSamplesFromRam(set.sampleIndices);
  return issued;
}

/** In order of issue; LoadGen has the order of completion, which readers must not rely on (several threads complete). */
function logResponses({ shared, response }: IssuedPhase, accuracy: LogFiles['accuracy']): void {
  for (let sample = 0; sample < shared.sampleCount; sample++) {
    if (shared.isLogged[sample] === 1 && shared.completedNs[sample] !== 0) {
      accuracy.write(shared.firstSampleId + sample, shared.sampleIndices[sample]!, response(sample));
    }
  }
}

function phasesOf({ mode }: TestSettings): readonly Phase[] {
  switch (mode) {
    case 'AccuracyOnly':
      return ['accuracy'];
    case 'PerformanceOnly':
      return ['performance'];
    case 'SubmissionRun':
      return ['accuracy', 'performance'];
    case 'FindPeakPerformance':
      throw new ConfigError(
        'FindPeakPerformance is not supported; run PerformanceOnly at several target rates.',
      );
  }
}

function refuseWhatIsNotHereYet(settings: TestSettings): void {
  phasesOf(settings);
  if (settings.use_token_latencies || settings.infer_token_latencies) {
    throw new ConfigError(
      'token latencies are not supported; leave use_token_latencies and infer_token_latencies out.',
    );
  }
  if (settings.scenario === 'Server' && settings.server_num_issue_query_threads > 0) {
    throw new ConfigError('server_num_issue_query_threads must be 0: one driver thread issues all queries.');
  }
  if (settings.test05)
    throw new ConfigError('test05 is not supported; give the test05 seeds as the three seeds.');
}
