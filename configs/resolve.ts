// Resolving: schema defaults < configs/<benchmark>/<Scenario>/config.json < systems/<id>.json < flags.
// Pure: the same input gives the same frozen configs, one per (config_ver, scenario), with the origin of every value.

import { frozen } from './benchmark-config.js';
import type { BenchmarkConfig, Provenance } from './benchmark-config.js';
import type {
  BenchmarkConfigFile,
  FileSetting,
  FileSettings,
  SettingsBlock,
  SystemConfigFile,
} from './config-file.js';
import { contradictions } from './contradictions.js';
import { accuracyOf, deriveInstances, deriveMinQueryCount } from './derive.js';
import { ConfigError } from './errors.js';
import { harnessSettingsSchema, loadgenShape, targetKeys } from './schema.js';
import type {
  Benchmark,
  ConfigVer,
  Flags,
  RunnableTestMode,
  Selection,
  SettingKey,
  SettingOverrides,
  TargetKey,
} from './schema.js';
import { schemaDefaults } from './setting-table.js';
import { reasonsNotSubmittable } from './submittable.js';
import type { Scenario } from './test-settings.js';

/** What resolving must know of the machine. */
export interface SystemForConfigs {
  readonly system_id: string;
  /** Cores this process may use. */
  readonly available_cores: number;
  /** Settings of systems/<id>.json, where it has any. */
  readonly configs?: SystemConfigFile | undefined;
}

export interface ResolveInput {
  readonly flags: Flags;
  readonly benchmarkConfigs: readonly BenchmarkConfigFile[];
  readonly system: SystemForConfigs;
}

/** Some settings from one place. */
export interface Layer {
  readonly origin: string;
  readonly settings: FileSettings;
}

/** Values of quick and fast runs; a flag that says otherwise wins. */
const shortRuns = { quick: 10_000, fast: 60_000 } as const;

/**
 * One config per (config_ver, scenario), in the order of the flags.
 *
 * @throws {ConfigError} with everything that is wrong with any of them.
 */
export function resolveConfigs({
  flags,
  benchmarkConfigs,
  system,
}: ResolveInput): readonly BenchmarkConfig[] {
  const { selection } = flags;
  const problems: string[] = [];
  const configs = selection.benchmarks.flatMap((benchmark) =>
    selection.config_ver.flatMap((configVer) =>
      selection.scenarios.flatMap((scenario) => {
        const file = benchmarkConfigs.find(isFor(benchmark, scenario));
        if (file === undefined) {
          problems.push(`configs/${benchmark}/${scenario}/config.json: no such file`);
          return [];
        }
        return [resolveOne({ flags, file, system, benchmark, configVer, scenario }, problems)];
      }),
    ),
  );
  if (problems.length > 0) throw new ConfigError([...new Set(problems)].join('\n'));
  return Object.freeze(configs);
}

interface OneRun {
  readonly flags: Flags;
  readonly file: BenchmarkConfigFile;
  readonly system: SystemForConfigs;
  readonly benchmark: Benchmark;
  readonly configVer: ConfigVer;
  readonly scenario: Scenario;
}

function resolveOne(run: OneRun, problems: string[]): BenchmarkConfig {
  const { flags, system, benchmark, configVer, scenario } = run;
  const layers = layersOf(run);
  const values = mergeLayers(layers);
  addDerived(values, scenario, system);

  const test_modes = testModesOf(flags.selection);
  const target = targetKeys[scenario];
  const isSizedByTarget = scenario === 'Server' || test_modes.some((mode) => mode !== 'AccuracyOnly');
  const needs_probe: TargetKey[] = !values.has(target) && isSizedByTarget ? [target] : [];
  if (needs_probe.length > 0 && values.get('probe')?.value === false) problems.push(missingTarget(scenario));
  problems.push(...contradictions(values));

  const reasons = reasonsNotSubmittable({ selection: flags.selection, scenario, values, layers });
  return frozen({
    config_format: 1 as const,
    benchmark,
    ...accuracyOf(configVer),
    config_ver: configVer,
    scenario,
    test_modes,
    system_id: system.system_id,
    system_name: flags.selection.system_name ?? system.system_id,
    settings: pick(values, Object.keys(harnessSettingsSchema.shape)) as BenchmarkConfig['settings'],
    loadgen: {
      ...defaultsOfOtherTargets(scenario, isSizedByTarget),
      ...(pick(values, Object.keys(loadgenShape)) as BenchmarkConfig['loadgen']),
    },
    needs_probe,
    submittable: reasons.length === 0,
    not_submittable_because: reasons,
    provenance: Object.fromEntries(values),
  });
}

