import { describe, expect, it } from 'vitest';
import { closingBlocks, summaryObjects } from '../../harness/closing-blocks.js';
import { exitCodeOf, metricKey, type RunOutcome } from '../../harness/run-outcome.js';
import { scenarios } from '../../configs/test-settings.js';

const outcome: RunOutcome = {
  config_name: 'box_onnxruntime-default-Offline',
  benchmark_short: 'bert',
  folder: 'build/logs/x',
  submittable: true,
  notSubmittableBecause: [],
  interrupted: false,
  performance: {
    metric_key: 'result_samples_per_second',
    metric: 28347.4,
    result_validity: 'VALID',
    reasons: [],
    doubtful: [],
  },
};
const accurate: RunOutcome = {
  ...outcome,
  accuracy: {
    exact_match: 57.0588,
    f1: 72.38889,
    threshold: 71.665,
    passed: true,
    changed_count: 3,
    missing_sample_count: 0,
  },
};

describe('the closing blocks', () => {
  it('are the two that people grep, with their keys', () => {
    expect(closingBlocks([outcome])).toMatchInlineSnapshot(`
      "
      ======================= Perf harness results: =======================

      box_onnxruntime-default-Offline:
          bert: result_samples_per_second: 28347.4, Result is VALID


      ======================= Accuracy results: =======================

      box_onnxruntime-default-Offline:
          bert: No accuracy results in PerformanceOnly mode.
      "
    `);
  });

  it('list every configuration of the call', () => {
    const server = { ...accurate, config_name: 'box_onnxruntime-default-Server' };
    const text = closingBlocks([accurate, server]);
    expect(text.match(/box_onnxruntime-default-(Offline|Server):/g)).toHaveLength(4);
    expect(text).toContain("3 answers differ from the reference's, see changed_answers.json");
    expect(text).toContain('Accuracy = 72.389, Threshold = 71.665. Accuracy test PASSED.');
    expect(Object.keys(summaryObjects([accurate, server]).accuracy)).toHaveLength(2);
  });

  it('say where a quick call has judged the accuracy of a variant', () => {
    const server = { ...outcome, config_name: 'box_onnxruntime-default-Server' };
    const other = { ...outcome, config_name: 'box_onnxruntime-high_accuracy-Server' };
    const { accuracy } = summaryObjects([accurate, server, other]);
    expect(accuracy[server.config_name]?.['bert']).toBe(
      'No accuracy results in PerformanceOnly mode. (--quick judges it once: see box_onnxruntime-default-Offline)',
    );
    expect(accuracy[other.config_name]?.['bert']).toBe('No accuracy results in PerformanceOnly mode.');
  });

  it('name the rate that a peak search found', () => {
    const peak = { ...outcome, performance: { ...outcome.performance!, peak_qps: 1189.453125 } };
    expect(closingBlocks([peak])).toContain(
      'bert: highest server_target_qps: 1189.45, at which result_samples_per_second: 28347.4, Result is VALID',
    );
  });

  it('say in words that a quick run is not submittable', () => {
    const quick = { ...outcome, submittable: false, notSubmittableBecause: ['--quick run'] };
    expect(closingBlocks([quick])).toContain('(not submittable: --quick run)');
  });

  it('say that a driver could not keep up', () => {
    const late = { ...outcome, performance: { ...outcome.performance!, doubtful: ['the driver was late'] } };
    expect(closingBlocks([late])).toContain('Result is VALID (doubtful: the driver was late)');
  });
});

describe('the exit code', () => {
  it.each([
    ['VALID and PASSED', [accurate], 0],
    [
      'INVALID',
      [outcome, { ...outcome, performance: { ...outcome.performance!, result_validity: 'INVALID' } }],
      5,
    ],
    ['accuracy FAILED', [{ ...accurate, accuracy: { ...accurate.accuracy!, passed: false } }], 6],
    ['interrupted', [{ ...outcome, interrupted: true }], 130],
  ] as const)('of %s is its own', (_name, outcomes, code) => {
    expect(exitCodeOf(outcomes)).toBe(code);
  });

  it('comes with a metric key for every scenario', () => {
    expect(scenarios.map(metricKey)).toEqual([
      'result_90.00_percentile_latency_ns',
      'result_99.00_percentile_per_query_latency_ns',
      'result_completed_samples_per_sec',
      'result_samples_per_second',
    ]);
  });
});
