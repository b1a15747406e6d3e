// Runs are found in every layout of logs, with what they were measured on; what is none is left out, and none is an error.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../configs/errors.js';
import { findRuns } from '../../../harness/compare/find-runs.js';
import { readSummary } from '../../../harness/compare/summary-file.js';
import { summaryText, writeTree } from './runs.js';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'loadrig-compare-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a summary', () => {
  const golden = 'tests/golden/loadgen/logs';
  const performance = readdirSync(golden).filter((name) => /^[A-Za-z]+-PerformanceOnly$/.test(name));

  test.each(performance)('of the official LoadGen is read: %s', (name) => {
    const text = readFileSync(join(golden, name, 'mlperf_log_summary.txt'), 'utf8');
    const summary = readSummary(text);
    expect(summary?.scenario).toBe(name.split('-')[0]);
    expect(summary?.metric?.value).toBeGreaterThan(0);
    expect(summary?.isValid).toBe(text.includes('Result is : VALID'));
  });

  test.each([
    ['Server', 'Completed samples per second    : 57609.27', { value: 57_609.27, unit: 'samples/s' }],
    ['Server', 'Scheduled samples per second : 25792.30', { value: 25_792.3, unit: 'samples/s' }],
    ['Single Stream', '90th percentile latency (ns) : 1728887', { value: 1_728_887, unit: 'ns' }],
    ['SingleStream', '90.0th percentile latency (ns) : 2138566', { value: 2_138_566, unit: 'ns' }],
    ['MultiStream', '99.0th percentile latency (ns) : 1361187', { value: 1_361_187, unit: 'ns' }],
  ])('of any round has its figure: %s, %s', (scenario, metric, expected) => {
    const summary = readSummary(summaryText({ scenario, metric }));
    expect(summary).toMatchObject({ metric: expected, p99_ns: 80_785_950 });
  });

  test('in which a verdict or a scenario is missing is none', () => {
    const text = summaryText();
    expect(readSummary(text.slice(0, text.indexOf('Result is')))).toBeUndefined();
    expect(readSummary('No errors encountered during test.\n')).toBeUndefined();
  });
});

test('logs of ours are read with the files beside them', () => {
  const run = 'H100-SXM-80GBx1/bert-99/Server';
  writeTree(root, {
    [`${run}/mlperf_log_summary.txt`]: summaryText({
      scenario: 'Server',
      metric: 'Completed samples per second    : 7000.5',
    }),
    [`${run}/metadata.json`]: {
      system_name: 'my-h100',
      benchmark_full: 'bert-99',
      sha256: { model: 'ab'.repeat(32) },
    },
    [`${run}/config.json`]: {
      accelerator: 'H100-SXM-80GB',
      accelerators_per_node: 1,
      settings: { precision: 'int8', model: 'data/models/mlperf-pytorch' },
    },
    [`${run}/accuracy/mlperf_log_summary.txt`]: summaryText({ scenario: 'Server', mode: 'AccuracyOnly' }),
    [`${run}/accuracy/accuracy.txt`]: '{"exact_match": 83.1, "f1": 90.35}\n',
    [`${run}/probe/server/mlperf_log_summary.txt`]: summaryText(),
  });
  expect(findRuns(root)).toEqual([
    {
      source: join(root, run),
      system: 'my-h100',
      benchmark: 'bert-99',
      scenario: 'Server',
      metric: { value: 7000.5, unit: 'samples/s' },
      isValid: true,
      p99_ns: 80_785_950,
      accelerators: 1,
      accelerator: 'H100-SXM-80GB',
      precision: 'int8',
      model: 'mlperf-pytorch abababab',
      f1: 90.35,
    },
  ]);
});

test('a submission is read with its systems, and without its audits', () => {
  const run = 'closed/N/results/A30x8_TRT/bert-99.9/Offline';
  writeTree(root, {
    'closed/N/systems/A30x8_TRT.json': {
      accelerators_per_node: '8',
      number_of_nodes: 2,
      accelerator_model_name: 'NVIDIA A30',
    },
    [`${run}/performance/run_1/mlperf_log_summary.txt`]: summaryText({ verdict: 'INVALID' }),
    [`${run}/accuracy/accuracy.txt`]: '{"exact_match": 84.0, "f1": 90.87}\nhash=00',
    [`${run}/TEST01/performance/run_1/mlperf_log_summary.txt`]: summaryText(),
    'closed/N/compliance/A30x8_TRT/bert-99.9/Offline/TEST01/mlperf_log_summary.txt': summaryText(),
  });
  expect(findRuns(join(root, 'closed'))).toMatchObject([
    {
      system: 'A30x8_TRT',
      benchmark: 'bert-99.9',
      scenario: 'Offline',
      isValid: false,
      accelerators: 16,
      accelerator: 'NVIDIA A30',
      f1: 90.87,
    },
  ]);
});

test('a run of ours on the CPU of a machine with GPUs has none of them', () => {
  writeTree(root, {
    'systems/EPYC.json': { accelerators_per_node: 8, accelerator_model_name: 'NVIDIA T4' },
    'EPYC/bert-99/Offline/mlperf_log_summary.txt': summaryText(),
    'EPYC/bert-99/Offline/config.json': {
      settings: { precision: 'int8', model: 'data/models/minilm-qa' },
    },
  });
  expect(findRuns(root)).toMatchObject([{ accelerators: 0, accelerator: '', model: 'minilm-qa' }]);
});

test('files beside the logs that are broken are done without', () => {
  writeTree(root, {
    'X/bert-99/Offline/mlperf_log_summary.txt': summaryText(),
    'X/bert-99/Offline/metadata.json': '{',
    'X/bert-99/Offline/config.json': '[]',
    'X/bert-99/Offline/accuracy.txt': 'no figures',
  });
  expect(findRuns(root)).toMatchObject([{ system: 'X', benchmark: 'bert-99', precision: '', f1: undefined }]);
});

test.each([
  ['that is not there', {}, 'no/such', 'no such folder'],
  ['without logs', { 'a/b.txt': 'x' }, 'a', 'no mlperf_log_summary.txt below it'],
  [
    'with accuracy runs alone',
    { 'a/mlperf_log_summary.txt': summaryText({ mode: 'AccuracyOnly' }) },
    'a',
    'no finished performance run below it; 1 other logs',
  ],
  [
    'with a log cut short',
    { 'a/mlperf_log_summary.txt': 'Scenario : Off' },
    'a',
    'no finished performance run',
  ],
])('a folder %s is an error', (_name, files, folder, message) => {
  writeTree(root, files);
  expect(() => findRuns(join(root, folder))).toThrow(ConfigError);
  expect(() => findRuns(join(root, folder))).toThrow(message);
});
