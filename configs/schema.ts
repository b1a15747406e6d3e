// Every setting of the harness beside LoadGen's own: meaning, unit, default, sentence, and what else it is called.
// Flags, --help, config files and the JSON Schema are all made from here and from test-settings.ts.

import { z } from 'zod';
import { gpuSettingsSchema } from './gpu-settings.js';
import { rulesRounds } from './rules/rounds.js';
import { scenarios, testModes, testSettingsSchema } from './test-settings.js';
import type { Scenario, TestSettings } from './test-settings.js';
import { accuracyTargets, configVers, harnessTypes, powerSettings } from './variants.js';

declare module 'zod' {
  interface GlobalMeta {
    /** Unit of the value, for people. */
    unit?: string;
    /** Heading of --help. */
    group?: Group;
    /** Other spellings of the flag. */
    aliases?: readonly string[];
    /** What applies when nothing is said, where the schema itself has no default. */
    unset?: string;
    /** The engines a setting has a meaning for; all where it is absent. */
    engines?: readonly EngineName[];
  }
}

export const groups = [
  'What to run',
  'Engine',
  'GPU engine',
  'Data set',
  'Output',
  'Targets that nobody gave',
  'LoadGen: targets and bounds',
  'LoadGen: length of a run',
  'LoadGen: seeds and accuracy log',
  'LoadGen: special tests',
] as const;
export type Group = (typeof groups)[number];

export const actions = ['run', 'generate_engines', 'run_harness', 'preprocess_data'] as const;
export const benchmarks = ['bert'] as const;
export const engines = ['onnxruntime', 'tensorrt', 'null'] as const;
export const providers = ['cpu', 'cuda', 'tensorrt', 'webgpu'] as const;
export const precisions = ['fp32', 'fp16', 'int8', 'bf16', 'fp8'] as const;

export type Action = (typeof actions)[number];
export type Benchmark = (typeof benchmarks)[number];
export type EngineName = (typeof engines)[number];
export type Provider = (typeof providers)[number];
export type Precision = (typeof precisions)[number];

/** The scenarios of BERT, run in this order when none is named. MultiStream exists, but BERT is never submitted so. */
export const defaultScenarios = ['Offline', 'Server', 'SingleStream'] as const satisfies readonly Scenario[];

const list = <const V extends readonly [string, ...string[]]>(values: V) => z.array(z.enum(values)).min(1);
const path = () => z.string().min(1);
const positiveInt = () => z.int().positive();

/** A name that becomes a folder of the logs. */
export const systemNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be letters, digits, ".", "-" and "_" (it names a folder)');

