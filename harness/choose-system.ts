// Which machine a call resolves for: this one as detected, one of systems/ by --system, or a file by --system_file.

import { didYouMean } from '../configs/did-you-mean.js';
import { ConfigError } from '../configs/errors.js';
import type { SystemForConfigs } from '../configs/layers.js';
import { loadSystemFile } from '../configs/load.js';
import type { Selection } from '../configs/selection.js';
import { describedBy, systemFileSchema } from '../systems/schema.js';
import type { SystemDescription } from '../systems/schema.js';
import { detectedGpus, listedGpus, openCatalogue, unlistedGpus } from './gpu-systems.js';
import type { SystemCatalogue } from './gpu-systems.js';

/** The machine of a call. */
export interface ChosenSystem {
  /** This machine, as detected, with what its own file says. */
  readonly description: SystemDescription;
  readonly forConfigs: SystemForConfigs;
  /** Lines that a person should read: what stands in for what. */
  readonly notes: readonly string[];
}

/** Whether engine tensorrt is taken where nobody names an engine; else why not, as a sentence. */
export type GpuUse = true | string;

/**
 * Chooses the machine.
 *
 * @param root Folder that holds configs/ and systems/.
 * @param useGpus Of this machine, where it has any.
 * @throws {ConfigError} when the flags name no system, or several fit.
 */
export function chooseSystem(
  root: string,
  selection: Pick<Selection, 'system' | 'system_file'>,
  detected: SystemDescription,
  useGpus: GpuUse,
): ChosenSystem {
  if (selection.system !== undefined) return systemOf(openCatalogue(root), selection.system, detected);
  const file = loadSystemFile(root, detected.system_id, selection.system_file, systemFileSchema);
  if (file?.description.accelerator !== undefined) {
    const { system_id } = file.description;
    return withGpus(openCatalogue(root, selection.system_file), system_id, detected, {
      name: 'tensorrt',
      origin: file.configs.file,
    });
  }
  const description = file === undefined ? detected : describedBy(file.description, detected);
  const { system_id, available_cores } = description;
  const ofCpu = { system_id, available_cores, configs: file?.configs };
  const found = detectedGpus(root, description);
  if (found === undefined) return { description, forConfigs: ofCpu, notes: [] };
  const { accelerators_per_node: count, accelerator, because } = found;
  const named = `GPUs: ${count} × ${accelerator}${found.match === 'known' ? '' : ` stands in (${because})`}, system ${found.system_id}.`;
  return useGpus === true
    ? {
        description,
        forConfigs: { ...ofCpu, gpus: found, engine: { name: 'tensorrt', origin: 'detected' } },
        notes: [named],
      }
    : {
        description,
        forConfigs: { ...ofCpu, gpus: found },
        notes: [
          `${named} Engine tensorrt is not used: ${useGpus} Their settings: --dry_run --engine=tensorrt`,
        ],
      };
}

/**
 * The system that --system names: a listed one, or <GPU>x<count> with a GPU of gpu-models.json.
 *
 * @throws {ConfigError} when there is none of that name.
 */
export function systemOf(
  catalogue: SystemCatalogue,
  system_id: string,
  detected: SystemDescription,
): ChosenSystem {
  const listed = catalogue.systems.get(system_id);
  const engine = { name: 'tensorrt', origin: '--system' } as const;
  if (listed === undefined) {
    const [, model = '', count = ''] = /^(.+)x([1-9]\d{0,3})$/.exec(system_id) ?? [];
    const gpus = unlistedGpus(catalogue, { model, count: Number(count) });
    if (gpus?.match === 'known') {
      const forConfigs = { system_id, available_cores: detected.available_cores, gpus, engine };
      const notes = [`${system_id} is not listed: its values are derived from those of its GPU.`];
      return { description: detected, forConfigs, notes };
    }
    throw new ConfigError(
      `--system: "${system_id}" is not in systems/ (loadrig list systems shows them all)${didYouMean(system_id, [...catalogue.systems.keys()]) || '; a machine that nobody listed is described by a --system_file=FILE (docs/systems.md, at its end)'}`,
    );
  }
  if (listed.description.accelerator !== undefined) {
    return withGpus(catalogue, system_id, detected, engine);
  }
  const { available_cores } = describedBy(listed.description, detected);
  const forConfigs = { system_id, available_cores, configs: listed.configs };
  return { description: detected, forConfigs, notes: [] };
}

function withGpus(
  catalogue: SystemCatalogue,
  system_id: string,
  detected: SystemDescription,
  engine: NonNullable<SystemForConfigs['engine']>,
): ChosenSystem {
  const gpus = listedGpus(catalogue, system_id);
  const forConfigs = { system_id, available_cores: detected.available_cores, gpus, engine };
  const notes = gpus.match === 'known' ? [] : [`${system_id}: ${gpus.because}`];
  return { description: detected, forConfigs, notes };
}