/** All layers of one run, lowest first. */
export function layersOf({ flags, file, system, benchmark, configVer, scenario }: OneRun): readonly Layer[] {
  const systemBlock = system.configs?.blocks.find(isFor(benchmark, scenario));
  return [
    { origin: 'default', settings: settingsMap(withoutTargets(schemaDefaults())) },
    ...blockLayers(file.file, file, configVer),
    ...(systemBlock === undefined ? [] : blockLayers(system.configs?.file ?? '', systemBlock, configVer)),
    { origin: 'flag', settings: shortRun(flags.selection, scenario) },
    { origin: 'flag', settings: settingsMap(flags.overrides) },
  ];
}

const isFor =
  (benchmark: string, scenario: Scenario) =>
  (block: { readonly benchmark: string; readonly scenario: Scenario }): boolean =>
    block.benchmark === benchmark && block.scenario === scenario;

function blockLayers(origin: string, block: SettingsBlock, configVer: ConfigVer): Layer[] {
  const ofVariant = block.config_ver[configVer];
  return [
    { origin, settings: block.settings },
    ...(ofVariant === undefined ? [] : [{ origin, settings: ofVariant }]),
  ];
}

const settingsMap = (settings: SettingOverrides): FileSettings =>
  new Map(Object.entries(settings).map(([key, value]) => [key as SettingKey, { value }]));

function withoutTargets(settings: SettingOverrides): SettingOverrides {
  const targets: readonly string[] = Object.values(targetKeys);
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !targets.includes(key)));
}

function shortRun(selection: Selection, scenario: Scenario): FileSettings {
  const name = selection.quick ? 'quick' : selection.fast ? 'fast' : undefined;
  if (name === undefined) return new Map();
  const note = `--${name}`;
  const settings = new Map<SettingKey, FileSetting>([['min_duration_ms', { value: shortRuns[name], note }]]);
  if (scenario === 'Offline') settings.set('min_query_count', { value: 1, note });
  return settings;
}

type Values = Map<SettingKey, Provenance>;

function mergeLayers(layers: readonly Layer[]): Values {
  const values: Values = new Map();
  for (const { origin, settings } of layers) {
    for (const [key, given] of settings) {
      values.set(key, { ...given, value: given.value as Provenance['value'], origin });
    }
  }
  return values;
}

function addDerived(values: Values, scenario: Scenario, system: SystemForConfigs): void {
  const numberOf = (key: SettingKey) => values.get(key)?.value as number | undefined;
  const derived = deriveInstances(scenario, system.available_cores, {
    instances: numberOf('instances'),
    threads_per_instance: numberOf('threads_per_instance'),
  });
  for (const key of ['instances', 'threads_per_instance'] as const) {
    if (values.has(key)) continue;
    const note = `${system.available_cores} cores`;
    values.set(key, { value: derived[key], origin: 'detected', label: 'derived', note });
  }
  if (values.get('min_query_count')?.origin !== 'default') return;
  const latency = numberOf('single_stream_expected_latency_ns');
  const queries = deriveMinQueryCount(scenario, numberOf('min_duration_ms') ?? 0, latency);
  if (queries !== undefined)
    values.set('min_query_count', { ...queries, origin: 'default', label: 'derived' });
  const most = numberOf('max_query_count') ?? 0;
  if (most > 0 && most < (numberOf('min_query_count') ?? 0)) {
    values.set('min_query_count', {
      value: most,
      origin: 'default',
      label: 'derived',
      note: 'max_query_count',
    });
  }
}

function pick(values: Values, keys: readonly string[]): Record<string, unknown> {
  const entries = [...values].filter(([key]) => keys.includes(key));
  return Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
}

// The targets of other scenarios have no effect, but LoadGen's settings hold them; so does the own one in an accuracy
// run that it does not size.
function defaultsOfOtherTargets(scenario: Scenario, isSizedByTarget: boolean): Record<string, unknown> {
  const others = Object.values(targetKeys).filter((key) => key !== targetKeys[scenario] || !isSizedByTarget);
  return Object.fromEntries(others.map((key) => [key, loadgenShape[key].parse(undefined)]));
}

function testModesOf({ test_mode, quick, fast }: Selection): RunnableTestMode[] {
  if (test_mode !== undefined) return [test_mode];
  return quick || fast ? ['PerformanceOnly', 'AccuracyOnly'] : ['PerformanceOnly'];
}

function missingTarget(scenario: Scenario): string {
  return `${scenario} needs --${targetKeys[scenario]}, and --no-probe forbids measuring it. Give it, or leave --no-probe out.`;
}
