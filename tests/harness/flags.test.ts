// The command line: spellings, values, mistakes (all at once) and the text of --help.

import { describe, expect, test } from 'vitest';
import { ConfigError, exitCodes } from '../../configs/errors.js';
import { settingTable } from '../../configs/setting-table.js';
import { commands } from '../../harness/commands.js';
import { helpText, parseFlags } from '../../harness/flags.js';

function parse(...argv: readonly string[]) {
  const line = parseFlags(argv);
  if (line.kind !== 'run') throw new Error(`not a run: ${argv.join(' ')}`);
  return line.flags;
}

function problemsOf(...argv: readonly string[]): readonly string[] {
  try {
    parseFlags(argv);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').slice(0, -1);
    throw error;
  }
  return [];
}

test('nothing typed: every default, nothing overridden', () => {
  expect(parse()).toEqual({
    selection: {
      action: 'run',
      benchmarks: ['bert'],
      scenarios: ['Offline', 'Server', 'SingleStream'],
      config_ver: ['default'],
      quick: false,
      fast: false,
      quiet: false,
      rules: 'v4.1',
      dry_run: false,
    },
    overrides: {},
  });
});

describe('spellings of a flag', () => {
  test.each([
    [['--server_target_qps=12.5'], { server_target_qps: 12.5 }],
    [['--server-target-qps=12.5'], { server_target_qps: 12.5 }],
    [['--server_target_qps', '12.5'], { server_target_qps: 12.5 }],
    [['--server-target-qps', '1.25e1'], { server_target_qps: 12.5 }],
    [['--min_duration=60000'], { min_duration_ms: 60_000 }],
    [['--min-duration=60000'], { min_duration_ms: 60_000 }],
    [['--max_duration=90000'], { max_duration_ms: 90_000 }],
    [['--gpu_batch_size=4'], { batch_size: 4 }],
    [['--gpu_batch_size=2'], { batch_size: 2 }],
    [['--performance_sample_count=64'], { performance_sample_count_override: 64 }],
    [['--qsl_rng_seed=18446744073709551615'], { qsl_rng_seed: 18446744073709551615n }],
    [['--precision=INT8'], { precision: 'int8' }],
    [['--model=models/a=b'], { model: 'models/a=b' }],
  ])('%j', (argv, overrides) => {
    expect(parse('--scenarios=all', ...argv).overrides).toEqual(overrides);
  });

  test.each(['--fast', '--test_run', '--test-run', '--fast=true', '--test_run=1'])('%s is fast', (flag) => {
    expect(parse(flag).selection.fast).toBe(true);
  });
});

describe('switches can be turned off', () => {
  test.each(['--probe=false', '--probe=0', '--no-probe', '--no_probe', '--probe=off', '--probe=No'])(
    '%s',
    (flag) => {
      expect(parse(flag).overrides).toEqual({ probe: false });
    },
  );

  test.each(['--save_latencies', '--save-latencies', '--save_latencies=true', '--save_latencies=1'])(
    '%s is on',
    (flag) => {
      expect(parse(flag).overrides).toEqual({ save_latencies: true });
    },
  );

  test('a number of 0 is a value, not nothing', () => {
    expect(parse('--max_query_count=0', '--stall_timeout_ms=0').overrides).toEqual({
      max_query_count: 0,
      stall_timeout_ms: 0,
    });
  });
});

describe('words in any case', () => {
  test.each([
    ['--scenarios=offline', ['Offline']],
    ['--scenarios=Single-Stream,SERVER', ['SingleStream', 'Server']],
    ['--scenarios=singlestream, multi_stream', ['SingleStream', 'MultiStream']],
    ['--scenarios=Offline,offline', ['Offline']],
    ['--scenarios=all', ['SingleStream', 'MultiStream', 'Server', 'Offline']],
  ])('%s', (flag, scenarios) => {
    expect(parse(flag).selection.scenarios).toEqual(scenarios);
  });

  test.each([
    ['--config_ver=default,high_accuracy', ['default', 'high_accuracy']],
    ['--config_ver=High-Accuracy', ['high_accuracy']],
    ['--config_ver=ALL', ['default', 'high_accuracy']],
    ['--config_ver=maxq,all', ['maxq', 'default', 'high_accuracy']],
    ['--config_ver=maxq_high_accuracy_triton,hetero', ['maxq_high_accuracy_triton', 'hetero']],
    ['--accuracy_target=.999', ['high_accuracy']],
    ['--accuracy_target=k_99', ['default']],
    ['--power_setting=maxq', ['maxq']],
    ['--harness_type=Triton', ['triton']],
    ['--harness_type=auto', ['default']],
  ])('%s', (flag, configVers) => {
    expect(parse(flag).selection.config_ver).toEqual(configVers);
  });

  test('the words of later rounds put a variant together', () => {
    expect(
      parse('--accuracy_target=0.999', '--power-setting=MaxQ', '--harness-type=triton_unified').selection
        .config_ver,
    ).toEqual(['maxq_high_accuracy_triton_unified']);
  });

  test('benchmarks, test mode and action', () => {
    const { selection } = parse('--benchmarks=BERT', '--test_mode=accuracyonly', '--action=run-harness');
    expect(selection).toMatchObject({
      benchmarks: ['bert'],
      test_mode: 'AccuracyOnly',
      action: 'run_harness',
    });
  });
});

