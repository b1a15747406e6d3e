// One test with the null SUT, timed as a whole.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testSettings, type TestSettingsInput } from '../../configs/test-settings.js';
import { connectNullSut } from '../../engines/null.js';
import type { QuerySampleLibrary } from '../../scenarios/contract.js';
import { logSettings } from '../../scenarios/logs/log-files.js';
import { startTest, type TestResult } from '../../scenarios/start-test.js';

const SAMPLES = 1024;
const qsl: QuerySampleLibrary = {
  name: 'bench',
  totalSampleCount: SAMPLES,
  performanceSampleCount: SAMPLES,
  loadSamplesToRam: () => undefined,
  unloadSamplesFromRam: () => undefined,
};

export interface Timed {
  readonly result: TestResult;
  /** The whole of startTest: generation, issuing, logs. */
  readonly wallS: number;
}

/** Runs a test in a folder that is removed afterwards. */
export async function runNull(settings: TestSettingsInput): Promise<Timed> {
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-bench-'));
  try {
    const from = performance.now();
    const result = await startTest(connectNullSut(), qsl, testSettings(settings), logSettings(folder));
    return { result, wallS: (performance.now() - from) / 1000 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
