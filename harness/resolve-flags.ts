// From flags to what will run: the machine, the config files of it, and the resolved configurations.

import { withFlags, type BenchmarkConfig } from '../configs/benchmark-config.js';
import { confNotes, withAudit, type ConfFiles } from '../configs/conf-files/conf-layers.js';
import { confNames, readConf } from '../configs/conf-files/conf-settings.js';
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
  const conf: ConfFiles = {
    mlperf: readConf(selection.mlperf_conf_path, confNames.mlperf),
    user: readConf(selection.user_conf_path, confNames.user),
    audit: readConf(undefined, confNames.audit),
  };
  const ofConf = [...filesFound(conf), ...confNotes(selection.rules, conf, selection.scenarios)];
  return { flags, system: forConfigs, benchmarkConfigs, conf, description, notes: [...notes, ...ofConf] };
}

/** A file that was not named but found changes the run: it is told. */
function filesFound(conf: ConfFiles): readonly string[] {
  const found = [conf.mlperf, conf.user, conf.audit].flatMap((file) =>
    file === undefined ? [] : [file.file],
  );
  return found.length === 0 ? [] : [`Settings are read from ${found.join(', ')}.`];
}

/** Resolves what the flags ask for. @throws {ConfigError} with everything that is wrong. */
export function resolveFlags(flags: Flags, detected: SystemDescription): Resolved {
  const { config } = flags.selection;
  if (config !== undefined) {
    const { description } = chooseSystem(packageRoot, flags.selection, detected);
    const audit = readConf(undefined, confNames.audit);
    const saved = withFlags(loadSavedConfig(config), flags.overrides);
    const configs = [withAudit(saved, audit)];
    return { system: description, configs, notes: filesFound({ audit }) };
  }
  const { description, notes, ...input } = resolveInput(flags, detected);
  return { system: description, configs: resolveConfigs(input), notes };
}