/** What one call of the program does; flags only, never in config files. */
export const selectionSchema = z.strictObject({
  action: z.enum(actions).default('run').meta({
    group: 'What to run',
    description: 'What to do; run = generate_engines, then run_harness. Make targets set it.',
  }),
  benchmarks: list(benchmarks)
    .default([...benchmarks])
    .meta({ group: 'What to run', description: 'Benchmarks, comma list.' }),
  scenarios: list(scenarios)
    .default([...defaultScenarios])
    .meta({
      group: 'What to run',
      description: 'Scenarios, comma list in any case; one run follows the other.',
    }),
  config_ver: list(configVers).default(['default']).meta({
    group: 'What to run',
    description:
      'Variants, comma list; default keeps 99 % of the reference F1, high_accuracy 99.9 %; all = both of them. The others hold published values of GPU systems.',
  }),
  accuracy_target: z.enum(accuracyTargets).optional().meta({
    group: 'What to run',
    description: 'The accuracy part of config_ver in the words of later rounds; .99 and .999 are taken too.',
    unset: 'what config_ver says',
  }),
  power_setting: z.enum(powerSettings).optional().meta({
    group: 'What to run',
    description: 'The power part of config_ver: MaxQ = maxq.',
    unset: 'what config_ver says',
  }),
  harness_type: z.enum(harnessTypes).optional().meta({
    group: 'What to run',
    description: 'The harness part of config_ver.',
    unset: 'what config_ver says',
  }),
  test_mode: z.enum(testModes).optional().meta({
    group: 'What to run',
    description:
      'Speed, accuracy, both in one log (SubmissionRun), or a search for the highest Server rate that keeps its bound (FindPeakPerformance).',
    unset:
      'PerformanceOnly; with --fast: PerformanceOnly, then AccuracyOnly; with --quick the latter in the first scenario',
  }),
  rules: z.enum(rulesRounds).default('v4.1').meta({
    group: 'What to run',
    description:
      'Round whose rules hold: seeds, durations, query counts, percentiles, which scenarios and audits there are, and the labels in the summary.',
  }),
  mlperf_conf_path: path().optional().meta({
    group: 'What to run',
    description: "LoadGen's mlperf.conf, in the place of the rules of the round.",
    unset: 'mlperf.conf in the working directory where there is one',
  }),
  user_conf_path: path().optional().meta({
    group: 'What to run',
    description: "LoadGen's user.conf; it wins over the rules, configs/ and systems/, flags win over it.",
    unset: 'user.conf in the working directory where there is one',
  }),
  quick: z.boolean().default(false).meta({
    group: 'What to run',
    description:
      'Runs of 10 s (Offline: at least 1 sample; Server: up to 30 s, as long as a verdict needs), accuracy once. Not submittable.',
  }),
  fast: z
    .boolean()
    .default(false)
    .meta({
      group: 'What to run',
      description:
        'Runs of 60 s (Offline: at least 1 sample; Server: up to 180 s, as long as a verdict needs), each with accuracy. Not submittable.',
      aliases: ['test_run'],
    }),
  config: path().optional().meta({
    group: 'What to run',
    description: 'Repeat a run from the config.json saved beside its logs.',
    unset: 'resolve from configs/, systems/ and flags',
  }),
  system_name: systemNameSchema.optional().meta({
    group: 'Output',
    description: 'Name of this machine in logs and results.',
    unset: 'the detected system id',
  }),
  system: z.string().min(1).optional().meta({
    group: 'What to run',
    description:
      'System id of systems/ (loadrig list systems), or GPU and number (H200-SXM-141GBx2): resolve for that machine instead of this one.',
    unset: 'the detected system',
  }),
  system_file: path().optional().meta({
    group: 'What to run',
    description: 'JSON file that describes this machine and its settings.',
    unset: 'systems/<system id>.json where it exists',
  }),
  log_dir: path().optional().meta({
    group: 'Output',
    description: 'Folder of the logs; each call adds a dated folder.',
    unset: "build/logs of the program's own folder",
  }),
  quiet: z
    .boolean()
    .default(false)
    .meta({ group: 'Output', description: 'No progress, only results and errors.' }),
  dry_run: z
    .boolean()
    .default(false)
    .meta({ group: 'Output', description: 'Print the resolved settings with their origins, and stop.' }),
});

