// Precedence, provenance, purity, and what is derived when a run is resolved.

import { describe, expect, test } from 'vitest';
import { loadgenSettings } from '../../configs/benchmark-config.js';
import type { BenchmarkConfig } from '../../configs/benchmark-config.js';
import { checkBenchmarkConfig, checkSystemConfigs } from '../../configs/check-file.js';
import { loadBenchmarkConfigs } from '../../configs/load.js';
import { resolveConfigs } from '../../configs/resolve.js';
import type { SystemForConfigs } from '../../configs/layers.js';
import { scenarios } from '../../configs/test-settings.js';
import { flagsOf } from './flags-of.js';

const shipped = loadBenchmarkConfigs('.', 'bert', scenarios);
const system: SystemForConfigs = { system_id: 'Test_1x_CPU', available_cores: 8 };

const resolve = (...argv: readonly string[]) =>
  resolveConfigs({ flags: flagsOf(...argv), benchmarkConfigs: shipped, system });
const resolveFirst = (...argv: readonly string[]): BenchmarkConfig => {
  const [first] = resolve(...argv);
  if (first === undefined) throw new Error('nothing resolved');
  return first;
};

describe('each layer wins over the ones below it', () => {
  const file = (settings: object, config_ver: object = {}) =>
    checkBenchmarkConfig(
      { benchmark: 'bert', scenario: 'Server', settings, config_ver },
      'configs/bert/Server/config.json',
      'bert',
      'Server',
    );
  const withSystem = (settings: object, config_ver: object = {}): SystemForConfigs => ({
    ...system,
    configs: checkSystemConfigs({ bert: { Server: { settings, config_ver } } }, 'systems/Test_1x_CPU.json'),
  });
  const server = 'configs/bert/Server/config.json';
  const inSystems = 'systems/Test_1x_CPU.json';

  test.each([
    { name: 'nothing', files: file({}), on: system, argv: [], value: 1, origin: 'default' },
    { name: 'the file', files: file({ batch_size: 2 }), on: system, argv: [], value: 2, origin: server },
    {
      name: 'its variant',
      files: file({ batch_size: 2 }, { default: { batch_size: 3 }, high_accuracy: { batch_size: 9 } }),
      on: system,
      argv: [],
      value: 3,
      origin: server,
    },
    {
      name: 'the system',
      files: file({ batch_size: 2 }, { default: { batch_size: 3 } }),
      on: withSystem({ batch_size: 4 }),
      argv: [],
      value: 4,
      origin: inSystems,
    },
    {
      name: 'its variant',
      files: file({ batch_size: 2 }),
      on: withSystem({ batch_size: 4 }, { default: { batch_size: 5 } }),
      argv: [],
      value: 5,
      origin: inSystems,
    },
    {
      name: 'a flag',
      files: file({ batch_size: 2 }),
      on: withSystem({ batch_size: 4 }, { default: { batch_size: 5 } }),
      argv: ['--batch_size=6'],
      value: 6,
      origin: 'flag',
    },
  ])('$name says $value', ({ files, on, argv, value, origin }) => {
    const flags = flagsOf('--scenarios=Server', ...argv);
    const [config] = resolveConfigs({ flags, benchmarkConfigs: [files], system: on });
    expect(config?.settings.batch_size).toBe(value);
    expect(config?.provenance['batch_size']).toEqual({ value, origin });
  });

  test('--min_duration wins over --quick, and --quick over the file', () => {
    expect(resolveFirst('--quick').provenance['min_duration_ms']).toEqual({
      value: 10_000,
      origin: 'flag',
      note: '--quick',
    });
    expect(resolveFirst('--quick', '--min_duration=3000').loadgen.min_duration_ms).toBe(3000);
    expect(resolveFirst().loadgen.min_duration_ms).toBe(600_000);
  });
});

describe('resolving is pure', () => {
  const argv = ['--quick', '--config_ver=all', '--server_target_qps=20'];

  test('the same input gives deep-equal output', () => {
    expect(resolve(...argv)).toStrictEqual(resolve(...argv));
  });

  test('the output is frozen at every depth', () => {
    const isFrozen = (value: unknown): boolean =>
      typeof value !== 'object' || value === null
        ? true
        : Object.isFrozen(value) && Object.values(value).every(isFrozen);
    expect(isFrozen(resolve(...argv))).toBe(true);
  });

  test('the input is left as it was', () => {
    const before = structuredClone(shipped);
    resolve(...argv);
    expect(shipped).toEqual(before);
  });
});

