// All checks of a machine for what someone wants to run on it. Pure: facts in, lines out.

import type { BenchmarkConfig } from '../../configs/benchmark-config.js';
import type { Machine } from '../../systems/machine.js';
import { checksOf } from './check.js';
import type { Check } from './check.js';
import { checkGpus } from './check-gpus.js';
import { checkCpu, checkLimits } from './check-host.js';
import { checkMemory } from './check-memory.js';
import { checkDisk, checkInputs, checkLibraries, checkVersions } from './check-software.js';
import type { HostFacts } from './host-facts.js';

/** What someone wants to run: its configurations, or why there are none. */
export type Wanted =
  | { readonly configs: readonly BenchmarkConfig[]; readonly notes: readonly string[] }
  | {
      readonly unresolved: string;
      /** The engine that was asked for by name, if any. */
      readonly engine: string | undefined;
    };

/** Every line, grouped in the order of the report. */
export function examine(machine: Machine, facts: HostFacts, wanted: Wanted): readonly Check[] {
  const configs = 'configs' in wanted ? wanted.configs : [];
  const engines = enginesOf(wanted);
  const needsGpu = engines.has('tensorrt');
  return [
    ...checkVersions(facts),
    ...checkLibraries(facts, machine, engines),
    settingsCheck(wanted),
    ...checkGpus(machine, needsGpu),
    ...checkMemory(facts, machine, configs),
    ...checkInputs(facts, engines),
    ...checkCpu(facts, machine.system),
    ...checkLimits(facts, needsGpu),
    ...checkDisk(facts),
    ...surroundings(machine),
  ];
}

/** The engines that the configurations use, or that was asked for by name. */
export function enginesOf(wanted: Wanted): ReadonlySet<string> {
  if ('configs' in wanted) return new Set(wanted.configs.map(({ settings }) => settings.engine));
  return new Set(wanted.engine === undefined ? [] : [wanted.engine]);
}

function settingsCheck(wanted: Wanted): Check {
  const { ok, missing } = checksOf('settings');
  if ('unresolved' in wanted)
    return missing('settings', wanted.unresolved, 'Mend what it names; loadrig --dry_run shows the rest.');
  const runs = wanted.configs.map(
    ({ scenario, config_ver, settings }) =>
      `${scenario}/${config_ver} (${settings.engine}, ${settings.precision})`,
  );
  return ok('settings', [runs.join(', '), ...wanted.notes].join('; '));
}

function surroundings({ container, numa_nodes, gpus }: Machine): readonly Check[] {
  const { ok } = checksOf('surroundings');
  const nodes = numa_nodes.map(({ node, cpus }) => `node ${node}: cores ${cpus}`);
  const places = gpus.map(({ numa_node }, index) => `GPU ${index} at node ${numa_node ?? 'unknown'}`);
  return [
    ok('container', container ?? 'none'),
    ok('NUMA', numa_nodes.length < 2 ? 'one node' : [...nodes, ...places].join(', ')),
  ];
}

/** 3 where something is missing; warnings do not fail. */
export const isReady = (checks: readonly Check[]): boolean =>
  checks.every(({ status }) => status !== 'missing');