/** Settings of a benchmark run, in config files and flags alike. */
export const harnessSettingsSchema = z.strictObject({
  engine: z.enum(engines).default('onnxruntime').meta({
    group: 'Engine',
    description:
      'What runs the model: onnxruntime on the CPU, tensorrt on NVIDIA GPUs; null answers at once and measures the driver itself.',
    unset: 'onnxruntime; tensorrt where --system or --system_file names a machine with GPUs',
  }),
  provider: z
    .enum(providers)
    .default('cpu')
    .meta({
      group: 'Engine',
      description:
        'Execution provider of ONNX Runtime. A profiled warm-up run proves that it computes; there is no silent way back to the CPU.',
      engines: ['onnxruntime'],
    }),
  precision: z.enum(precisions).default('fp32').meta({
    group: 'Engine',
    description:
      'Number format of the weights (config_ver default: int8, high_accuracy: fp32, on GPUs fp16 or fp8). fp8 = an fp16 network with fp8 GEMMs. onnxruntime runs fp32, fp16 and int8.',
  }),
  batch_size: positiveInt()
    .default(1)
    .meta({
      group: 'Engine',
      unit: 'samples',
      description: 'Most samples in one inference.',
      aliases: ['gpu_batch_size'],
    }),
  instances: positiveInt()
    .optional()
    .meta({
      group: 'Engine',
      description: 'Sessions side by side.',
      unset:
        'one per core; SingleStream: 1; provider cuda or tensorrt: one per GPU; engine tensorrt: GPUs × gpu_inference_streams',
      engines: ['onnxruntime', 'null'],
    }),
  threads_per_instance: positiveInt()
    .optional()
    .meta({
      group: 'Engine',
      description: 'Threads inside one session.',
      unset: 'cores / instances',
      engines: ['onnxruntime', 'null'],
    }),
  model: path()
    .default('data/models/minilm-qa')
    .meta({
      group: 'Engine',
      description: 'Folder with config.json, model.safetensors and vocab.txt of a BertForQuestionAnswering.',
      aliases: ['model_path'],
    }),
  stall_timeout_ms: z.int().nonnegative().default(60_000).meta({
    group: 'Engine',
    unit: 'ms',
    description: 'Give the run up when no sample completes for this long; 0 = never.',
  }),

  ...gpuSettingsSchema.shape,

  data: path()
    .default('data/squad/xquad.en.json')
    .meta({ group: 'Data set', description: 'Questions in the SQuAD v1.1 JSON form.' }),
  max_seq_length: z.int().min(16).default(384).meta({
    group: 'Data set',
    unit: 'tokens',
    description: 'Longest feature: question, passage and 3 marks.',
  }),
  doc_stride: positiveInt().default(128).meta({
    group: 'Data set',
    unit: 'tokens',
    description: 'Step between the features of a passage that is too long for one.',
  }),
  max_query_length: positiveInt()
    .default(64)
    .meta({ group: 'Data set', unit: 'tokens', description: 'Questions are cut to this length.' }),

  logfile_prefix: z
    .string()
    .regex(/^[^/]*$/, 'must not name a folder')
    .default('mlperf_log_')
    .meta({ group: 'Output', description: "Start of the names of LoadGen's logs." }),
  logfile_suffix: z
    .string()
    .regex(/^[^/]*$/, 'must not name a folder')
    .default('')
    .meta({
      group: 'Output',
      description: "End of the names of LoadGen's logs, before the dot.",
      unset: 'none',
    }),
  logfile_prefix_with_datetime: z
    .boolean()
    .default(false)
    .meta({ group: 'Output', description: "Put date and time into the names of LoadGen's logs." }),
  log_copy_detail_to_stdout: z
    .boolean()
    .default(false)
    .meta({ group: 'Output', description: 'Print the detail log as well.' }),
  log_copy_summary_to_stdout: z
    .boolean()
    .default(false)
    .meta({ group: 'Output', description: 'Print the summary as well.' }),
  log_enable_trace: z
    .boolean()
    .default(false)
    .meta({
      group: 'Output',
      description: 'Also write mlperf_log_trace.json, for chrome://tracing and Perfetto.',
      aliases: ['enable_trace'],
    }),
  save_latencies: z.boolean().default(false).meta({
    group: 'Output',
    description: 'Also write every sample: scheduled, issued, completed, length.',
  }),

  probe: z.boolean().default(true).meta({
    group: 'Targets that nobody gave',
    description: 'Measure a missing target with a short probe; with --no-probe a missing target is an error.',
  }),
  probe_duration_ms: positiveInt()
    .default(2000)
    .meta({ group: 'Targets that nobody gave', unit: 'ms', description: 'Length of the probe.' }),
  server_capacity_fraction: z.number().gt(0).lte(1).default(0.45).meta({
    group: 'Targets that nobody gave',
    unit: 'fraction',
    description: 'Server: most of the measured throughput that a derived server_target_qps asks for.',
  }),
});

/** What one call does, complete. */
export type Selection = Readonly<z.output<typeof selectionSchema>>;
/** Harness settings as the schema gives them: instances and threads may be left to the machine. */
export type HarnessSettings = Readonly<z.output<typeof harnessSettingsSchema>>;

type AllSettings = HarnessSettings & Omit<TestSettings, 'scenario' | 'mode'>;
/** Name of a setting that config files and flags may give. */
export type SettingKey = keyof AllSettings;
/** Settings as one layer gives them: only what it says. */
export type SettingOverrides = { readonly [K in SettingKey]?: Exclude<AllSettings[K], undefined> };

/** All that the command line says. */
export interface Flags {
  readonly selection: Selection;
  readonly overrides: SettingOverrides;
}

/** The settings without which a scenario cannot be sized; measured when nobody gives them. */
export const targetKeys = {
  SingleStream: 'single_stream_expected_latency_ns',
  MultiStream: 'multi_stream_expected_latency_ns',
  Server: 'server_target_qps',
  Offline: 'offline_expected_qps',
} as const satisfies Record<Scenario, keyof TestSettings>;
export type TargetKey = (typeof targetKeys)[Scenario];

/** LoadGen's settings that flags and config files may give: all but the two that --scenarios and --test_mode choose. */
export const loadgenShape = testSettingsSchema.omit({ scenario: true, mode: true }).shape;