test('every setting of a run has a provenance with the value in use', () => {
  for (const config of resolve('--scenarios=all', '--config_ver=all')) {
    const used = { ...config.settings, ...config.loadgen };
    for (const [key, { value }] of Object.entries(config.provenance)) {
      expect(used[key as keyof typeof used], key).toBe(value);
    }
    const unexplained = Object.keys(used).filter((key) => config.provenance[key] === undefined);
    expect(unexplained.every((key) => /expected|server_target_qps/.test(key))).toBe(true);
  }
});

test('one config per variant and scenario, in the order of the flags', () => {
  const configs = resolve('--config_ver=high_accuracy,default', '--scenarios=Server,Offline');
  expect(configs.map((each) => [each.benchmark_full, each.scenario, each.settings.precision])).toEqual([
    ['bert-99.9', 'Server', 'fp32'],
    ['bert-99.9', 'Offline', 'fp32'],
    ['bert-99', 'Server', 'int8'],
    ['bert-99', 'Offline', 'int8'],
  ]);
  expect(configs.map((each) => each.accuracy_target)).toEqual([0.999, 0.999, 0.99, 0.99]);
});

test('the rules of BERT come with their label', () => {
  const [offline, server, single] = resolve();
  expect(server?.loadgen).toMatchObject({
    server_target_latency_ns: 130_000_000,
    server_target_latency_percentile: 0.99,
    min_duration_ms: 600_000,
    qsl_rng_seed: 3066443479025735752n,
    sample_index_rng_seed: 10688027786191513374n,
    schedule_rng_seed: 14962580496156340209n,
  });
  expect(offline?.loadgen.min_query_count).toBe(10_833);
  expect(single?.loadgen.single_stream_target_latency_percentile).toBe(0.9);
  expect(server?.provenance['server_target_latency_ns']?.label).toBe('published');
});

describe('test modes', () => {
  test.each([
    [[], ['PerformanceOnly']],
    [['--quick'], ['PerformanceOnly', 'AccuracyOnly']],
    [['--fast'], ['PerformanceOnly', 'AccuracyOnly']],
    [['--fast', '--test_mode=AccuracyOnly'], ['AccuracyOnly']],
    [['--test_mode=SubmissionRun'], ['SubmissionRun']],
  ])('%j runs %j', (argv, modes) => {
    expect(resolveFirst(...argv).test_modes).toEqual(modes);
  });

  test('--quick judges the accuracy of each variant once, in the scenario named first; --fast in each', () => {
    const scored = (flag: string) =>
      resolve(flag, '--scenarios=Server,Offline', '--config_ver=all')
        .filter(({ test_modes }) => test_modes.includes('AccuracyOnly'))
        .map(({ config_ver, scenario }) => `${config_ver} ${scenario}`);
    expect(scored('--quick')).toEqual(['default Server', 'high_accuracy Server']);
    expect(scored('--fast')).toHaveLength(4);
  });
});

describe('sessions and threads follow the cores', () => {
  test.each([
    ['Offline', [], 8, 1],
    ['Server', [], 8, 1],
    ['MultiStream', [], 8, 1],
    ['SingleStream', [], 1, 8],
    ['Offline', ['--instances=3'], 3, 2],
    ['Offline', ['--instances=20'], 20, 1],
    ['Offline', ['--threads_per_instance=4'], 2, 4],
    ['SingleStream', ['--threads_per_instance=4'], 1, 4],
    ['Server', ['--instances=2', '--threads_per_instance=2'], 2, 2],
  ])('%s with %j: %i x %i', (scenario, argv, instances, threads_per_instance) => {
    const { settings, provenance } = resolveFirst(`--scenarios=${scenario}`, ...argv);
    expect(settings).toMatchObject({ instances, threads_per_instance });
    const isGiven = argv.some((flag) => flag.startsWith('--instances'));
    expect(provenance['instances']?.label).toBe(isGiven ? undefined : 'derived');
  });
});

describe('a short run asks for as many queries as early stopping needs', () => {
  test.each([
    ['Server', ['--quick'], 700],
    ['Server', ['--fast'], 700],
    ['Server', [], 100],
    ['Server', ['--quick', '--min_query_count=50'], 50],
    ['Server', ['--quick', '--max_query_count=300'], 300],
    ['Server', ['--quick', '--server_target_qps=24'], 700],
    ['Server', ['--quick', '--server_target_qps=23'], 230],
    ['Server', ['--quick', '--server_target_qps=0.01'], 1],
    ['Server', ['--quick', '--server_target_qps=23', '--min_query_count=700'], 700],
    ['Server', ['--fast', '--server_target_qps=4'], 700],
    ['Server', ['--fast', '--server_target_qps=3'], 180],
    ['Server', ['--server_target_qps=0.01'], 100],
    ['SingleStream', ['--quick'], 64],
    ['SingleStream', ['--quick', '--single_stream_expected_latency_ns=15e6'], 662],
    ['SingleStream', ['--quick', '--single_stream_expected_latency_ns=16e6'], 64],
    ['MultiStream', ['--quick'], 662],
    ['Offline', ['--quick'], 1],
  ])('%s %j: %i', (scenario, argv, count) => {
    expect(resolveFirst(`--scenarios=${scenario}`, ...argv).loadgen.min_query_count).toBe(count);
  });
});

