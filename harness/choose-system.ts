// Which machine a call resolves for: this one as detected, one of systems/ by --system, or a file by --system_file.

import { gpuAncestry, loadCatalogue, systemAncestry } from '../configs/catalogue.js';
import type { Catalogue, ListedSystem } from '../configs/catalogue.js';
import { didYouMean } from '../configs/did-you-mean.js';
import { ConfigError } from '../configs/errors.js';
import type { GpusForConfigs } from '../configs/gpu-layers.js';
import type { SystemForConfigs } from '../configs/layers.js';
import { loadSystemFile } from '../configs/load.js';
import type { Selection } from '../configs/schema.js';
import { gpuModels, matchGpu, matchSystems } from '../systems/match.js';
import type { GpuMatch } from '../systems/match.js';
import { describedBy, gpuModelsSchema, systemFileSchema } from '../systems/schema.js';
import type { GpuModelEntry, SystemDescription, SystemFile } from '../systems/schema.js';

export type SystemCatalogue = Catalogue<SystemFile, GpuModelEntry>;

/** The machine of a call. */
export interface ChosenSystem {
  /** This machine, as detected, with what its own file says. */
  readonly description: SystemDescription;
  readonly forConfigs: SystemForConfigs;
  /** Lines that a person should read: what stands in for what. */
  readonly notes: readonly string[];
}

/** Every system there is, and `ownFile`, where one is given. @throws {ConfigError} with all that is wrong. */
export function openCatalogue(root: string, ownFile?: string): SystemCatalogue {
  return loadCatalogue(root, 'bert', { system: systemFileSchema, gpuModels: gpuModelsSchema }, ownFile);
}

/**
 * Chooses the machine.
 *
 * @param root Folder that holds configs/ and systems/.
 * @throws {ConfigError} when the flags name no system, or several fit.
 */
