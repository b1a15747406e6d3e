// Runs and folders of logs for the tests of `loadrig compare`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ComparedRun } from '../../../harness/compare/find-runs.js';

export const aRun: ComparedRun = {
  source: 'logs/a',
  system: 'T4x8',
  benchmark: 'bert-99',
  scenario: 'Offline',
  metric: { value: 3500, unit: 'samples/s' },
  isValid: true,
  p99_ns: undefined,
  accelerators: 8,
  accelerator: 'T4',
  precision: 'int8',
  model: '',
  f1: undefined,
};

/** What LoadGen writes, as far as it is read. */
export function summaryText({
  scenario = 'Offline',
  mode = 'PerformanceOnly',
  metric = 'Samples per second: 880.797',
  verdict = 'VALID',
}: {
  readonly scenario?: string;
  readonly mode?: string;
  readonly metric?: string;
  readonly verdict?: string;
} = {}): string {
  return `================================================
MLPerf Results Summary
================================================
SUT name : BERT SERVER
Scenario : ${scenario}
Mode     : ${mode}
${metric}
Result is : ${verdict}
  Min duration satisfied : Yes

================================================
Additional Stats
================================================
50.00 percentile latency (ns)   : 67149169
99.00 percentile latency (ns)   : 80785950

================================================
Test Parameters Used
================================================
target_qps : 500
`;
}

/** Writes files below a folder: path → text or object. */
export function writeTree(root: string, files: Readonly<Record<string, object | string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
}
