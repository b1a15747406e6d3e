// The schemas as a table, one row per setting: what flags, help texts, config files and error messages need to know.

import { z } from 'zod';
import { harnessSettingsSchema, loadgenShape, targetKeys } from './schema.js';
import { selectionSchema } from './selection.js';
import { groups } from './setting-meta.js';
import type { EngineName } from './engine-choices.js';
import type { SettingKey, SettingOverrides } from './schema.js';
import type { Group } from './setting-meta.js';
import type { Scenario } from './test-settings.js';

/** How a value is written on the command line. */
export type SettingKind = 'boolean' | 'number' | 'text' | 'choice' | 'list' | 'seed';

export interface Setting {
  readonly key: string;
  readonly kind: SettingKind;
  readonly description: string;
  readonly group: Group;
  readonly unit: string | undefined;
  /** Other spellings of the flag. */
  readonly aliases: readonly string[];
  /** Words a choice or list allows. */
  readonly choices: readonly string[];
  /** Default value; undefined where `unset` says what applies. */
  readonly fallback: unknown;
  readonly unset: string | undefined;
  /** The one scenario it belongs to; undefined = all. */
  readonly scenario: Scenario | undefined;
  /** The engines it has a meaning for; undefined = all. */
  readonly engines: readonly EngineName[] | undefined;
  /** `selection`: flags only. `setting`: flags and config files. */
  readonly scope: 'selection' | 'setting';
  /** Schema of a given value, without its default. */
  readonly schema: z.ZodType;
}

/** Spellings of NVIDIA's harness for LoadGen's settings. */
const loadgenAliases: Readonly<Record<string, readonly string[]>> = {
  min_duration_ms: ['min_duration'],
  max_duration_ms: ['max_duration'],
  performance_sample_count_override: ['performance_sample_count'],
};

const scenarioOfPrefix: readonly (readonly [string, Scenario])[] = [
  ['single_stream_', 'SingleStream'],
  ['multi_stream_', 'MultiStream'],
  ['server_', 'Server'],
  ['offline_', 'Offline'],
];

/** LoadGen names each setting of one scenario after it. */
export function scenarioOfKey(key: string): Scenario | undefined {
  return scenarioOfPrefix.find(([prefix]) => key.startsWith(prefix))?.[1];
}

function loadgenGroup(key: string): Group {
  if (/seed|accuracy_log/.test(key)) return 'LoadGen: seeds and accuracy log';
  if (/^(min|max)_|sample_count_override/.test(key)) return 'LoadGen: length of a run';
  if (scenarioOfKey(key) !== undefined && !/find_peak|ttft|tpot/.test(key))
    return 'LoadGen: targets and bounds';
  return 'LoadGen: special tests';
}

function loadgenUnit(key: string): string | undefined {
  if (key.endsWith('_ns') || /_(ttft|tpot)_latency$/.test(key)) return 'ns';
  if (key.endsWith('_ms')) return 'ms';
  if (key === 'offline_expected_qps') return 'samples/s';
  if (key.endsWith('_qps')) return 'queries/s';
  if (/percentile$|probability$/.test(key)) return 'fraction';
  return undefined;
}

function bare(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? bare(schema.unwrap()) : schema;
}

function kindOf(schema: z.core.$ZodType): SettingKind {
  if (schema instanceof z.ZodBoolean) return 'boolean';
  if (schema instanceof z.ZodNumber) return 'number';
  if (schema instanceof z.ZodEnum) return 'choice';
  if (schema instanceof z.ZodArray) return 'list';
  if (schema instanceof z.ZodUnion) return 'seed';
  return 'text';
}

function choicesOf(schema: z.core.$ZodType): readonly string[] {
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  return schema instanceof z.ZodArray ? choicesOf(schema.element) : [];
}

function row(key: string, schema: z.ZodType, scope: Setting['scope'], isLoadgen: boolean): Setting {
  const meta = schema.meta() ?? {};
  const isTarget = Object.values<string>(targetKeys).includes(key);
  const inner = bare(schema) as z.ZodType; // our shapes hold classic zod types only
  return {
    key,
    kind: kindOf(inner),
    description: meta.description ?? '',
    group: meta.group ?? loadgenGroup(key),
    unit: meta.unit ?? loadgenUnit(key),
    aliases: meta.aliases ?? loadgenAliases[key] ?? [],
    choices: choicesOf(inner),
    fallback: isTarget ? undefined : schema.safeParse(undefined).data,
    unset: isTarget ? 'measured by a probe' : meta.unset,
    scenario: isLoadgen || scope === 'setting' ? scenarioOfKey(key) : undefined,
    engines: meta.engines,
    scope,
    schema: inner,
  };
}

const rows = (shape: Readonly<Record<string, z.ZodType>>, scope: Setting['scope'], isLoadgen = false) =>
  Object.entries(shape).map(([key, schema]) => row(key, schema, scope, isLoadgen));

/** Every setting there is, in the order of --help. */
export const settingTable: readonly Setting[] = [
  ...rows(selectionSchema.shape, 'selection'),
  ...rows(harnessSettingsSchema.shape, 'setting'),
  ...rows(loadgenShape, 'setting', true),
].sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group));

const byKey = new Map(settingTable.map((setting) => [setting.key, setting]));

export function findSetting(key: string): Setting | undefined {
  return byKey.get(key);
}

export function isSettingKey(key: string): key is SettingKey {
  return byKey.get(key)?.scope === 'setting';
}

/** Settings of the schema itself: the lowest layer. A target and the number of sessions have no default. */
export function schemaDefaults(): SettingOverrides {
  const given = settingTable.filter(({ scope, fallback }) => scope === 'setting' && fallback !== undefined);
  return Object.fromEntries(given.map(({ key, fallback }) => [key, fallback]));
}
