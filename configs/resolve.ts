// Resolving: the layers of a run become one value for each setting, what nobody said is derived, and what cannot be is
// refused. Pure: the same input gives the same frozen configs, one per (config_ver, scenario), with every origin.

import { frozen } from './benchmark-config.js';
import type { BenchmarkConfig } from './benchmark-config.js';
import { modeOfUser, withAudit } from './conf-files/conf-layers.js';
import type { ConfFiles } from './conf-files/conf-layers.js';
import { isFor } from './config-file.js';
import type { BenchmarkConfigFile } from './config-file.js';
import { contradictions } from './contradictions.js';
import { accuracyOf, deriveInstances, deriveMinQueryCount } from './derive.js';
import { engineProblems } from './engine-problems.js';
import { ConfigError } from './errors.js';
import { infeasible } from './feasible.js';
import { addGpuDerived, gpuContradictions } from './gpu-derive.js';
import type { GpusForConfigs } from './gpu-layers.js';
import { layersOf, mergeLayers, usesGpus } from './layers.js';
import type { OneRun, SystemForConfigs, Values } from './layers.js';
import { harnessSettingsSchema, loadgenShape, targetKeys } from './schema.js';
import type { EngineName } from './engine-choices.js';
import type { Flags, SettingKey, TargetKey } from './schema.js';
import type { Selection } from './selection.js';
import { bertLarge } from './model-shape.js';
import type { ModelShape } from './model-shape.js';
import { reasonsNotSubmittable } from './submittable.js';
import type { Scenario, TestMode } from './test-settings.js';

export interface ResolveInput {
  readonly flags: Flags;
  readonly benchmarkConfigs: readonly BenchmarkConfigFile[];
  readonly system: SystemForConfigs;
  /** mlperf.conf, user.conf and audit.config, where there are any. */
  readonly conf?: ConfFiles;
  /** The shape of the model in a folder; BERT-Large where nobody can say. */
  readonly shapeOf?: (model: string) => ModelShape;
}

/**
 * One config per (config_ver, scenario), in the order of the flags.
 *
 * @throws {ConfigError} with everything that is wrong with any of them.
 */
export function resolveConfigs(input: ResolveInput): readonly BenchmarkConfig[] {
  const problems: string[] = [];
  const configs = runsOf(input, problems).flatMap((run) => {
    try {
      return [withAudit(resolveOne(run, input.shapeOf, problems), run.conf.audit)];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.message.split('\n'));
      return [];
    }
  });
  if (problems.length > 0) throw new ConfigError([...new Set(problems)].join('\n'));
  return Object.freeze(configs);
}

/** What decides each run that the flags ask for; a scenario without a config file is a problem. */
export function runsOf(
  { flags, benchmarkConfigs, system, conf = {} }: ResolveInput,
  problems: string[],
): readonly OneRun[] {
  const { selection } = flags;
  return selection.benchmarks.flatMap((benchmark) =>
    selection.config_ver.flatMap((configVer) =>
      selection.scenarios.flatMap((scenario) => {
        const file = benchmarkConfigs.find(isFor(benchmark, scenario));
        if (file !== undefined) return [{ flags, file, system, benchmark, configVer, scenario, conf }];
        problems.push(`configs/${benchmark}/${scenario}/config.json: no such file`);
        return [];
      }),
    ),
  );
}

