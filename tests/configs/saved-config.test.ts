// A saved config.json repeats its run: nothing is lost on the way to disk and back.

import { describe, expect, test } from 'vitest';
import { configFromJson, toJson } from '../../configs/benchmark-config.js';
import { dryRunText } from '../../configs/dry-run-text.js';
import { loadBenchmarkConfigs } from '../../configs/load.js';
import { withMeasuredTargets } from '../../configs/measured.js';
import { resolveConfigs } from '../../configs/resolve.js';
import { scenarios } from '../../configs/test-settings.js';
import { flagsOf } from './flags-of.js';

const resolveAll = (...argv: readonly string[]) =>
  resolveConfigs({
    flags: flagsOf(...argv),
    benchmarkConfigs: loadBenchmarkConfigs('.', 'bert', scenarios),
    system: { system_id: 'Test_1x_CPU', available_cores: 2 },
  });
const probe = { samplesPerSecond: 150, singleLatencyNs: 9e6 };

describe('a round trip', () => {
  test.each(resolveAll('--scenarios=all', '--config_ver=all'))(
    'keeps $benchmark_full $scenario',
    (config) => {
      expect(configFromJson(toJson(config))).toStrictEqual(config);
      const measured = withMeasuredTargets(config, probe);
      expect(configFromJson(toJson(measured))).toStrictEqual(measured);
    },
  );

  test('keeps seeds beyond 2^53, up to the largest uint64', () => {
    const [config] = resolveAll(
      '--qsl_rng_seed=18446744073709551615',
      '--schedule_rng_seed=9007199254740993',
    );
    if (config === undefined) throw new Error('nothing resolved');
    expect(toJson(config)).toContain('"qsl_rng_seed": "18446744073709551615"');
    const back = configFromJson(toJson(config));
    expect(back.loadgen.qsl_rng_seed).toBe(18446744073709551615n);
    expect(back.loadgen.schedule_rng_seed).toBe(9007199254740993n);
    expect(back.provenance['qsl_rng_seed']?.value).toBe(18446744073709551615n);
  });

  test('gives a frozen config', () => {
    const [config] = resolveAll('--quick');
    if (config === undefined) throw new Error('nothing resolved');
    expect(Object.isFrozen(configFromJson(toJson(config)).loadgen)).toBe(true);
  });
});

describe('a saved config that was changed by hand', () => {
  const [config] = resolveAll('--quick');
  const saved = JSON.parse(config === undefined ? '{}' : toJson(config)) as { readonly settings: object };

  test.each([
    ['{ "a": ', 'run/config.json: not JSON'],
    ['{}', 'run/config.json: benchmark must be bert, got nothing'],
    [JSON.stringify({ ...saved, scenario: 'Batch' }), 'run/config.json: scenario must be SingleStream'],
    [
      JSON.stringify({ ...saved, settings: { ...saved.settings, batch_size: 0 } }),
      'run/config.json: settings.batch_size must be greater than 0, got 0',
    ],
  ])('%.40s is refused by name', (text, message) => {
    expect(() => configFromJson(text, 'run/config.json')).toThrow(message);
  });
});

test('--dry_run prints each setting of the scenario with value, origin and label', () => {
  const [config] = resolveAll('--quick', '--scenarios=Server', '--batch_size=2');
  if (config === undefined) throw new Error('nothing resolved');
  const before = dryRunText([config]);
  expect(before).toMatch(/^ {2}server_target_qps +\(to be measured\) +probe$/m);
  const lines = dryRunText([withMeasuredTargets(config, probe)]).split('\n');
  const kept = lines.filter((line) => /^\S|modes|batch_size|precision|server_target|min_|qsl_rng/.test(line));
  expect(kept.join('\n')).toMatchInlineSnapshot(`
    "Test_1x_CPU bert-99 Server (config_ver default)
      modes: PerformanceOnly, then AccuracyOnly; accuracy: at least 0.99 of the reference F1
      not submittable: --quick run; min_duration_ms is 10000, the rules want 600000; the model is not the official BERT-Large; the data set is not the official SQuAD v1.1 development set
      precision                                   int8                      configs/bert/Server/config.json  keeps 99 % of the reference F1
      batch_size                                  2 samples                 flag
      server_target_qps                           67.5 queries/s            probe                            derived: 45 % of 150 samples/s measured
      server_target_latency_ns                    130000000 ns              rules v4.1                       published
      server_target_latency_percentile            0.99 fraction             rules v4.1                       published
      min_duration_ms                             10000 ms                  flag                             --quick
      min_query_count                             700                       default                          derived: early stopping at 99 % needs 662 queries with one over the bound
      qsl_rng_seed                                3066443479025735752       rules v4.1                       published
      test05_qsl_rng_seed                         16799458546791641818      rules v4.1                       published
      server_find_peak_qps_decimals_of_precision  1                         default"
  `);
  expect(lines.some((line) => line.includes('offline_expected_qps'))).toBe(false);
});

test('--dry_run of a saved file that is older than a setting shows its default', () => {
  const [config] = resolveAll('--scenarios=Offline');
  if (config === undefined) throw new Error('nothing resolved');
  const { provider, ...provenance } = config.provenance;
  expect(provider).toBeDefined();
  expect(dryRunText([{ ...config, provenance }])).toMatch(/^ {2}provider +cpu +default$/m);
});
