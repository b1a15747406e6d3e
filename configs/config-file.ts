// The form of configs/<benchmark>/<Scenario>/config.json, of gpus.json beside it, and of the "configs" part of a
// systems/<id>.json.
//
// A value stands alone or with what it rests on: 600000 or { "value": 600000, "label": "published", "note": "…" }.

import { z } from 'zod';
import { labels } from './benchmark-config.js';
import type { Label } from './benchmark-config.js';
import { benchmarks } from './selection.js';
import type { SettingKey } from './schema.js';
import type { Benchmark } from './selection.js';
import { settingTable } from './setting-table.js';
import { scenarios } from './test-settings.js';
import type { Scenario } from './test-settings.js';
import { blocksFor, configVers } from './variants.js';
import type { ConfigVer } from './variants.js';

/** One setting as a file gives it. */
export interface FileSetting {
  readonly value: unknown;
  readonly label?: Label;
  readonly note?: string;
  /** Where exactly, if that is more than its layer says: a line of a conf file. */
  readonly origin?: string;
}
export type FileSettings = ReadonlyMap<SettingKey, FileSetting>;

/** Settings for all variants, and those of some, which win (variants.ts says which blocks hold for a variant). */
export interface SettingsBlock {
  readonly settings: FileSettings;
  readonly config_ver: Readonly<Partial<Record<ConfigVer, FileSettings>>>;
}

/** Whether a file or block is the one of a run. */
export const isFor =
  (benchmark: string, scenario: Scenario) =>
  (block: { readonly benchmark: string; readonly scenario: Scenario }): boolean =>
    block.benchmark === benchmark && block.scenario === scenario;

/** Some settings from one place. */
export interface Layer {
  /** `default`, `flag`, or the file that said them. */
  readonly origin: string;
  /** The `config_ver` block of that file; undefined = its settings for all variants. */
  readonly config_ver?: ConfigVer;
  readonly settings: FileSettings;
  /** Its published values are rules of the benchmark, not settings that somebody chose for a machine. */
  readonly isRules?: boolean;
}

/** The layers of one block for one variant, lowest first. */
export function blockLayers(origin: string, block: SettingsBlock, configVer: ConfigVer): readonly Layer[] {
  const given = configVers.filter((ver) => block.config_ver[ver] !== undefined);
  const ofVariant = blocksFor(configVer, given).flatMap((ver) => {
    const settings = block.config_ver[ver];
    return settings === undefined ? [] : [{ origin, config_ver: ver, settings }];
  });
  return [{ origin, settings: block.settings }, ...ofVariant];
}

/** A checked configs/<benchmark>/<Scenario>/config.json. */
export interface BenchmarkConfigFile extends SettingsBlock {
  /** Path as shown to people, e.g. configs/bert/Offline/config.json. */
  readonly file: string;
  readonly benchmark: Benchmark;
  readonly scenario: Scenario;
}

/** A checked configs/<benchmark>/<Scenario>/gpus.json: settings by GPU, of one GPU where they scale with their number. */
export interface GpuConfigFile {
  /** Path as shown to people, e.g. configs/bert/Offline/gpus.json. */
  readonly file: string;
  readonly benchmark: Benchmark;
  readonly scenario: Scenario;
  /** Blocks by their name in systems/gpu-models.json. */
  readonly gpus: ReadonlyMap<string, SettingsBlock>;
}

const publishedRowSchema = z.strictObject({
  /** Round of the submission that the values stand in: v2.1. */
  round: z.string().regex(/^v\d+\.\d+$/, 'must be a round, such as v2.1'),
  /** Result of Offline; no result = the config was published, but nothing was submitted with it. */
  samples_per_second: z.number().positive().optional(),
  /** Result of Server: the rate of the schedule. */
  scheduled_samples_per_second: z.number().positive().optional(),
  /** Result of SingleStream. */
  p90_latency_ns: z.number().positive().optional(),
  /** Settings that the row leaves to its harness, or that were never published. */
  unsaid: z.array(z.string()).optional(),
  /** Where the row contradicts its own log, or itself. */
  note: z.string().optional(),
});
/** Where the settings of one system, scenario and variant were published, and what was measured with them. */
export type PublishedRow = Readonly<z.output<typeof publishedRowSchema>>;
export type PublishedRows = Readonly<Partial<Record<ConfigVer, PublishedRow>>>;

/** Settings of a system for one benchmark and scenario. */
export interface SystemBlock extends SettingsBlock {
  readonly benchmark: Benchmark;
  readonly scenario: Scenario;
  readonly published: PublishedRows;
}

/** The checked "configs" part of a systems/<id>.json. */
export interface SystemConfigFile {
  /** Path as shown to people, e.g. systems/AMD_EPYC_1x_CPU.json. */
  readonly file: string;
  readonly blocks: readonly SystemBlock[];
}

/** The outer form; the values inside are checked one by one, so that messages name them. */
export const blockSchema = z.strictObject({
  settings: z.record(z.string(), z.unknown()).default({}),
  config_ver: z.partialRecord(z.enum(configVers), z.record(z.string(), z.unknown())).default({}),
});
export const systemBlockSchema = z.strictObject({
  ...blockSchema.shape,
  published: z.partialRecord(z.enum(configVers), publishedRowSchema).default({}),
});
export const configFileSchema = z.strictObject({
  benchmark: z.enum(benchmarks),
  scenario: z.enum(scenarios),
  ...blockSchema.shape,
});
export const gpuFileSchema = z.strictObject({
  benchmark: z.enum(benchmarks),
  scenario: z.enum(scenarios),
  gpus: z.record(z.string(), blockSchema),
});

/** Targets that gpus.json gives for one GPU; a system's target is that, times its GPUs. */
export const perGpuKeys = {
  offline_expected_qps_per_gpu: 'offline_expected_qps',
  server_target_qps_per_gpu: 'server_target_qps',
} as const satisfies Record<string, SettingKey>;

/** JSON Schema of config.json, for editors: every setting with its sentence and limits. */
export function configJsonSchema(): object {
  const labelled = (schema: z.ZodType, description: string) =>
    z
      .union([
        schema,
        z.strictObject({ value: schema, label: z.enum(labels).optional(), note: z.string().optional() }),
      ])
      .optional()
      .meta({ description });
  const seed = z.union([z.int().nonnegative(), z.string().regex(/^\d+$/)]);
  const settings = z.strictObject(
    Object.fromEntries(
      settingTable
        .filter(({ scope }) => scope === 'setting')
        .map(({ key, kind, schema, description }) => [
          key,
          labelled(kind === 'seed' ? seed : schema, description),
        ]),
    ),
  );
  return z.toJSONSchema(
    z.strictObject({
      benchmark: z.enum(benchmarks),
      scenario: z.enum(scenarios),
      settings: settings.optional(),
      config_ver: z.partialRecord(z.enum(configVers), settings).optional(),
    }),
    { io: 'input' },
  );
}
