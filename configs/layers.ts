// The layers of one run: schema defaults < rules of the round < configs/<benchmark>/<Scenario>/config.json < the machine <
// user.conf < flags, where the machine is gpus.json and systems/<id>.json for engine tensorrt, and systems/<id>.json for every
// other engine.

import type { Provenance } from './benchmark-config.js';
import { rulesLayer, userLayer } from './conf-files/conf-layers.js';
import type { ConfFiles } from './conf-files/conf-layers.js';
import { blockLayers, isFor } from './config-file.js';
import type {
  BenchmarkConfigFile,
  FileSetting,
  FileSettings,
  Layer,
  SystemConfigFile,
} from './config-file.js';
import { EARLY_STOPPING_QUERIES_99 } from './derive.js';
import { gpuLayers } from './gpu-layers.js';
import type { GpusForConfigs } from './gpu-layers.js';
import { targetKeys } from './schema.js';
import type { EngineName } from './engine-choices.js';
import type { Flags, SettingKey, SettingOverrides } from './schema.js';
import type { Benchmark, Selection } from './selection.js';
import { schemaDefaults } from './setting-table.js';
import type { Scenario } from './test-settings.js';
import type { ConfigVer } from './variants.js';

/** What resolving must know of the machine. */
export interface SystemForConfigs {
  readonly system_id: string;
  /** Cores this process may use. */
  readonly available_cores: number;
  /** Settings of systems/<id>.json, where it has any. */
  readonly configs?: SystemConfigFile | undefined;
  /** Its GPUs, with the name of the machine they are benchmarked under; their settings are engine tensorrt's alone. */
  readonly gpus?: (GpusForConfigs & { readonly system_id: string }) | undefined;
  /** The engine when nobody names one, and who says so; the schema's default where this is absent. */
  readonly engine?: { readonly name: EngineName; readonly origin: string } | undefined;
}

/** Everything that decides the settings of one run. */
export interface OneRun {
  readonly flags: Flags;
  readonly file: BenchmarkConfigFile;
  readonly system: SystemForConfigs;
  readonly benchmark: Benchmark;
  readonly configVer: ConfigVer;
  readonly scenario: Scenario;
  readonly conf: ConfFiles;
}

export type Values = Map<SettingKey, Provenance>;

/** Values of quick and fast runs; a flag that says otherwise wins. */
const shortRuns = { quick: 10_000, fast: 60_000 } as const;

/** All layers of one run, lowest first. */
export function layersOf(run: OneRun): readonly Layer[] {
  const { flags, file, system, benchmark, configVer, scenario, conf } = run;
  const { rules } = flags.selection;
  const ofUser = userLayer({ rules, conf, scenario });
  const block = system.configs?.blocks.find(isFor(benchmark, scenario));
  const ofSystem = block === undefined ? [] : blockLayers(system.configs?.file ?? '', block, configVer);
  const general: readonly Layer[] = [
    { origin: 'default', settings: settingsMap(withoutTargets(schemaDefaults())) },
    ...(system.engine === undefined
      ? []
      : [{ origin: system.engine.origin, settings: settingsMap({ engine: system.engine.name }) }]),
    rulesOf(run),
    ...blockLayers(file.file, file, configVer),
  ];
  const ofFlags: readonly Layer[] = [
    { origin: 'flag', settings: shortRun(flags.selection, scenario) },
    { origin: 'flag', settings: settingsMap(flags.overrides) },
  ];
  const above = [...(ofUser === undefined ? [] : [ofUser]), ...ofFlags];
  const engine = mergeLayers([...general, ...ofSystem, ...above]).get('engine')?.value;
  const ofGpus =
    engine === 'tensorrt' && system.gpus !== undefined
      ? gpuLayers(system.gpus, benchmark, scenario, configVer)
      : [];
  return [...general, ...(engine === 'tensorrt' ? ofGpus : ofSystem), ...above];
}

/**
 * The rules of the round. A short run leaves their query counts out, which are made for ten minutes and more (270,336 before
 * v3.1): its own are derived. MultiStream keeps as many as early stopping needs.
 */
function rulesOf({ flags: { selection }, scenario, conf }: OneRun): Layer {
  const layer = { ...rulesLayer({ rules: selection.rules, conf, scenario }), isRules: true };
  if (!selection.quick && !selection.fast) return layer;
  const settings = new Map(layer.settings);
  const count = settings.get('min_query_count');
  if (scenario !== 'MultiStream' || count === undefined) settings.delete('min_query_count');
  else
    settings.set('min_query_count', {
      ...count,
      value: Math.min(Number(count.value), EARLY_STOPPING_QUERIES_99),
    });
  return { ...layer, settings };
}

/** The value of every setting: what the highest layer says. */
export function mergeLayers(layers: readonly Layer[]): Values {
  const values: Values = new Map();
  for (const { origin, settings } of layers) {
    for (const [key, given] of settings) {
      values.set(key, {
        ...given,
        value: given.value as Provenance['value'],
        origin: given.origin ?? origin,
      });
    }
  }
  return values;
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

/** Whether a run computes on NVIDIA GPUs, so that its results bear the name of their system. */
export function usesGpus(values: Values): boolean {
  const engine = values.get('engine')?.value;
  const provider = values.get('provider')?.value;
  return (
    engine === 'tensorrt' || (engine === 'onnxruntime' && (provider === 'cuda' || provider === 'tensorrt'))
  );
}
