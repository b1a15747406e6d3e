// The library: everything a third party needs to put its own system under LoadGen.

export { startTest, type StartTestOptions, type TestResult } from './start-test.js';
export { abortTest, createControl, reportFailure } from './control.js';

export type {
  Clock,
  CompletionPlace,
  ConnectIssueThread,
  IssueThreads,
  QueryIssuer,
  QuerySampleLibrary,
  SystemUnderTest,
} from './contract.js';
export { openPhaseRecords, type PhaseRecords, type SharedPhase } from './phase-records.js';
export { cell } from './phase-cells.js';
export { createClock } from './clock.js';

export {
  scenarios,
  testModes,
  testSettings,
  type Scenario,
  type TestMode,
  type TestSettings,
  type TestSettingsInput,
} from '../configs/test-settings.js';
export { settingsFromFiles, type SettingsFromFiles } from '../configs/conf-files/conf-settings.js';
export type { AppliedConf, ConfSetting } from '../configs/conf-files/apply-conf.js';
export { rulesRounds, type RulesRound } from '../configs/rules/rounds.js';

export { logSettings, type LogPaths, type LogSettings } from './logs/log-files.js';
export type { AuditTest } from './audit.js';
export type { EffectiveSettings } from './effective-settings.js';
export type { LatencyStatistics } from './latency-statistics.js';
export type { PerformanceResults } from './results.js';
export type { TokenResults } from './token-results.js';
export type { IssueDelay } from './latencies.js';
export type { SelfTest } from './self-test.js';
export { ConfigError, RunError, SetupError } from '../configs/errors.js';
