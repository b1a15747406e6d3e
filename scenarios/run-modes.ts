// The four modes: which phases a test runs, and which of them counts. Follows loadgen/loadgen.cc RunPerformanceMode,
// RunAccuracyMode and FindPeakPerformanceMode (loadgen.md 17, 18).

import { ConfigError } from '../configs/errors.js';
import type { TestSettings } from '../configs/test-settings.js';
import { startClockWatch } from './clock-watch.js';
import type { Clock, QuerySampleLibrary } from './contract.js';
import type { EffectiveSettings } from './effective-settings.js';
import { findPeakPerformance, type RateRun } from './find-peak.js';
import type { IssuedPhase } from './issue-phase.js';
import type { DetailLog } from './logs/detail.js';
import { performanceRecords } from './phase-outcome.js';
import { performanceResults } from './results.js';
import type { Phase } from './sample-sets.js';
import { mustEnd, type SetRunner } from './set-runner.js';

export interface ModeRequest {
  /** After audits. */
  readonly settings: TestSettings;
  readonly effective: EffectiveSettings;
  readonly qsl: QuerySampleLibrary;
  readonly runner: SetRunner;
  readonly detail: DetailLog;
  readonly clock: Clock;
}

/** What a mode ran: its last phase (none where nothing could run) and the performance phase that counts. */
export interface RanMode {
  readonly last: IssuedPhase | undefined;
  readonly performance: RateRun | undefined;
}

/** Runs the mode of the settings. */
export async function runMode(request: ModeRequest): Promise<RanMode> {
  switch (request.settings.mode) {
    case 'AccuracyOnly':
      return runPhases(request, ['accuracy']);
    case 'PerformanceOnly':
      return runPhases(request, ['performance']);
    case 'SubmissionRun':
      return runPhases(request, ['accuracy', 'performance']);
    case 'FindPeakPerformance':
      return runPeakSearch(request);
  }
}

async function runPhases(request: ModeRequest, phases: readonly Phase[]): Promise<RanMode> {
  const { qsl, effective, detail, runner } = request;
  let last: IssuedPhase | undefined;
  let performance: RateRun | undefined;
  for (const phase of phases) {
    detail.log([['generic_message', `Starting ${phase} mode`]]);
    for (const set of runner.cutSets(effective, phase, qsl.totalSampleCount)) {
      await runner.load(set);
      const watch = phase === 'performance' ? watchClocks(request) : undefined;
      const issued = await runner.issue(effective, phase, set);
      watch?.stop();
      await runner.unload(set);
      last = issued;
      if (phase === 'performance') {
        const results = performanceResults(effective, performanceRecords(effective, issued));
        performance = { effective, issued, results };
      }
      if (mustEnd(issued)) return { last, performance };
    }
  }
  return { last, performance };
}

function watchClocks({ clock, detail, effective }: ModeRequest): ReturnType<typeof startClockWatch> {
  const print = (line: string): void => void process.stdout.write(line);
  return startClockWatch(clock, detail, effective.print_timestamps ? print : undefined);
}

async function runPeakSearch(request: ModeRequest): Promise<RanMode> {
  const { settings, effective, qsl, runner, detail } = request;
  detail.log([['generic_message', 'Starting FindPeakPerformance mode']]);
  if (settings.scenario !== 'Server') {
    detail.error('error_invalid_config', 'Finding peak performance is only supported in Server scenarios.');
    return { last: undefined, performance: undefined };
  }
  const [set] = runner.cutSets(effective, 'performance', qsl.totalSampleCount);
  if (set === undefined) throw new ConfigError('the data set has no samples to issue; give one that has');
  const performance = await findPeakPerformance({
    runner,
    detail,
    effective,
    set,
    boundaryStepSize: settings.server_find_peak_qps_boundary_step_size,
    decimals: settings.server_find_peak_qps_decimals_of_precision,
  });
  return { last: performance.issued, performance };
}