function resolveOne(run: OneRun, shapeOf: ResolveInput['shapeOf'], problems: string[]): BenchmarkConfig {
  const { flags, system, benchmark, configVer, scenario, conf } = run;
  const { rules } = flags.selection;
  const values = mergeLayers(layersOf(run));
  const gpus = usesGpus(values) ? system.gpus : undefined;
  const shape = shapeOf?.(String(values.get('model')?.value)) ?? bertLarge;
  addDerived(values, scenario, system, gpus, shape);

  const test_modes = testModesOf(flags.selection, scenario, modeOfUser({ rules, conf, scenario }));
  if (scenario !== 'Server' && test_modes.includes('FindPeakPerformance')) {
    problems.push(
      `FindPeakPerformance searches the highest rate of Server and cannot be run in ${scenario}; give --scenarios=Server`,
    );
  }
  const target = targetKeys[scenario];
  const isSizedByTarget = scenario === 'Server' || test_modes.some((mode) => mode !== 'AccuracyOnly');
  const mayProbe = values.get('probe')?.value === true;
  const isGuessed = values.get(target)?.label === 'guessed';
  const needs_probe: TargetKey[] =
    isSizedByTarget && (!values.has(target) || (isGuessed && mayProbe)) ? [target] : [];
  if (needs_probe.length > 0 && !mayProbe) problems.push(missingTarget(scenario));
  problems.push(...contradictions(values), ...engineProblems(run, values));
  if (gpus !== undefined && values.get('engine')?.value === 'tensorrt') {
    const ofGpus = [...gpuContradictions(values), ...infeasible(values, gpus, shape)];
    problems.push(...ofGpus.map((text) => `${scenario}: ${text}`));
  }

  const accuracy = accuracyOf(configVer);
  const { benchmark_full } = accuracy;
  const reasons = reasonsNotSubmittable({
    selection: flags.selection,
    rules,
    scenario,
    benchmark_full,
    test_modes,
    values,
  });
  const system_id = gpus?.system_id ?? system.system_id;
  return frozen({
    config_format: 1 as const,
    benchmark,
    ...accuracy,
    config_ver: configVer,
    scenario,
    rules,
    test_modes,
    system_id,
    system_name: flags.selection.system_name ?? system_id,
    ...(gpus === undefined
      ? {}
      : { accelerator: gpus.accelerator, accelerators_per_node: gpus.accelerators_per_node }),
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

function addDerived(
  values: Values,
  scenario: Scenario,
  system: SystemForConfigs,
  gpus: GpusForConfigs | undefined,
  shape: ModelShape,
): void {
  const numberOf = (key: SettingKey) => values.get(key)?.value as number | undefined;
  const isOf = (engine: EngineName) => values.get('engine')?.value === engine;
  if (isOf('tensorrt') && gpus !== undefined) addGpuDerived(values, gpus, shape);
  else if (isOf('onnxruntime') && values.get('provider')?.value !== 'cpu')
    addGpuSessions(values, scenario, gpus?.accelerators_per_node ?? 1);
  else addSessions(values, scenario, system.available_cores);
  if (values.get('min_query_count')?.origin !== 'default') return;
  const queries = deriveMinQueryCount(scenario, numberOf('min_duration_ms') ?? 0, {
    single_stream_expected_latency_ns: numberOf('single_stream_expected_latency_ns'),
    server_target_qps: numberOf('server_target_qps'),
  });
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

/** ONNX Runtime on GPUs: a session keeps one busy, and its threads have little to do. */
function addGpuSessions(values: Values, scenario: Scenario, gpus: number): void {
  const instances = scenario === 'SingleStream' ? 1 : gpus;
  const derived = { instances, threads_per_instance: 1 };
  for (const key of ['instances', 'threads_per_instance'] as const) {
    if (values.has(key)) continue;
    values.set(key, { value: derived[key], origin: 'detected', label: 'derived', note: `${gpus} GPUs` });
  }
}

function addSessions(values: Values, scenario: Scenario, cores: number): void {
  const numberOf = (key: SettingKey) => values.get(key)?.value as number | undefined;
  const derived = deriveInstances(scenario, cores, {
    instances: numberOf('instances'),
    threads_per_instance: numberOf('threads_per_instance'),
  });
  for (const key of ['instances', 'threads_per_instance'] as const) {
    if (values.has(key)) continue;
    values.set(key, { value: derived[key], origin: 'detected', label: 'derived', note: `${cores} cores` });
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

/** A quick call judges the accuracy of a variant once, in the scenario named first: minutes on a slow machine each time. */
function testModesOf(
  { test_mode, quick, fast, scenarios }: Selection,
  scenario: Scenario,
  ofUser: TestMode | undefined,
): TestMode[] {
  const asked = test_mode ?? ofUser;
  if (asked !== undefined) return [asked];
  const isJudged = fast || (quick && scenario === scenarios[0]);
  return isJudged ? ['PerformanceOnly', 'AccuracyOnly'] : ['PerformanceOnly'];
}

function missingTarget(scenario: Scenario): string {
  return `${scenario} needs --${targetKeys[scenario]}, and --no-probe forbids measuring it. Give it, or leave --no-probe out.`;
}
