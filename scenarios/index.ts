// The library: everything a third party needs to put its own system under LoadGen.

export { startTest, type StartTestOptions, type TestResult } from './start-test.js';
export type { Clock, CompletionPlace, QuerySampleLibrary, SystemUnderTest } from './contract.js';
export { cell } from './phase-cells.js';
export { openPhaseRecords, type PhaseRecords, type SharedPhase } from './phase-records.js';
export { createControl, reportFailure, requestStop } from './control.js';
export { createClock } from './clock.js';
export { logSettings, type LogSettings } from './logs/log-files.js';
export type { PerformanceResults } from './results.js';
export { testSettings, type TestSettings, type TestSettingsInput } from '../configs/test-settings.js';
export { ConfigError, RunError, SetupError } from '../configs/errors.js';
