// startTest: one LoadGen test from settings to closed logs. Follows loadgen/loadgen.cc StartTest (loadgen.md 17, 13.3).

import { confNames } from '../configs/conf-files/conf-settings.js';
import type { RulesRound } from '../configs/rules/rounds.js';
import type { TestSettings } from '../configs/test-settings.js';
import { createAccuracySampling } from './accuracy-sampling.js';
import { auditedSettings, type AuditTest } from './audit.js';
import { createClock } from './clock.js';
import type { Clock, QuerySampleLibrary, SystemUnderTest } from './contract.js';
import { abortTest, createControl } from './control.js';
import { startIssueThreads } from './issue-threads.js';
import { effectiveSettings, type EffectiveSettings } from './effective-settings.js';
import type { RateRun } from './find-peak.js';
import { issueDelay, type IssueDelay } from './latencies.js';
import { doubtsAbout } from './phase-outcome.js';
import { effectiveKeys, programKeys, requestedKeys, resultKeys } from './logs/detail-keys.js';
import { openLogFiles, type LogFiles, type LogPaths, type LogSettings } from './logs/log-files.js';
import { issueDelayKeys, selfTestKeys } from './logs/own-keys.js';
import { inFormOf } from './logs/round-form.js';
import { summaryText } from './logs/summary.js';
import { testDateTime } from './logs/time-stamps.js';
import type { SharedPhase } from './phase-records.js';
import { refuseImpossible } from './refused-settings.js';
import type { PerformanceResults } from './results.js';
import { runMode } from './run-modes.js';
import { runSelfTest, type SelfTest } from './self-test.js';
import { createSetRunner } from './set-runner.js';

/** What a caller may give beside SUT, QSL, settings and log settings. */
export interface StartTestOptions {
  /** The tests' own time; the real clock otherwise. */
  readonly clock?: Clock;
  /** Who runs the test, for `loadgen_version`; loadrig otherwise. */
  readonly program?: { readonly name: string; readonly version: string; readonly commit?: string };
  /** Shared memory from createControl(), for abortTest() from another thread. */
  readonly control?: Int32Array;
  /**
   * Whether to examine how well this thread keeps time before a performance run (0.2 s); the findings are logged and part of the
   * result. Default: true with the real clock. LoadGen has nothing like it.
   */
  readonly selfTest?: boolean;
  /** Ends the test as abortTest() does; heard on this thread's event loop, or from within a call to the SUT. */
  readonly signal?: AbortSignal;
  /** Called just before each phase's time zero with its shared memory, for live progress. */
  readonly onPhase?: (shared: SharedPhase) => void;
  /**
   * File that may override the settings, found from the working directory; '' = none. Read where it exists, with a warning in the
   * detail log, and with the keys of every model only (`*.Scenario.key`, `*.*.key`). Default: audit.config, as LoadGen has it.
   */
  readonly auditConfig?: string;
  /** Round whose form the summary has: the percentile's label is `90th` up to v4.1, `90.0th` after it. Default: v6.1. */
  readonly rules?: RulesRound;
  /**
   * Give up when nothing completes for this long although samples are outstanding; 0 = wait forever.
   * Differs from LoadGen, which hangs: default 60,000 ms.
   */
  readonly stall_timeout_ms?: number;
}

/** What a test found; everything in it can be posted to another thread. */
export interface TestResult {
  /** After audit.config and TEST05. */
  readonly requested: TestSettings;
  /** The audit that its audit.config, or test05, made of it; undefined without. */
  readonly audit: AuditTest | undefined;
  /** What the run used; with FindPeakPerformance, at the rate that was found. */
  readonly effective: EffectiveSettings;
  /** Undefined without a performance phase. */
  readonly results: PerformanceResults | undefined;
  /** The facts of the performance phase. */
  readonly performance:
    { readonly shared: SharedPhase; readonly startNs: number; readonly queriesIssued: number } | undefined;
  /** How well this thread kept time before the run; undefined in accuracy runs and where it was left out. */
  readonly selfTest: SelfTest | undefined;
  /** The driver's own lateness, that of all issue threads together; Server only. */
  readonly issueDelay: IssueDelay | undefined;
  /** The lateness of each issue thread; empty without them. */
  readonly issueThreadDelays: readonly IssueDelay[];
  /** Where the logs lie, closed and complete. */
  readonly logFiles: LogPaths;
  /** Texts of the detail log's errors; they do not make a result INVALID by themselves. */
  readonly errors: readonly string[];
  /** Texts of the detail log's warnings. */
  readonly warnings: readonly string[];
  /** Stopped by request: logs are complete up to then, the verdict is INVALID. */
  readonly interrupted: boolean;
  /** Why the figures should be doubted although the verdict stands. */
  readonly doubtful: readonly string[];
}

