// From flags to what will run: the machine, the config files of it, and the resolved configurations.

import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import { loadBenchmarkConfigs, loadSavedConfig } from '../configs/load.js';
import { resolveConfigs } from '../configs/resolve.js';
import type { ResolveInput } from '../configs/resolve.js';
import type { Flags } from '../configs/schema.js';
import type { SystemDescription } from '../systems/schema.js';
import { chooseSystem } from './choose-system.js';
import { packageRoot } from './program.js';

export interface Resolved {
  /** This machine. */
  readonly system: SystemDescription;
  readonly configs: readonly BenchmarkConfig[];
  /** Lines that a person should read before a run. */
  readonly notes: readonly string[];
}

/** Everything that resolving needs, read from the package's folder. @throws {ConfigError} */
export function resolveInput(
  flags: Flags,
  detected: SystemDescription,
): ResolveInput & { readonly description: SystemDescription; readonly notes: readonly string[] } {
  const { selection } = flags;
  const { forConfigs, description, notes } = chooseSystem(packageRoot, selection, detected);
  const benchmarkConfigs = loadBenchmarkConfigs(packageRoot, 'bert', selection.scenarios);
  return { flags, system: forConfigs, benchmarkConfigs, description, notes };
}

/** Resolves what the flags ask for. @throws {ConfigError} with everything that is wrong. */
export function resolveFlags(flags: Flags, detected: SystemDescription): Resolved {
  const { config } = flags.selection;
  const { description, notes, ...input } = resolveInput(flags, detected);
  if (config !== undefined) return { system: description, configs: [loadSavedConfig(config)], notes: [] };
  return { system: description, configs: resolveConfigs(input), notes };
}
