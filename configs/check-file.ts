// Checks the content of config files value by value, so that every message names file and key.

import { z } from 'zod';
import { labels } from './benchmark-config.js';
import type { Label } from './benchmark-config.js';
import { configFileSchema, gpuFileSchema, perGpuKeys, systemBlockSchema } from './config-file.js';
import type {
  BenchmarkConfigFile,
  FileSetting,
  FileSettings,
  GpuConfigFile,
  SettingsBlock,
  SystemConfigFile,
} from './config-file.js';
import { didYouMean } from './did-you-mean.js';
import { ConfigError } from './errors.js';
import { explainIssue, quoted } from './explain-issue.js';
import { benchmarks } from './selection.js';
import type { SettingKey } from './schema.js';
import type { Benchmark } from './selection.js';
import { findSetting, isSettingKey, settingTable } from './setting-table.js';
import { scenarios } from './test-settings.js';
import type { Scenario } from './test-settings.js';
import { configVers } from './variants.js';

/**
 * Checks a parsed file against a schema; for forms that other folders own, such as systems/<id>.json.
 *
 * @throws {ConfigError} naming every key that is wrong.
 */
export function checkJson<S extends z.ZodType>(json: unknown, file: string, schema: S): z.output<S> {
  const parsed = schema.safeParse(json, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new ConfigError(outerProblems(parsed.error, file, [], keysOf(schema)).join('\n'));
}

/** Checks the content of one config.json. */
export function checkBenchmarkConfig(
  json: unknown,
  file: string,
  benchmark: Benchmark,
  scenario: Scenario,
): BenchmarkConfigFile {
  const outer = checkJson(json, file, configFileSchema);
  const problems = wrongFolder(outer, file, scenario);
  const block = checkBlock(outer, { file, path: '', scenario, keys: settingKeys }, problems);
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return { file, benchmark, scenario, ...block };
}

/** Checks the content of one gpus.json; whether its GPUs exist is checked where systems/gpu-models.json is known. */
export function checkGpuConfig(
  json: unknown,
  file: string,
  benchmark: Benchmark,
  scenario: Scenario,
): GpuConfigFile {
  const outer = checkJson(json, file, gpuFileSchema);
  const problems = wrongFolder(outer, file, scenario);
  const gpus = Object.entries(outer.gpus).map(([name, block]) => {
    const place = { file, path: `gpus.${name}.`, scenario, keys: gpuKeys };
    return [name, checkBlock(block, place, problems)] as const;
  });
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return { file, benchmark, scenario, gpus: new Map(gpus) };
}

function wrongFolder(outer: { readonly scenario: Scenario }, file: string, scenario: Scenario): string[] {
  return outer.scenario === scenario
    ? []
    : [`${file}: is for ${outer.scenario}, but its folder is for ${scenario}`];
}

/**
 * Checks the "configs" part of a systems/<id>.json: { "bert": { "Offline": { "settings": …, "config_ver": … } } }.
 *
 * @throws {ConfigError} naming file and key of everything that is wrong.
 */
export function checkSystemConfigs(json: unknown, file: string): SystemConfigFile {
  const problems: string[] = [];
  const blocks = children(json, file, 'configs', benchmarks, problems).flatMap(([benchmark, ofBenchmark]) =>
    children(ofBenchmark, file, `configs.${benchmark}`, scenarios, problems).flatMap(
      ([scenario, ofScenario]) => {
        const path = `configs.${benchmark}.${scenario}`;
        const outer = systemBlockSchema.safeParse(ofScenario, { reportInput: true });
        if (outer.success) {
          const place = { file, path: `${path}.`, scenario, keys: settingKeys };
          const { published } = outer.data;
          return [{ benchmark, scenario, published, ...checkBlock(outer.data, place, problems) }];
        }
        problems.push(
          ...outerProblems(outer.error, file, [path], [...keysOf(systemBlockSchema), ...configVers]),
        );
        return [];
      },
    ),
  );
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return { file, blocks };
}

function children<K extends string>(
  json: unknown,
  file: string,
  path: string,
  allowed: readonly K[],
  problems: string[],
): (readonly [K, unknown])[] {
  if (json === undefined) return [];
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    problems.push(`${file}: ${path} must be an object, got ${quoted(json)}`);
    return [];
  }
  return Object.entries(json).flatMap(([key, value]) => {
    const known = allowed.find((name) => name === key);
    if (known !== undefined) return [[known, value] as const];
    problems.push(
      `${file}: unknown key "${path}.${key}"${didYouMean(key, allowed) || ` (${allowed.join(', ')})`}`,
    );
    return [];
  });
}

