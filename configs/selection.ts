// What one call of the program does: which runs, of which machine, and where their logs go.

import { z } from 'zod';
import { rulesRounds } from './rules/rounds.js';
import { scenarios, testModes } from './test-settings.js';
import type { Scenario } from './test-settings.js';
import { accuracyTargets, configVers, harnessTypes, powerSettings } from './variants.js';

export const actions = ['run', 'generate_engines', 'run_harness', 'preprocess_data'] as const;
export const benchmarks = ['bert'] as const;
export type Action = (typeof actions)[number];
export type Benchmark = (typeof benchmarks)[number];

/** The scenarios of BERT, run in this order when none is named. MultiStream exists, but BERT is never submitted so. */
export const defaultScenarios = ['Offline', 'Server', 'SingleStream'] as const satisfies readonly Scenario[];

const list = <const V extends readonly [string, ...string[]]>(values: V) => z.array(z.enum(values)).min(1);
const path = () => z.string().min(1);

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

/** What one call does, complete. */
export type Selection = Readonly<z.output<typeof selectionSchema>>;