const DEFAULT_STALL_TIMEOUT_MS = 60_000;
/** The round of LoadGen 6.0.17. */
const LATEST_ROUND: RulesRound = 'v6.1';
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
  const clock = options.clock ?? createClock();
  const loggingStartNs = clock.now();
  const wallMs = clock.wallClockMs();
  const dateTime = testDateTime(new Date(wallMs));
  const logs = openLogFiles({
    settings: logSettings,
    sinceStartNs: () => clock.now() - loggingStartNs,
    start: { clockNs: loggingStartNs, wallMs },
    dateTime,
  });
  const control = options.control ?? createControl();
  const stop = (): void => abortTest(control);
  if (options.signal?.aborted === true) stop();
  options.signal?.addEventListener('abort', stop);
  try {
    const result = await runTest({ sut, qsl, settings, logs, clock, dateTime, control, options });
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
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

interface Test {
  readonly sut: SystemUnderTest;
  readonly qsl: QuerySampleLibrary;
  readonly settings: TestSettings;
  readonly logs: LogFiles;
  readonly clock: Clock;
  readonly dateTime: string;
  readonly control: Int32Array;
  readonly options: StartTestOptions;
}

async function runTest(given: Test): Promise<TestResult> {
  const { sut, qsl, logs, clock, dateTime, options } = given;
  const { detail } = logs;
  await using issueThreads = await startIssueThreads(
    sut,
    given.settings,
    given.control,
    options.clock === undefined,
  );
  for (const [thread, id] of (issueThreads?.threadIds ?? []).entries())
    detail.log([['generic_message', `Registered IssueQueryThread[${thread}]. thread ID : ${id}`]]);
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
  const { settings, audit } = auditedSettings(given.settings, options.auditConfig ?? confNames.audit, detail);
  refuseImpossible(settings, qsl);
  const { effective, errors } = effectiveSettings(settings, qsl);
  for (const text of errors) detail.error('error_invalid_test_settings', text);
  detail.log(requestedKeys(settings));
  detail.log(effectiveKeys(effective));
  const mustExamine = (options.selfTest ?? options.clock === undefined) && settings.mode !== 'AccuracyOnly';
  const selfTest = mustExamine ? await runSelfTest(clock, effective.target_qps) : undefined;
  if (selfTest !== undefined) detail.log(selfTestKeys(selfTest));

  const runner = createSetRunner({
    sut,
    issueThreads,
    qsl,
    logs,
    clock,
    control: given.control,
    sampling: createAccuracySampling(effective),
    stallTimeoutMs: options.stall_timeout_ms ?? DEFAULT_STALL_TIMEOUT_MS,
    onPhase: options.onPhase,
  });
  const { last, performance } = await runMode({ settings, effective, qsl, runner, detail, clock });
  runner.logLate();
  const delay =
    performance !== undefined && settings.scenario === 'Server'
      ? issueDelay(performance.issued.shared, performance.issued.startNs)
      : undefined;
  const threadDelays = performance === undefined ? [] : threadDelaysOf(performance);
  if (delay !== undefined) detail.log(issueDelayKeys(delay, threadDelays));
  const doubtful = delay === undefined ? [] : doubtsAbout(delay, effective);
  for (const reason of doubtful) detail.warning('warning_generic_message', reason);
  if (performance !== undefined) {
    const { results } = performance;
    const inForm = (text: string): string => inFormOf(options.rules ?? LATEST_ROUND, text);
    logs.writeSummary(
      inForm(summaryText({ sutName, mode: settings.mode, effective: performance.effective, results })),
    );
    const keys = resultKeys(performance.effective, results, detail.errors.length);
    detail.log(keys.map(([key, value]) => [key, typeof value === 'string' ? inForm(value) : value] as const));
  }
  if (last?.failure !== undefined) throw last.failure; // after the results: they say INVALID and why
  return {
    requested: settings,
    audit,
    effective: performance?.effective ?? effective,
    results: performance?.results,
    performance: performance === undefined ? undefined : recordsOf(performance),
    selfTest,
    issueDelay: delay,
    issueThreadDelays: threadDelays,
    logFiles: logs.paths,
    errors: [...detail.errors],
    warnings: [...detail.warnings],
    interrupted: last?.end.kind === 'interrupted',
    doubtful,
  };
}

const threadDelaysOf = ({ issued: { shared, startNs } }: RateRun): readonly IssueDelay[] =>
  Array.from({ length: shared.issueThreads }, (_unused, thread) =>
    issueDelay(shared, startNs, { thread, of: shared.issueThreads }),
  );

const recordsOf = ({ issued }: RateRun): NonNullable<TestResult['performance']> => ({
  shared: issued.shared,
  startNs: issued.startNs,
  queriesIssued: issued.queriesIssued,
});