export function chooseSystem(
  root: string,
  selection: Pick<Selection, 'system' | 'system_file'>,
  detected: SystemDescription,
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
  return {
    description,
    forConfigs: { ...ofCpu, gpus: found },
    notes: [
      `GPUs: ${count} × ${accelerator}${found.match === 'known' ? '' : ` stands in (${because})`}, system ${found.system_id}. ` +
        'They are not used: this version runs on the CPU. Their settings: --dry_run --engine=tensorrt',
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
  const unlisted = listed === undefined ? unlistedSystem(catalogue, system_id) : undefined;
  if (unlisted !== undefined) {
    const notes = [`${system_id} is not listed: its values are derived from those of its GPU.`];
    return { description: detected, forConfigs: unlisted, notes };
  }
  if (listed === undefined) {
    throw new ConfigError(
      `--system: "${system_id}" is not in systems/ (loadrig list systems shows them all)${didYouMean(system_id, [...catalogue.systems.keys()])}`,
    );
  }
  if (listed.description.accelerator !== undefined) {
    return withGpus(catalogue, system_id, detected, { name: 'tensorrt', origin: '--system' });
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
  const lineage = systemAncestry(system_id, catalogue.systems);
  const own = lineage.at(-1);
  if (own === undefined) throw new Error(`${system_id} is in the catalogue`);
  const { accelerator = '', accelerators_per_node = 1 } = own.description;
  const gpus = {
    system_id,
    ...gpusOf(
      catalogue,
      modelOf(catalogue, own.description),
      accelerators_per_node,
      lineage,
      own.description,
    ),
  };
  const forConfigs = { system_id, available_cores: detected.available_cores, gpus, engine };
  const notes = gpus.match === 'known' ? [] : [`${system_id}: ${accelerator}: ${gpus.because}`];
  return { description: detected, forConfigs, notes };
}

/** Some GPUs of one kind, as a listed system or as one that nobody listed; for plans and pages. */
export function systemOfGpus(
  catalogue: SystemCatalogue,
  gpus: {
    /** A model's name, or a name of its own with the two facts below. */
    readonly model: string;
    readonly count: number;
    readonly system_id: string | undefined;
    readonly compute_capability?: number;
    readonly memory_bytes?: number;
  },
): SystemForConfigs {
  const engine = { name: 'tensorrt', origin: '--system' } as const;
  const listed =
    gpus.system_id === undefined ? undefined : catalogue.systems.get(gpus.system_id)?.description;
  const description = listed ?? {
    system_id: `${gpus.model}x${gpus.count}`,
    accelerator: gpus.model,
    accelerators_per_node: gpus.count,
    ...(gpus.compute_capability === undefined
      ? {}
      : { accelerator_compute_capability: gpus.compute_capability }),
    ...(gpus.memory_bytes === undefined ? {} : { accelerator_memory_gib: gpus.memory_bytes / 2 ** 30 }),
  };
  const lineage = listed === undefined ? [] : systemAncestry(listed.system_id, catalogue.systems);
  const { system_id, accelerators_per_node: count = gpus.count } = description;
  const resolved = gpusOf(catalogue, modelOf(catalogue, description), count, lineage, description);
  return { system_id, available_cores: 1, gpus: { system_id, ...resolved }, engine };
}

/** `H200-SXM-141GBx2`: a known GPU and a number. */
function unlistedSystem(catalogue: SystemCatalogue, system_id: string): SystemForConfigs | undefined {
  const [, model = '', count = ''] = /^(.+)x([1-9]\d{0,3})$/.exec(system_id) ?? [];
  const isGpu = gpuModels(catalogue.gpus).some(({ name }) => name === model);
  return isGpu ? systemOfGpus(catalogue, { model, count: Number(count), system_id: undefined }) : undefined;
}

/** The model that a system file names, or the nearest to the GPU it describes. */
function modelOf({ gpus }: SystemCatalogue, system: SystemFile): GpuMatch {
  const models = gpuModels(gpus);
  const {
    accelerator = '',
    accelerator_compute_capability: capability,
    accelerator_memory_gib: gib,
  } = system;
  const model = models.find(({ name }) => name === accelerator);
  if (model !== undefined) return { model, match: 'known', because: `${system.system_id} names it` };
  // The catalogue has been checked: a GPU it does not know is described.
  return matchGpu(
    { name: accelerator, compute_capability: capability ?? 0, memory_bytes: (gib ?? 0) * 2 ** 30 },
    models,
  );
}

function gpusOf(
  catalogue: SystemCatalogue,
  { model, match, because }: GpuMatch,
  count: number,
  lineage: readonly ListedSystem<SystemFile>[],
  facts: Pick<SystemFile, 'accelerator_compute_capability' | 'accelerator_memory_gib'>,
): GpusForConfigs {
  const { accelerator_compute_capability: capability, accelerator_memory_gib: gib } = facts;
  return {
    accelerator: model.name,
    accelerators_per_node: count,
    architecture: model.architecture,
    compute_capability: capability ?? model.compute_capability,
    memory_bytes: (gib ?? model.memory_gib) * 2 ** 30,
    match,
    because,
    blocks: gpuAncestry(model.name, catalogue.gpus),
    lineage: lineage.map(({ description, configs }) => ({
      configs,
      accelerators_per_node: description.accelerators_per_node ?? count,
    })),
    files: catalogue.gpuConfigs,
  };
}

/** The GPUs that detection found, as the system they make; undefined where there are none. */
function detectedGpus(
  root: string,
  { accelerators = [], architecture }: SystemDescription,
): SystemForConfigs['gpus'] {
  const [first] = accelerators;
  if (first === undefined) return undefined;
  const catalogue = openCatalogue(root);
  const found = matchGpu(first, gpuModels(catalogue.gpus));
  const count = accelerators.filter(({ name }) => name === first.name).length;
  const machine = { accelerator: found.model.name, count, hostArchitecture: architecture };
  const fitting =
    found.match === 'known'
      ? matchSystems(
          machine,
          [...catalogue.systems.values()].map(({ description }) => description),
        )
      : [];
  const [system, ...others] = fitting;
  if (others.length > 0) {
    throw new ConfigError(
      `${fitting.length} systems of systems/ match this machine (${count} × ${found.model.name}): ${fitting.map(({ system_id }) => system_id).join(', ')}. ` +
        'Choose one with --system=ID, or let one of the files extend the other.',
    );
  }
  const lineage = system === undefined ? [] : systemAncestry(system.system_id, catalogue.systems);
  return {
    system_id: system?.system_id ?? `${plainId(first.name, found)}x${count}`,
    ...gpusOf(catalogue, found, count, lineage, {
      accelerator_compute_capability: first.compute_capability,
      accelerator_memory_gib: first.memory_bytes / 2 ** 30,
    }),
  };
}

/** A name for systems that are not listed: the model's, or the machine's own where the model only stands in. */
const plainId = (name: string, { model, match }: GpuMatch) =>
  match === 'known' ? model.name : name.replace(/[^A-Za-z0-9-]+/g, '_').replace(/^NVIDIA_/, '');
