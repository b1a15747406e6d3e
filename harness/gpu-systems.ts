// Machines with GPUs as resolving needs them: from a listed system, from a GPU and a number, or from what was detected.

import { gpuAncestry, loadCatalogue, systemAncestry } from '../configs/catalogue.js';
import type { Catalogue, ListedSystem } from '../configs/catalogue.js';
import { ConfigError } from '../configs/errors.js';
import type { GpusForConfigs } from '../configs/gpu-layers.js';
import { gpuModels, matchGpu, matchSystems } from '../systems/match.js';
import type { GpuMatch } from '../systems/match.js';
import { gpuModelsSchema, systemFileSchema } from '../systems/schema.js';
import type { GpuModelEntry, SystemDescription, SystemFile } from '../systems/schema.js';

export type SystemCatalogue = Catalogue<SystemFile, GpuModelEntry>;

/** The GPUs of a machine, and the name it is benchmarked under. */
export type GpuSystem = GpusForConfigs & { readonly system_id: string };

/** Every system there is, and `ownFile`, where one is given. @throws {ConfigError} with all that is wrong. */
export function openCatalogue(root: string, ownFile?: string): SystemCatalogue {
  return loadCatalogue(root, 'bert', { system: systemFileSchema, gpuModels: gpuModelsSchema }, ownFile);
}

/** The GPUs of a listed system. @throws {Error} for one that has none (a bug). */
export function listedGpus(catalogue: SystemCatalogue, system_id: string): GpuSystem {
  const lineage = systemAncestry(system_id, catalogue.systems);
  const own = lineage.at(-1)?.description;
  if (own?.accelerator === undefined) throw new Error(`${system_id} is no system with GPUs`);
  const found = findModel(catalogue, {
    model: own.accelerator,
    compute_capability: own.accelerator_compute_capability,
    memory_gib: own.accelerator_memory_gib,
  });
  return gpuSystem(catalogue, { system_id, ...found, count: own.accelerators_per_node ?? 1, lineage });
}

/** GPUs of one kind, by a name and a number. */
export interface GpusByName {
  /** A name of gpu-models.json, or another one with the two facts below. */
  readonly model: string;
  readonly count: number;
  readonly compute_capability?: number;
  readonly memory_gib?: number;
}

/** A machine that nobody listed; undefined where its GPU is neither known nor described. */
export function unlistedGpus(catalogue: SystemCatalogue, gpus: GpusByName): GpuSystem | undefined {
  const isKnown = gpuModels(catalogue.gpus).some(({ name }) => name === gpus.model);
  if (!isKnown && (gpus.compute_capability === undefined || gpus.memory_gib === undefined)) return undefined;
  const system_id = `${gpus.model}x${gpus.count}`;
  return gpuSystem(catalogue, { system_id, ...findModel(catalogue, gpus), count: gpus.count, lineage: [] });
}

/**
 * The GPUs that detection found, as the system they make; undefined where there are none.
 *
 * @throws {ConfigError} when several listed systems look like this machine.
 */
export function detectedGpus(
  root: string,
  { accelerators = [], architecture }: SystemDescription,
): GpuSystem | undefined {
  const [first] = accelerators;
  if (first === undefined) return undefined;
  const catalogue = openCatalogue(root);
  const found = matchGpu(first, gpuModels(catalogue.gpus));
  const count = accelerators.filter(
    ({ name, mig_profile }) => name === first.name && mig_profile === first.mig_profile,
  ).length;
  const system = onlySystem(catalogue, found, { count, hostArchitecture: architecture });
  return gpuSystem(catalogue, {
    system_id: system?.system_id ?? `${nameOf(first.name, found)}x${count}`,
    ...found,
    compute_capability: first.compute_capability,
    memory_gib: first.memory_bytes / 2 ** 30,
    count,
    lineage: system === undefined ? [] : systemAncestry(system.system_id, catalogue.systems),
  });
}

/** The one listed system that a machine is; undefined where it is none. */
function onlySystem(
  { systems }: SystemCatalogue,
  { model, match }: GpuMatch,
  machine: { readonly count: number; readonly hostArchitecture: string },
): SystemFile | undefined {
  if (match === 'nearest') return undefined;
  const listed = [...systems.values()].map(({ description }) => description);
  const [system, ...others] = matchSystems({ accelerator: model.name, ...machine }, listed);
  if (system === undefined || others.length === 0) return system;
  const ids = [system, ...others].map(({ system_id }) => system_id);
  throw new ConfigError(
    `${ids.length} systems of systems/ match this machine (${machine.count} × ${model.name}): ${ids.join(', ')}. ` +
      'Choose one with --system=ID, or let one of the files extend the other.',
  );
}

/** A name for a machine that is not listed: the model's, or the GPU's own where the model only stands in. */
const nameOf = (name: string, { model, match }: GpuMatch) =>
  match === 'known' ? model.name : name.replace(/[^A-Za-z0-9-]+/g, '_').replace(/^NVIDIA_/, '');

interface FoundModel extends GpuMatch {
  readonly compute_capability: number;
  readonly memory_gib: number;
}

/** The model of that name, or the nearest to the facts. */
function findModel(
  { gpus }: SystemCatalogue,
  facts: {
    readonly model: string;
    readonly compute_capability?: number | undefined;
    readonly memory_gib?: number | undefined;
  },
): FoundModel {
  const models = gpuModels(gpus);
  const model = models.find(({ name }) => name === facts.model);
  const compute_capability = facts.compute_capability ?? model?.compute_capability ?? 0;
  const memory_gib = facts.memory_gib ?? model?.memory_gib ?? 0;
  const found =
    model === undefined
      ? matchGpu({ name: facts.model, compute_capability, memory_bytes: memory_gib * 2 ** 30 }, models)
      : ({ model, match: 'known', because: `it is called ${model.name}` } as const);
  return { ...found, compute_capability, memory_gib };
}

function gpuSystem(
  catalogue: SystemCatalogue,
  found: FoundModel & {
    readonly system_id: string;
    readonly count: number;
    readonly lineage: readonly ListedSystem<SystemFile>[];
  },
): GpuSystem {
  const { model, count } = found;
  return {
    system_id: found.system_id,
    accelerator: model.name,
    accelerators_per_node: count,
    architecture: found.match === 'known' ? model.architecture : 'the GPU',
    compute_capability: found.compute_capability,
    memory_bytes: found.memory_gib * 2 ** 30,
    match: found.match,
    because: found.because,
    blocks: gpuAncestry(model.name, catalogue.gpus),
    lineage: found.lineage.map(({ description, configs }) => ({
      configs,
      accelerators_per_node: description.accelerators_per_node ?? count,
    })),
    files: catalogue.gpuConfigs,
  };
}
