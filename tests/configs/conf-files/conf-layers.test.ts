// Rules of a round, mlperf.conf, user.conf and audit.config in the settings of the program.

import { describe, expect, it } from 'vitest';
import { loadgenSettings, toJson, configFromJson } from '../../../configs/benchmark-config.js';
import type { BenchmarkConfig } from '../../../configs/benchmark-config.js';
import { confNotes, type ConfFiles } from '../../../configs/conf-files/conf-layers.js';
import { parseConf } from '../../../configs/conf-files/conf-syntax.js';
import { dryRunText } from '../../../configs/dry-run-text.js';
import { checkSystemConfigs } from '../../../configs/check-file.js';
import { loadBenchmarkConfigs } from '../../../configs/load.js';
import { resolveConfigs } from '../../../configs/resolve.js';
import { scenarios } from '../../../configs/test-settings.js';
import { flagsOf } from '../flags-of.js';

const benchmarkConfigs = loadBenchmarkConfigs('.', 'bert', scenarios);
const system = {
  system_id: 'Test_1x_CPU',
  available_cores: 8,
  configs: checkSystemConfigs(
    { bert: { Server: { settings: { server_target_qps: 11 } } } },
    'systems/Test_1x_CPU.json',
  ),
};
const resolve = (conf: ConfFiles, ...argv: readonly string[]): readonly BenchmarkConfig[] =>
  resolveConfigs({ flags: flagsOf(...argv), benchmarkConfigs, system, conf });
const resolveServer = (conf: ConfFiles, ...argv: readonly string[]): BenchmarkConfig =>
  resolve(conf, '--scenarios=Server', ...argv)[0]!;
const conf = (name: string, ...lines: readonly string[]) => parseConf(lines.join('\n'), name);
const originOf = (config: BenchmarkConfig, key: string) => config.provenance[key]?.origin;

describe('--rules', () => {
  it.each([
    ['v0.7', 3135815929913719677n, 60_000, 270_336],
    ['v3.0', 12134888396634371638n, 600_000, 270_336],
    ['v4.1', 14962580496156340209n, 600_000, 100],
    ['v6.1', 16159082839903944936n, 600_000, 100],
  ] as const)('%s brings its seeds, durations and counts', (rules, seed, duration, count) => {
    const config = resolveServer({}, `--rules=${rules}`);
    expect(config.rules).toBe(rules);
    expect(config.loadgen).toMatchObject({
      schedule_rng_seed: seed,
      min_duration_ms: duration,
      min_query_count: count,
    });
    expect(originOf(config, 'schedule_rng_seed')).toBe(`rules ${rules}`);
  });

  it('never brings a target: those in an mlperf.conf are placeholders', () => {
    const [offline] = resolve({}, '--scenarios=Offline', '--rules=v6.1');
    expect(offline!.needs_probe).toEqual(['offline_expected_qps']);
  });

  it.each([
    ['MultiStream', 662],
    ['Server', 110], // 10 s at the 11 queries/s of this system
    ['SingleStream', 64],
    ['Offline', 1],
  ])('leave a --quick %s run as short as it is', (scenario, count) => {
    const [config] = resolve({}, '--rules=v0.7', '--quick', `--scenarios=${scenario}`);
    expect(config!.loadgen.min_query_count).toBe(count);
  });

  it('say which scenarios they take', () => {
    const reasons = (...argv: readonly string[]) => resolveServer({}, ...argv).not_submittable_because;
    expect(reasons('--rules=v5.0')).toContain('bert-99 has no Server in the rules of v5.0');
    expect(reasons('--rules=v4.1').join()).not.toContain('has no Server');
    expect(reasons('--rules=v4.1', '--qsl_rng_seed=5')).toContain(
      'qsl_rng_seed is 5, the rules want 3066443479025735752',
    );
    expect(dryRunText([resolveServer({})])).toContain(
      'rules of v4.1: bert-99 in Server, Offline, SingleStream; audits TEST01, TEST05\n',
    );
  });

  it('of v0.5 have no BERT to run, said once', () => {
    expect(() => resolve({}, '--rules=v0.5')).toThrow(
      /^the rules of v0\.5 have no BERT \(its language model was GNMT\); take v0\.7 or later$/,
    );
  });
});

