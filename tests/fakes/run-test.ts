// Runs startTest in a folder of its own and reads its logs back.

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testSettings, type TestSettingsInput } from '../../configs/test-settings.js';
import type { QuerySampleLibrary, SystemUnderTest } from '../../scenarios/contract.js';
import { logSettings } from '../../scenarios/logs/log-files.js';
import { startTest, type StartTestOptions, type TestResult } from '../../scenarios/start-test.js';

export interface DetailLine {
  readonly key: string;
  readonly value: unknown;
  readonly metadata: { readonly is_error: boolean; readonly is_warning: boolean };
}

export interface LoggedTest {
  readonly summary: string;
  readonly detail: readonly DetailLine[];
  readonly accuracy: readonly { readonly seq_id: number; readonly qsl_idx: number; readonly data: string }[];
  /** Values of a key in the detail log. */
  readonly valuesOf: (key: string) => readonly unknown[];
}

export interface RanTest extends LoggedTest {
  readonly result: TestResult;
}

type Run<T> = (
  sut: SystemUnderTest,
  qsl: QuerySampleLibrary,
  settings: TestSettingsInput,
  options?: StartTestOptions,
) => Promise<T>;
/** The source's own, or that of the compiled library where it starts threads. */
type Starter = typeof startTest;

/** Runs a test to its end. */
export const runTest: Run<RanTest> = (...given) => runTestWith(startTest, ...given);

/** Runs a test that throws; its logs must be readable all the same. */
export const runFailingTest: Run<FailedTest> = (...given) => runFailingTestWith(startTest, ...given);

export interface FailedTest extends LoggedTest {
  readonly error: Error;
}

export async function runTestWith(
  start: Starter,
  ...[sut, qsl, settings, options = {}]: Parameters<Run<RanTest>>
): Promise<RanTest> {
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-test-'));
  const result = await start(sut, qsl, testSettings(settings), logSettings(folder), options);
  return { result, ...readLogs(folder) };
}

export async function runFailingTestWith(
  start: Starter,
  ...[sut, qsl, settings, options = {}]: Parameters<Run<FailedTest>>
): Promise<FailedTest> {
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-test-'));
  try {
    await start(sut, qsl, testSettings(settings), logSettings(folder), options);
  } catch (error) {
    if (error instanceof Error) return { error, ...readLogs(folder) };
  }
  throw new Error('the test did not throw');
}

function readLogs(folder: string): LoggedTest {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const detail = read('mlperf_log_detail.txt')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line.replace(/^:::MLLOG /, '')) as DetailLine);
  return {
    summary: read('mlperf_log_summary.txt'),
    detail,
    accuracy: JSON.parse(read('mlperf_log_accuracy.json')) as LoggedTest['accuracy'],
    valuesOf: (key) => detail.filter((line) => line.key === key).map((line) => line.value),
  };
}
