// From flags to what will run: the machine, the config files of it, and the resolved configurations.

import { join } from 'node:path';
import { withFlags, type BenchmarkConfig } from '../configs/benchmark-config.js';
import { confNotes, withAudit, type ConfFiles } from '../configs/conf-files/conf-layers.js';
import { confNames, readConf } from '../configs/conf-files/conf-settings.js';
import { loadBenchmarkConfigs, loadSavedConfig } from '../configs/load.js';
import { modelShape } from '../configs/model-shape.js';
import type { ModelShape } from '../configs/model-shape.js';
import { resolveConfigs } from '../configs/resolve.js';
import type { ResolveInput } from '../configs/resolve.js';
import type { Flags } from '../configs/schema.js';
import { whyNoTensorRt } from '../engines/index.js';
import { readOrEmpty } from '../systems/capture.js';
import type { Machine } from '../systems/machine.js';
import type { SystemDescription } from '../systems/schema.js';
import { chooseSystem } from './choose-system.js';
import type { GpuUse } from './choose-system.js';
import { inputPath } from './places.js';
import { packageRoot } from './program.js';

export interface Resolved {
  /** This machine. */
  readonly system: SystemDescription;
  readonly configs: readonly BenchmarkConfig[];
  /** Lines that a person should read before a run. */
  readonly notes: readonly string[];
}

/** This machine, as far as resolving depends on it. */
export interface Detected {
  readonly system: SystemDescription;
  readonly useGpus: GpuUse;
}

/** What resolving must know of this machine; asks for TensorRT only where it could be the engine. */
export async function detectedFor(
  { overrides, selection }: Flags,
  { system }: Pick<Machine, 'system'>,
): Promise<Detected> {
  const { engine } = overrides;
  if (engine !== undefined && engine !== 'tensorrt')
    return { system, useGpus: `engine ${engine} was asked for.` };
  const isOpen = engine === undefined && selection.system === undefined && selection.config === undefined;
  if (!isOpen || system.accelerators === undefined) return { system, useGpus: true };
  return { system, useGpus: (await whyNoTensorRt(overrides.tensorrt_lib ?? '')) ?? true };
}

/** The text of a model's configuration, Hugging Face's or Google's; empty where there is none. */
export const modelConfigOf = (folder: string): string =>
  readOrEmpty(join(folder, 'config.json')) || readOrEmpty(join(folder, 'bert_config.json'));

/** The shape of the model in a folder; of BERT-Large where nothing tells. */
const shapeOf = (model: string): ModelShape => modelShape(modelConfigOf(inputPath(model)));

/** Everything that resolving needs, read from the package's folder. @throws {ConfigError} */
export function resolveInput(
  flags: Flags,
  { system: detected, useGpus }: Detected,
): ResolveInput & { readonly description: SystemDescription; readonly notes: readonly string[] } {
  const { selection } = flags;
  const { forConfigs, description, notes } = chooseSystem(packageRoot, selection, detected, useGpus);
  const benchmarkConfigs = loadBenchmarkConfigs(packageRoot, 'bert', selection.scenarios);
  const conf: ConfFiles = {
    mlperf: readConf(selection.mlperf_conf_path, confNames.mlperf),
    user: readConf(selection.user_conf_path, confNames.user),
    audit: readConf(undefined, confNames.audit),
  };
  const ofConf = [...filesFound(conf), ...confNotes(selection.rules, conf, selection.scenarios)];
  return {
    flags,
    system: forConfigs,
    benchmarkConfigs,
    conf,
    shapeOf,
    description,
    notes: [...notes, ...ofConf],
  };
}

/** A file that was not named but found changes the run: it is told. */
function filesFound(conf: ConfFiles): readonly string[] {
  const found = [conf.mlperf, conf.user, conf.audit].flatMap((file) =>
    file === undefined ? [] : [file.file],
  );
  return found.length === 0 ? [] : [`Settings are read from ${found.join(', ')}.`];
}

/** Resolves what the flags ask for. @throws {ConfigError} with everything that is wrong. */
export function resolveFlags(flags: Flags, detected: Detected): Resolved {
  const { config } = flags.selection;
  if (config !== undefined) {
    const { description } = chooseSystem(packageRoot, flags.selection, detected.system, detected.useGpus);
    const audit = readConf(undefined, confNames.audit);
    const saved = withFlags(loadSavedConfig(config), flags.overrides);
    const configs = [withAudit(saved, audit)];
    return { system: description, configs, notes: filesFound({ audit }) };
  }
  const { description, notes, ...input } = resolveInput(flags, detected);
  return { system: description, configs: resolveConfigs(input), notes };
}
