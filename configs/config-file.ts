// The form of configs/<benchmark>/<Scenario>/config.json and of the "configs" part of systems/<id>.json.
//
// A value stands alone or with what it rests on: 600000 or { "value": 600000, "label": "published", "note": "…" }.

import { z } from 'zod';
import { labels } from './benchmark-config.js';
import type { Label } from './benchmark-config.js';
import { benchmarks, configVers } from './schema.js';
import type { Benchmark, ConfigVer, SettingKey } from './schema.js';
import { settingTable } from './setting-table.js';
import { scenarios } from './test-settings.js';
import type { Scenario } from './test-settings.js';

/** One setting as a file gives it. */
export interface FileSetting {
  readonly value: unknown;
  readonly label?: Label;
  readonly note?: string;
}
export type FileSettings = ReadonlyMap<SettingKey, FileSetting>;

/** Settings for all variants, and those of one variant, which win. */
export interface SettingsBlock {
  readonly settings: FileSettings;
  readonly config_ver: Readonly<Partial<Record<ConfigVer, FileSettings>>>;
}

/** A checked configs/<benchmark>/<Scenario>/config.json. */
export interface BenchmarkConfigFile extends SettingsBlock {
  /** Path as shown to people, e.g. configs/bert/Offline/config.json. */
  readonly file: string;
  readonly benchmark: Benchmark;
  readonly scenario: Scenario;
}

/** The checked "configs" part of a systems/<id>.json. */
export interface SystemConfigFile {
  /** Path as shown to people, e.g. systems/AMD_EPYC_1x_CPU.json. */
  readonly file: string;
  readonly blocks: readonly (SettingsBlock & {
    readonly benchmark: Benchmark;
    readonly scenario: Scenario;
  })[];
}

/** The outer form; the values inside are checked one by one, so that messages name them. */
export const blockSchema = z.strictObject({
  settings: z.record(z.string(), z.unknown()).default({}),
  config_ver: z.partialRecord(z.enum(configVers), z.record(z.string(), z.unknown())).default({}),
});
export const configFileSchema = z.strictObject({
  benchmark: z.enum(benchmarks),
  scenario: z.enum(scenarios),
  ...blockSchema.shape,
});

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
