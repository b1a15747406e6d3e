// One LoadGen run of a configuration: the folder, the progress, Ctrl-C, and the facts that come back.

import { loadgenSettings, type BenchmarkConfig } from '../configs/benchmark-config.js';
import { confNames } from '../configs/conf-files/conf-settings.js';
import { labelledLines } from '../configs/labelled.js';
import type { TestMode, TestSettings } from '../configs/test-settings.js';
import { selfTestLine } from '../scenarios/self-test.js';
import type { TestResult } from '../scenarios/start-test.js';
import type { Engine } from '../engines/contract.js';
import type { Call } from './call.js';
import { saveGpuSamples, type GpuSummary } from './gpu-samples.js';
import type { DriverThread } from './driver-thread.js';
import { logSettings, type LogSettings } from '../scenarios/logs/log-files.js';
import { createProgress } from './progress.js';
import { createRunFolder, placeOf } from './run-folder.js';

export interface FinishedRun {
  readonly folder: string;
  readonly startedAt: Date;
  readonly settings: TestSettings;
  readonly result: TestResult;
  /** What the GPUs did meanwhile; absent where nothing was sampled. */
  readonly gpus?: readonly GpuSummary[];
}

export interface DriveRequest {
  readonly config: BenchmarkConfig;
  readonly mode: TestMode;
  readonly driver: DriverThread;
  /** Its GPUs are sampled while LoadGen runs. */
  readonly engine: Pick<Engine, 'startGpuSampling'>;
  readonly call: Call;
}

/**
 * Runs LoadGen once and waits for its logs to be on disk.
 *
 * @throws {RunError} when the engine broke; the logs written so far stay in the folder.
 */
export async function driveLoadGen({
  config,
  mode,
  driver,
  engine,
  call,
}: DriveRequest): Promise<FinishedRun> {
  const part = mode === config.test_modes[0] ? '' : 'accuracy';
  const folder = createRunFolder({ ...placeOf(config, call), part });
  const settings = loadgenSettings(config, mode);
  if (part === '') for (const line of labelledLines(config)) call.say(line);
  const startedAt = new Date();
  const progress = createProgress({
    title: `${config.scenario} ${mode}`,
    settings,
    output: process.stderr,
    quiet: call.quiet,
  });
  let sampling = engine.startGpuSampling?.();
  let gpus: readonly GpuSummary[] | undefined;
  const endSampling = (): void => {
    const ending = sampling;
    sampling = undefined;
    if (ending !== undefined) gpus = saveGpuSamples(folder, ending.stop());
  };
  try {
    const result = await call.interruption.whileRunning(driver.requestStop, () =>
      driver.run({
        settings,
        logSettings: logSettingsOf(config, folder),
        stallTimeoutMs: config.settings.stall_timeout_ms,
        rules: config.rules,
        auditConfig: confNames.audit,
        onPhase: progress.phase,
      }),
    );
    if (result.selfTest !== undefined) call.say(selfTestLine(result.selfTest));
    endSampling();
    return { folder, startedAt, settings, result, ...(gpus === undefined ? {} : { gpus }) };
  } finally {
    endSampling(); // after an error as well: what the GPUs did may explain it
    progress.stop();
  }
}

function logSettingsOf({ settings }: BenchmarkConfig, folder: string): LogSettings {
  return {
    ...logSettings(folder),
    prefix: settings.logfile_prefix,
    suffix: settings.logfile_suffix,
    prefix_with_datetime: settings.logfile_prefix_with_datetime,
    copy_detail_to_stdout: settings.log_copy_detail_to_stdout,
    copy_summary_to_stdout: settings.log_copy_summary_to_stdout,
    enable_trace: settings.log_enable_trace,
  };
}
