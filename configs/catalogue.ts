// All that is known of machines with GPUs: every systems/*.json, systems/gpu-models.json and the gpus.json files.
// Loaded whole and checked whole, so that one message lists every dangling name.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { ancestry } from './ancestry.js';
import { checkGpuConfig, checkJson, checkSystemConfigs } from './check-file.js';
import type { GpuConfigFile, SystemConfigFile } from './config-file.js';
import { didYouMean } from './did-you-mean.js';
import { ConfigError } from './errors.js';
import { loadJson } from './load.js';
import type { Benchmark } from './selection.js';
import { scenarios } from './test-settings.js';

const GPU_MODELS = 'gpu-models.json';

/** What a system file says that matters here; the rest is its own. */
interface SystemForm {
  readonly system_id: string;
  readonly extends?: string | undefined;
  readonly accelerator?: string | undefined;
  readonly accelerators_per_node?: number | undefined;
  readonly accelerator_compute_capability?: number | undefined;
  readonly accelerator_memory_gib?: number | undefined;
  readonly configs?: unknown;
}
interface GpuForm {
  readonly extends?: string | undefined;
  readonly compute_capability?: number | undefined;
}

/** One system file, checked. */
export interface ListedSystem<S> {
  readonly description: S;
  readonly configs: SystemConfigFile;
}

export interface Catalogue<S, G> {
  /** By system_id, in the order of their names. */
  readonly systems: ReadonlyMap<string, ListedSystem<S>>;
  /** Entries of gpu-models.json, families included. */
  readonly gpus: Readonly<Record<string, G>>;
  /** gpus.json of each scenario. */
  readonly gpuConfigs: readonly GpuConfigFile[];
}

/**
 * Reads the catalogue. The forms of system files and gpu-models.json are given, since systems/schema.ts owns them.
 *
 * @param root Folder that holds configs/ and systems/.
 * @param ownFile A system file from elsewhere that belongs to it too.
 * @throws {ConfigError} with everything that is wrong with any of the files.
 */
export function loadCatalogue<S extends SystemForm, G extends GpuForm>(
  root: string,
  benchmark: Benchmark,
  forms: {
    readonly system: z.ZodType<S>;
    readonly gpuModels: z.ZodType<{ readonly gpus: Readonly<Record<string, G>> }>;
  },
  ownFile?: string,
): Catalogue<S, G> {
  const problems: string[] = [];
  const modelsFile = `systems/${GPU_MODELS}`;
  const { gpus } = checkJson(loadJson(join(root, modelsFile), modelsFile), modelsFile, forms.gpuModels);
  const names = readdirSync(join(root, 'systems')).filter(
    (name) => name.endsWith('.json') && name !== GPU_MODELS,
  );
  const files = [
    ...names.sort().map((name) => ({ file: `systems/${name}`, path: join(root, 'systems', name) })),
    ...(ownFile === undefined ? [] : [{ file: ownFile, path: ownFile }]),
  ];
  const systems = new Map<string, ListedSystem<S>>();
  for (const { file, path } of files) {
    collect(problems, () => {
      const description = checkJson(loadJson(path, file), file, forms.system);
      const earlier = systems.get(description.system_id);
      if (earlier !== undefined) {
        problems.push(
          `${file}: system_id "${description.system_id}" is that of ${earlier.configs.file} too; rename one of them`,
        );
      }
      const configs = checkSystemConfigs(description.configs, file);
      systems.set(description.system_id, { description, configs });
    });
  }
  const gpuConfigs = scenarios.flatMap((scenario) => {
    const file = `configs/${benchmark}/${scenario}/gpus.json`;
    return (
      collect(problems, () => [
        checkGpuConfig(loadJson(join(root, file), file), file, benchmark, scenario),
      ]) ?? []
    );
  });
  const catalogue = { systems, gpus, gpuConfigs };
  problems.push(...danglingNames(catalogue));
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return catalogue;
}

/** What `make` gives; undefined where it throws a ConfigError, which joins the problems. */
function collect<T>(problems: string[], make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

function danglingNames<S extends SystemForm, G extends GpuForm>({
  systems,
  gpus,
  gpuConfigs,
}: Catalogue<S, G>): string[] {
  const problems: string[] = [];
  const modelNames = Object.keys(gpus);
  for (const name of modelNames) collect(problems, () => gpuAncestry(name, gpus));
  for (const system_id of systems.keys()) collect(problems, () => systemAncestry(system_id, systems));
  for (const { file, gpus: blocks } of gpuConfigs) {
    for (const name of blocks.keys()) {
      if (gpus[name] === undefined) {
        problems.push(`${file}: "${name}" is not in systems/${GPU_MODELS}${didYouMean(name, modelNames)}`);
      }
    }
  }
  for (const { description, configs } of systems.values()) {
    const { accelerator } = description;
    if (accelerator === undefined) continue;
    const isDescribed =
      description.accelerator_compute_capability !== undefined &&
      description.accelerator_memory_gib !== undefined;
    if (!isDescribed && gpus[accelerator]?.compute_capability === undefined) {
      problems.push(
        `${configs.file}: accelerator "${accelerator}" is no GPU of systems/${GPU_MODELS} (any other also needs ` +
          `accelerator_compute_capability and accelerator_memory_gib)${didYouMean(accelerator, modelNames)}`,
      );
    }
    if (description.accelerators_per_node === undefined) {
      problems.push(`${configs.file}: accelerators_per_node is missing: how many ${accelerator} there are`);
    }
  }
  return problems;
}

/** A GPU's families and itself, the general first. @throws {ConfigError} for a missing parent or a circle. */
export function gpuAncestry<G extends GpuForm>(
  name: string,
  gpus: Readonly<Record<string, G>>,
): readonly string[] {
  const parents = new Map(Object.entries(gpus).map(([each, entry]) => [each, entry.extends]));
  return ancestry(name, parents, (each) => `systems/${GPU_MODELS}, "${each}"`);
}

/** A system and those it extends, the oldest first. @throws {ConfigError} for a missing parent or a circle. */
export function systemAncestry<S extends SystemForm>(
  system_id: string,
  systems: ReadonlyMap<string, ListedSystem<S>>,
): readonly ListedSystem<S>[] {
  const parents = new Map([...systems].map(([id, { description }]) => [id, description.extends]));
  const chain = ancestry(system_id, parents, (id) => systems.get(id)?.configs.file ?? id);
  return chain.flatMap((id) => systems.get(id) ?? []);
}