describe('a target that nobody gave', () => {
  test.each([
    ['Offline', [], ['offline_expected_qps']],
    ['Server', [], ['server_target_qps']],
    ['SingleStream', [], ['single_stream_expected_latency_ns']],
    ['MultiStream', [], ['multi_stream_expected_latency_ns']],
    ['Server', ['--server_target_qps=10'], []],
    ['Offline', ['--test_mode=AccuracyOnly'], []],
    ['Server', ['--test_mode=AccuracyOnly'], ['server_target_qps']],
  ])('%s %j needs %j', (scenario, argv, needs) => {
    expect(resolveFirst(`--scenarios=${scenario}`, ...argv).needs_probe).toEqual(needs);
  });

  test('is an error with --no-probe, for each scenario at once', () => {
    expect(() => resolve('--no-probe', '--scenarios=Server,Offline')).toThrowErrorMatchingInlineSnapshot(`
      [ConfigError: Server needs --server_target_qps, and --no-probe forbids measuring it. Give it, or leave --no-probe out.
      Offline needs --offline_expected_qps, and --no-probe forbids measuring it. Give it, or leave --no-probe out.]
    `);
  });

  test('cannot be run before it is measured', () => {
    expect(() => loadgenSettings(resolveFirst('--scenarios=Server'), 'PerformanceOnly')).toThrow(
      'Server needs --server_target_qps',
    );
  });

  test('is not needed for the settings of an accuracy run', () => {
    const config = resolveFirst('--scenarios=Offline', '--test_mode=AccuracyOnly');
    expect(loadgenSettings(config, 'AccuracyOnly')).toMatchObject({
      scenario: 'Offline',
      mode: 'AccuracyOnly',
    });
  });
});

describe('a run says why it cannot be submitted', () => {
  const official = ['--model=models/bert-large', '--data=dev-v1.1.json'];

  test.each([
    [[], true, []],
    [['--min_duration=700000'], true, []],
    [['--min_query_count=30000', '--performance_sample_count=20000'], true, []],
    [['--min_query_count=10000'], false, [/min_query_count is 10000, the rules want 10833/]],
    [
      ['--scenarios=Server', '--server_target_latency_ns=200e6'],
      false,
      [/server_target_latency_ns is 200000000/],
    ],
    [['--qsl_rng_seed=1'], false, [/qsl_rng_seed is 1, the rules want 3066443479025735752/]],
    [['--min_duration=1000'], false, [/min_duration_ms is 1000/]],
    [['--quick', '--scenarios=Server'], false, [/--quick run/, /min_duration_ms is 10000/]],
    [['--engine=null'], false, [/null engine/]],
    [['--scenarios=MultiStream'], false, [/MultiStream/]],
  ])('%j: %j', (argv, submittable, reasons) => {
    const config = resolveFirst(...official, ...argv);
    expect(config.submittable).toBe(submittable);
    expect(config.not_submittable_because).toHaveLength(reasons.length);
    for (const reason of reasons) expect(config.not_submittable_because.join('\n')).toMatch(reason);
  });

  test('the default model and data are not the official ones', () => {
    expect(resolveFirst().not_submittable_because).toEqual([
      'the model is not the official BERT-Large',
      'the data set is not the official SQuAD v1.1 development set',
    ]);
  });
});

test('settings that contradict each other are named together', () => {
  expect(() =>
    resolve(
      '--max_duration=5',
      '--min_query_count=10',
      '--max_query_count=5',
      '--performance_issue_same',
      '--performance_issue_unique',
      '--doc_stride=350',
      '--scenarios=Offline',
    ),
  ).toThrowErrorMatchingInlineSnapshot(`
    [ConfigError: max_duration_ms must be 0 (no limit) or at least min_duration_ms (600000), got 5
    max_query_count must be 0 (no limit) or at least min_query_count (10), got 5
    performance_issue_unique and performance_issue_same exclude each other; give one of them
    doc_stride must be at most max_seq_length - max_query_length - 3 (317), or words would be skipped; got 350]
  `);
  expect(() => resolve('--max_query_length=384')).toThrow(
    'max_query_length must be at most max_seq_length - 4 (380)',
  );
});

test('a scenario without a config file is named', () => {
  expect(() =>
    resolveConfigs({ flags: flagsOf('--scenarios=Offline'), benchmarkConfigs: [], system }),
  ).toThrow('configs/bert/Offline/config.json: no such file');
});