describe('mistakes', () => {
  test('come all at once', () => {
    expect(
      problemsOf(
        '--servr_target_qps=5',
        '--quick',
        '--no-quick',
        '--batch_size=-1',
        '--server_target_latency_percentile=1.0',
        '--scenarios=Ofline',
        '--min_duration=NaN',
        '--instances=1.5',
        '--config_ver=',
        '--save_latencies=maybe',
        '--system_name=../x',
        'stray',
      ).join('\n'),
    ).toMatchInlineSnapshot(`
      "unexpected argument "stray": flags start with --
      unknown flag --servr_target_qps; did you mean "--server_target_qps"?
      --quick is given 2 times; give it once
      --batch_size must be greater than 0, got -1
      --server_target_latency_percentile must be less than 1, got 1
      --scenarios must be SingleStream, MultiStream, Server or Offline, got "Ofline"; did you mean "Offline"?
      --min_duration_ms must be a number, got "NaN"
      --instances must be a whole number, got 1.5
      --config_ver needs a value: Variants, comma list; default keeps 99 % of the reference F1, high_accuracy 99.9 %; all = both of them. The others hold published values of GPU systems.
      --save_latencies must be true or false, got "maybe"
      --system_name must be letters, digits, ".", "-" and "_" (it names a folder), got "../x""
    `);
  });

  test.each([
    ['--server_target_qps=NaN', '--server_target_qps must be a number, got "NaN"'],
    ['--server_target_qps=Infinity', '--server_target_qps must be a number, got "Infinity"'],
    ['--server_target_qps=1e999', '--server_target_qps must be a number, got Infinity'],
    ['--server_target_qps=-3', '--server_target_qps must be greater than 0, got -3'],
    ['--server_target_qps=0', '--server_target_qps must be greater than 0, got 0'],
    ['--server_target_qps=5qps', '--server_target_qps must be a number, got "5qps"'],
    [
      '--server_target_latency_percentile=99',
      '--server_target_latency_percentile must be less than 1, got 99',
    ],
    ['--min_duration=-1', '--min_duration_ms must be at least 0, got -1'],
    ['--min_duration=1.5', '--min_duration_ms must be a whole number, got 1.5'],
    ['--qsl_rng_seed=18446744073709551616', '--qsl_rng_seed must be a uint64 (0 to 2^64 - 1), got'],
    ['--qsl_rng_seed=-1', '--qsl_rng_seed must be a whole number from 0 to 2^64 - 1'],
    ['--scenarios=,', '--scenarios must not be an empty list'],
    ['--scenarios=', '--scenarios needs a value'],
    ['--scenarios', '--scenarios needs a value'],
    ['--benchmarks=resnet50', '--benchmarks must be bert, got "resnet50"'],
    [
      '--precision=int4',
      '--precision must be fp32, fp16, int8, bf16 or fp8, got "int4"; did you mean "int8"?',
    ],
    [
      '--test_mode=FindPeak',
      '--test_mode must be SubmissionRun, AccuracyOnly, PerformanceOnly or FindPeakPerformance, got "FindPeak"',
    ],
    ['--rules=v7.0', '--rules must be v0.5'],
    ['--logfile_prefix=a/b', '--logfile_prefix must not name a folder'],
    ['--soft_drop=1.5', '--soft_drop must be at most 1, got 1.5'],
    ['--benchmark=bert', 'unknown flag --benchmark; did you mean "--benchmarks"?'],
    ['--gpu_batch_sise=3', 'unknown flag --gpu_batch_sise; did you mean "--gpu_batch_size"?'],
    ['-x', 'unknown flag'],
    ['--scenario.x=1', 'unknown flag'],
    ['--__proto__=1', 'unknown flag'],
    ['--constructor=1', 'unknown flag --constructor'],
  ])('%s: %s', (flag, message) => {
    const problems = problemsOf(flag, ...(flag.includes('scenarios') ? [] : ['--scenarios=all']));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  test.each([
    ['--batch_size=1', '--batch_size=2'],
    ['--batch_size=1', '--gpu_batch_size=1'],
    ['--batch-size', '1', '--batch_size=1'],
  ])('a flag given twice is refused: %s %s', (...argv) => {
    expect(problemsOf(...argv)).toEqual(['--batch_size is given 2 times; give it once']);
  });

  test.each([
    ['--offline_expected_qps=5', '--scenarios=Server', 'belongs to Offline, but --scenarios is Server'],
    [
      '--server_target_qps=5',
      '--scenarios=Offline,SingleStream',
      'belongs to Server, but --scenarios is Offline,SingleStream',
    ],
    [
      '--multi_stream_samples_per_query=5',
      '--quick',
      'belongs to MultiStream, but --scenarios is Offline,Server,SingleStream',
    ],
    ['--quick', '--fast', '--quick and --fast exclude each other'],
    ['--system=T4x8', '--system_file=x.json', '--system and --system_file exclude each other'],
    [
      '--config_ver=maxq',
      '--power_setting=MaxQ',
      '--config_ver and --power_setting say the same in two ways',
    ],
    ['--harness_type=hetero', '--power_setting=MaxQ', 'no submission has combined these'],
    ['--config=c.json', '--batch_size=2', '--config brings all settings; leave out --batch_size'],
  ])('%s %s: %s', (first, second, message) => {
    expect(problemsOf(first, second)).toEqual([expect.stringContaining(message)]);
  });

  test('no flag is called senseless while the scenarios are misspelt', () => {
    expect(problemsOf('--scenarios=Multi', '--multi_stream_samples_per_query=4')).toEqual([
      expect.stringContaining('--scenarios must be'),
    ]);
  });

  test('what goes well beside a saved config', () => {
    expect(problemsOf('--config=c.json', '--quiet', '--log_dir=logs', '--dry_run')).toEqual([]);
  });
});

describe('--help', () => {
  test.each([['--help'], ['-h'], ['--quick', '--help'], ['--help', '--nonsense=1']])(
    '%s %s asks for it',
    (...argv) => {
      expect(parseFlags(argv)).toEqual({ kind: 'help' });
    },
  );

  test('names every command with its sentence', async () => {
    const text = await helpText();
    for (const { name, summary } of commands)
      expect(text).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
  });

  test('--version asks for the version', () => {
    expect(parseFlags(['--version'])).toEqual({ kind: 'version' });
  });

  test('names every flag and every exit code', async () => {
    const text = await helpText();
    for (const { key, aliases } of settingTable) {
      for (const name of [key, ...aliases]) expect(text).toMatch(new RegExp(`--${name}\\b`));
    }
    for (const { code, meaning } of Object.values(exitCodes)) {
      expect(text).toContain(`${String(code).padStart(5)}  ${meaning}`);
    }
  });

  test('every setting has a sentence that ends as one', () => {
    for (const { key, description } of settingTable) expect(description, key).toMatch(/^\S.*[.)]$/);
  });

  test('reads so', async () => {
    const text = await helpText();
    const groups = ['What to run', 'Engine', 'Targets that nobody gave'];
    const sections = text
      .split('\n\n')
      .filter((section) => groups.some((group) => section.startsWith(`${group}\n`)));
    const closing = text.slice(text.indexOf('Flags: ')).replace(/Commands \(loadrig[^]*?\n\n/, '');
    expect([...sections, closing].join('\n\n')).toMatchInlineSnapshot(`
      "What to run
            --action            What to do; run = generate_engines, then run_harness. Make targets set it. [run |
                                generate_engines | run_harness | preprocess_data; default: run]
            --benchmarks        Benchmarks, comma list. [bert; default: bert]
            --scenarios         Scenarios, comma list in any case; one run follows the other. [SingleStream |
                                MultiStream | Server | Offline; default: Offline,Server,SingleStream]
            --config_ver        Variants, comma list; default keeps 99 % of the reference F1, high_accuracy 99.9 %;
                                all = both of them. The others hold published values of GPU systems. [default |
                                high_accuracy | triton | high_accuracy_triton | triton_unified |
                                high_accuracy_triton_unified | maxq | maxq_high_accuracy | maxq_triton |
                                maxq_high_accuracy_triton | maxq_triton_unified | maxq_high_accuracy_triton_unified
                                | hetero | hetero_high_accuracy; default: default]
            --accuracy_target   The accuracy part of config_ver in the words of later rounds; .99 and .999 are taken
                                too. [k_99 | k_99_9; default: what config_ver says]
            --power_setting     The power part of config_ver: MaxQ = maxq. [MaxP | MaxQ; default: what config_ver
                                says]
            --harness_type      The harness part of config_ver. [custom | triton | triton_unified | hetero; default:
                                what config_ver says]
            --test_mode         Speed, accuracy, both in one log (SubmissionRun), or a search for the highest Server
                                rate that keeps its bound (FindPeakPerformance). [SubmissionRun | AccuracyOnly |
                                PerformanceOnly | FindPeakPerformance; default: PerformanceOnly; with --fast:
                                PerformanceOnly, then AccuracyOnly; with --quick the latter in the first scenario]
            --rules             Round whose rules hold: seeds, durations, query counts, percentiles, which scenarios
                                and audits there are, and the labels in the summary. [v0.5 | v0.7 | v1.0 | v1.1 |
                                v2.0 | v2.1 | v3.0 | v3.1 | v4.0 | v4.1 | v5.0 | v5.1 | v6.0 | v6.1; default: v4.1]
            --mlperf_conf_path  LoadGen's mlperf.conf, in the place of the rules of the round. [default: mlperf.conf
                                in the working directory where there is one]
            --user_conf_path    LoadGen's user.conf; it wins over the rules, configs/ and systems/, flags win over
                                it. [default: user.conf in the working directory where there is one]
            --quick             Runs of 10 s (Offline: at least 1 sample; Server: up to 30 s, as long as a verdict
                                needs), accuracy once. Not submittable.
            --fast, --test_run  Runs of 60 s (Offline: at least 1 sample; Server: up to 180 s, as long as a verdict
                                needs), each with accuracy. Not submittable.
            --config            Repeat a run from the config.json saved beside its logs. [default: resolve from
                                configs/, systems/ and flags]
            --system            System id of systems/ (loadrig list systems), or GPU and number (H200-SXM-141GBx2):
                                resolve for that machine instead of this one. [default: the detected system]
            --system_file       JSON file that describes this machine and its settings. [default: systems/<system
                                id>.json where it exists]
        -h, --help              Show this text.
            --version           Show the version.

      Engine
            --engine                        What runs the model: onnxruntime on the CPU, tensorrt on NVIDIA GPUs;
                                            null answers at once and measures the driver itself. [onnxruntime |
                                            tensorrt | null; default: onnxruntime; tensorrt where --system or
                                            --system_file names a machine with GPUs]
            --provider                      Execution provider of ONNX Runtime. A profiled warm-up run proves that
                                            it computes; there is no silent way back to the CPU. [cpu | cuda |
                                            tensorrt | webgpu; default: cpu]
            --precision                     Number format of the weights (config_ver default: int8, high_accuracy:
                                            fp32, on GPUs fp16 or fp8). fp8 = an fp16 network with fp8 GEMMs.
                                            onnxruntime runs fp32, fp16 and int8. [fp32 | fp16 | int8 | bf16 | fp8;
                                            default: fp32]
            --batch_size, --gpu_batch_size  Most samples in one inference. [samples; default: 1]
            --instances                     Sessions side by side. [default: one per core; SingleStream: 1; provider
                                            cuda or tensorrt: one per GPU; engine tensorrt: GPUs ×
                                            gpu_inference_streams]
            --threads_per_instance          Threads inside one session. [default: cores / instances]
            --model, --model_path           Folder with config.json, model.safetensors and vocab.txt of a
                                            BertForQuestionAnswering. [default: data/models/minilm-qa]
            --stall_timeout_ms              Give the run up when no sample completes for this long; 0 = never. [ms;
                                            default: 60000]

      Targets that nobody gave
            --probe                     Measure a missing target with a short probe; with --no-probe a missing
                                        target is an error. [default: true]
            --probe_duration_ms         Length of the probe. [ms; default: 2000]
            --server_capacity_fraction  Server: most of the measured throughput that a derived server_target_qps
                                        asks for. [fraction; default: 0.45]

      Flags: --server_target_qps and --server-target-qps are the same; --flag=false and --no-flag switch off;
      lists are separated by commas; words are taken in any case (singlestream, Single-Stream).
      Defaults here are the schema's; --dry_run shows what applies, and why:
      schema defaults < rules of the round < configs/<benchmark>/<Scenario>/config.json < systems/<system id>.json
      < user.conf < flags; an audit.config in the working directory wins over all of them.

      Exit codes:
          0  every run VALID and every accuracy PASSED
          1  a bug in loadrig (the stack is printed; please report it)
          2  a flag, a config file or the data set is wrong
          3  the machine lacks something: a file, a library, permission, disk space
          4  the engine or the run broke; logs up to then are kept
          5  a run finished but is INVALID
          6  the accuracy is below its threshold
        130  stopped by Ctrl-C; logs are written and marked interrupted

      Examples:
        make run RUN_ARGS="--quick"
        make run RUN_ARGS="--benchmarks=bert --scenarios=Offline,Server --test_mode=AccuracyOnly"
        make run_harness RUN_ARGS="--scenarios=server --server_target_qps=40 --min_duration=120000 --dry_run"
      "
    `);
  });
});