describe('user.conf', () => {
  const user = conf(
    'my.conf',
    '# ours',
    'bert.Server.target_qps = 22',
    '*.Server.min_duration = 700000',
    'bert.*.performance_sample_count_override = 64',
    '*.*.qsl_rng_seed = 7',
  );

  it('wins over rules and system, and names its lines', () => {
    const config = resolveServer({ user });
    expect(config.loadgen).toMatchObject({ server_target_qps: 22, min_duration_ms: 700_000 });
    expect(originOf(config, 'server_target_qps')).toBe('my.conf:2');
    expect(originOf(config, 'min_duration_ms')).toBe('my.conf:3');
    expect(config.loadgen.qsl_rng_seed).toBe(3066443479025735752n);
    expect(dryRunText([config])).toMatch(/^ {2}server_target_qps +22 queries\/s +my\.conf:2$/m);
  });

  it('gives way to flags', () => {
    const config = resolveServer({ user }, '--server_target_qps=33');
    expect([config.loadgen.server_target_qps, originOf(config, 'server_target_qps')]).toEqual([33, 'flag']);
  });

  it('may choose the mode where no flag does', () => {
    const accuracy = conf('user.conf', '*.*.mode = 1');
    expect(resolveServer({ user: accuracy }).test_modes).toEqual(['AccuracyOnly']);
    expect(resolveServer({ user: accuracy }, '--test_mode=PerformanceOnly').test_modes).toEqual([
      'PerformanceOnly',
    ]);
  });

  it('that breaks a rule makes the run one that cannot be submitted', () => {
    const fast = conf('user.conf', 'bert.Server.target_latency = 200');
    expect(resolveServer({ user: fast }).not_submittable_because).toContain(
      'server_target_latency_ns is 200000000, the rules want 130000000',
    );
  });

  it('is refused with file and line, whatever else is wrong with the flags', () => {
    const wrong = conf('user.conf', '', '*.Server.min_duration = -3');
    expect(() => resolve({ user: wrong }, '--no-probe')).toThrow(
      'user.conf:2: min_duration must be a whole number, 0 to 9007199254740991, got -3',
    );
    expect(() => resolve({ user: wrong }, '--no-probe')).toThrow('SingleStream needs --single_stream');
  });

  it('tells of lines without effect, once for all scenarios', () => {
    expect(confNotes('v4.1', { user }, ['Server', 'Offline'])).toEqual([
      'my.conf:5: qsl_rng_seed is left as it is; only the rules of a round may set it',
    ]);
    const other = conf('user.conf', 'resnet50.Server.target_qps = 1');
    expect(confNotes('v4.1', { user: other }, ['Server'])).toEqual([
      'user.conf: nothing in it is for model bert and scenario Server',
    ]);
  });
});

describe('mlperf.conf', () => {
  const mlperf = conf('mlperf.conf', '*.*.schedule_rng_seed = 99', '*.Server.target_qps = 1.0');

  it('takes the place of the rules, is measured by them, and its targets are placeholders', () => {
    const config = resolveServer({ mlperf });
    expect(config.loadgen).toMatchObject({ schedule_rng_seed: 99n, min_duration_ms: 10_000 });
    expect(originOf(config, 'schedule_rng_seed')).toBe('mlperf.conf:1');
    expect(config.loadgen.server_target_qps).toBe(11);
    expect(config.not_submittable_because).toContain(
      'schedule_rng_seed is 99, the rules want 14962580496156340209',
    );
  });
});

describe('audit.config', () => {
  const audit = conf(
    'audit.config',
    '*.*.mode = 2',
    '*.*.accuracy_log_rng_seed = 720381539243781796',
    '*.Server.min_query_count = 300',
    'bert.*.min_duration = 1',
  );

  it('wins over flags, by the keys of every model, and marks the run as an audit', () => {
    const config = resolveServer({ audit }, '--test_mode=AccuracyOnly', '--min_query_count=5');
    expect(config.test_modes).toEqual(['PerformanceOnly']);
    expect(config.loadgen).toMatchObject({ min_query_count: 300, min_duration_ms: 600_000 });
    expect(originOf(config, 'min_query_count')).toBe('audit.config:3');
    expect(config.not_submittable_because).toContain('audit.config overrides the settings: an audit');
    expect(loadgenSettings(config, 'PerformanceOnly').accuracy_log_rng_seed).toBe(720381539243781796n);
  });

  it('is kept in the saved config', () => {
    const config = resolveServer({ audit });
    expect(configFromJson(toJson(config))).toStrictEqual(config);
  });
});

describe('FindPeakPerformance', () => {
  it('is for Server alone', () => {
    expect(resolveServer({}, '--test_mode=FindPeakPerformance').test_modes).toEqual(['FindPeakPerformance']);
    expect(() => resolve({}, '--test_mode=FindPeakPerformance')).toThrow(
      'FindPeakPerformance searches the highest rate of Server and cannot be run in Offline; give --scenarios=Server',
    );
  });
});