/** Where a block stands, and what its keys mean: the settings they give, by their name there. */
interface Place {
  readonly file: string;
  readonly path: string;
  readonly scenario: Scenario;
  readonly keys: ReadonlyMap<string, SettingKey>;
}

function checkBlock(
  outer: Pick<z.output<typeof systemBlockSchema>, 'settings' | 'config_ver'>,
  place: Place,
  problems: string[],
): SettingsBlock {
  const check = (values: Readonly<Record<string, unknown>>, at: string) =>
    checkSettings(values, `${place.file}: ${place.path}${at}`, place, problems);
  const settings = check(outer.settings, 'settings');
  const variants = configVers.flatMap((ver) => {
    const values = outer.config_ver[ver];
    return values === undefined ? [] : [[ver, check(values, `config_ver.${ver}`)] as const];
  });
  return { settings, config_ver: Object.fromEntries(variants) };
}

function checkSettings(
  values: Readonly<Record<string, unknown>>,
  where: string,
  { scenario, keys }: Place,
  problems: string[],
): FileSettings {
  const checked = new Map<SettingKey, FileSetting>();
  for (const [key, raw] of Object.entries(values)) {
    const name = keys.get(key);
    const setting = name === undefined ? undefined : findSetting(name);
    if (setting === undefined || name === undefined) {
      const ofOneGpu = `${key}_per_gpu`;
      const hint = keys.has(ofOneGpu)
        ? `; here it is the target of one GPU, "${ofOneGpu}"`
        : didYouMean(key, [...keys.keys()]);
      problems.push(`${where}: unknown key "${key}"${hint}`);
      continue;
    }
    if (setting.scenario !== undefined && setting.scenario !== scenario) {
      problems.push(`${where}: "${key}" belongs to ${setting.scenario}, this block is for ${scenario}`);
      continue;
    }
    const { value, label, note, ...others } = unfold(raw);
    for (const other of Object.keys(others)) {
      problems.push(
        `${where}.${key}: unknown key "${other}"${didYouMean(other, ['value', 'label', 'note'])}`,
      );
    }
    const parsed = setting.schema.safeParse(value);
    if (!parsed.success) {
      problems.push(...parsed.error.issues.map((issue) => `${where}.${key} ${explainIssue(issue, value)}`));
    }
    if (label !== undefined && !isLabel(label)) {
      problems.push(`${where}.${key}: label must be one of ${labels.join(', ')}, got ${quoted(label)}`);
    }
    checked.set(name, {
      value: parsed.data,
      ...(isLabel(label) ? { label } : {}),
      ...(typeof note === 'string' ? { note } : {}),
    });
  }
  return checked;
}

const settingNames = settingTable.map(({ key }) => key).filter(isSettingKey);
const settingKeys = new Map<string, SettingKey>(settingNames.map((key) => [key, key]));
/** In gpus.json the targets of a whole system are left out: those of one GPU stand for them. */
const gpuKeys = new Map<string, SettingKey>([
  ...[...settingKeys].filter(([, key]) => !Object.values<string>(perGpuKeys).includes(key)),
  ...Object.entries(perGpuKeys),
]);

const isLabel = (text: unknown): text is Label => labels.some((label) => label === text);

function unfold(raw: unknown): { value: unknown; label?: unknown; note?: unknown } {
  return typeof raw === 'object' && raw !== null && 'value' in raw ? raw : { value: raw };
}

const keysOf = (schema: z.ZodType) => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : []);

function outerProblems(
  error: z.ZodError,
  file: string,
  path: readonly string[],
  allowed: readonly string[],
): string[] {
  return error.issues.flatMap((issue) => {
    const at = [...path, ...issue.path].join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map(
        (key) => `${file}: unknown key "${[at, key].filter(Boolean).join('.')}"${didYouMean(key, allowed)}`,
      );
    }
    return [`${file}: ${at === '' ? 'the file' : at} ${explainIssue(issue, issue.input)}`];
  });
}
