// `loadrig compare` from outside.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadrig, temporaryFolder } from '../../built.js';
import { summaryText, writeTree } from './runs.js';

test('one run beside what was submitted, and a picture of both', async () => {
  const root = temporaryFolder();
  writeTree(root, { 'Mine/bert-99/Offline/mlperf_log_summary.txt': summaryText() });
  const picture = join(root, 'bars.svg');
  const { exitCode, stdout, stderr } = await loadrig(['compare', root, '--published', `--svg=${picture}`]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/bert-99 Offline \(samples\/s, more is better\)\n\n {2}system .*\n {2}Mine /);
  expect(stdout).toContain('submitted in v4.1');
  expect(stderr).toContain(`${picture}: written`);
  expect(readFileSync(picture, 'utf8')).toContain('</svg>');
});

test.each([
  [[], 2, 'compare needs at least one folder'],
  [['no/such', 'docs'], 2, 'no/such: no such folder\n  docs: no mlperf_log_summary.txt below it'],
  [['docs', '--format=xml'], 2, '--format'],
])('%o is refused with what to do', async (args, code, message) => {
  const { exitCode, stderr } = await loadrig(['compare', ...args]);
  expect([exitCode, stderr]).toEqual([code, expect.stringContaining(message)]);
});
