// Every setting of a benchmark run beside LoadGen's own: meaning, unit, default, sentence, and what else it is called.
// Flags, --help, config files and the JSON Schema are all made from here, selection.ts and test-settings.ts.

import { z } from 'zod';
import { engines, precisions, providers } from './engine-choices.js';
import { gpuSettingsSchema } from './gpu-settings.js';
import type { Selection } from './selection.js';
import { testSettingsSchema } from './test-settings.js';
import type { Scenario, TestSettings } from './test-settings.js';

const path = () => z.string().min(1);
const positiveInt = () => z.int().positive();

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
