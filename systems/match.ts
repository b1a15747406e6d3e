// Which known GPU a machine has, and which known system it is: by architecture, memory and number, never by CPU or board.
// A GPU that nobody listed gets the nearest known one, and says so.

import type { z } from 'zod';
import type { acceleratorSchema, GpuModelEntry } from './schema.js';

/** A GPU, or a slice of one, as a machine shows it. */
export type AcceleratorFacts = Readonly<z.output<typeof acceleratorSchema>>;

/** A GPU of gpu-models.json that is one: families have no capability. */
export interface GpuModel extends GpuModelEntry {
  readonly name: string;
  readonly architecture: string;
  readonly compute_capability: number;
  readonly memory_gib: number;
}

export interface GpuMatch {
  readonly model: GpuModel;
  readonly match: 'known' | 'nearest';
  /** How it was found, in words. */
  readonly because: string;
}

/** Memory that a machine shows is less than the name says, and not by the same share everywhere. */
const MEMORY_TOLERANCE = 0.1;
/** Boards share their memory with the CPU and show still less. */
const SHARED_MEMORY_TOLERANCE = 0.2;

/** The GPUs among the entries of gpu-models.json. */
export function gpuModels(entries: Readonly<Record<string, GpuModelEntry>>): readonly GpuModel[] {
  return Object.entries(entries).flatMap(([name, entry]) => {
    const { architecture, compute_capability, memory_gib } = entry;
    return architecture === undefined || compute_capability === undefined || memory_gib === undefined
      ? []
      : [{ ...entry, name, architecture, compute_capability, memory_gib }];
  });
}

/**
 * The model of a GPU: the one with its name, else the one with its capability and memory where there is just one, else
 * the nearest by capability, then by memory.
 *
 * @throws {RangeError} when there are no models (a broken table).
 */
export function matchGpu(facts: AcceleratorFacts, models: readonly GpuModel[]): GpuMatch {
  const shown = `${facts.name} (compute capability ${facts.compute_capability.toFixed(1)}, ${gib(facts.memory_bytes)})`;
  const alike = models.filter((model) => isAlike(facts, model));
  const named = alike.find((model) => (model.names ?? []).some((name) => plain(name) === plain(facts.name)));
  if (named !== undefined) return { model: named, match: 'known', because: `${shown} is ${named.name}` };
  const [only, ...others] = alike;
  // One name for one capability and memory: a board or a slice, which are not known by name.
  if (only !== undefined && others.length === 0 && (only.names ?? []).length === 0) {
    return { model: only, match: 'known', because: `${shown} is ${only.name} by capability and memory` };
  }
  const nearest = nearestModel(facts, models);
  return { model: nearest, match: 'nearest', because: `${shown} is not listed; ${nearest.name} is nearest` };
}

function isAlike(facts: AcceleratorFacts, model: GpuModel): boolean {
  const tolerance = (model.names ?? []).length === 0 ? SHARED_MEMORY_TOLERANCE : MEMORY_TOLERANCE;
  const share = facts.memory_bytes / 2 ** 30 / model.memory_gib;
  return (
    facts.mig_profile === model.mig_profile &&
    facts.compute_capability === model.compute_capability &&
    (facts.mig_profile !== undefined || Math.abs(share - 1) <= tolerance)
  );
}

function nearestModel(facts: AcceleratorFacts, models: readonly GpuModel[]): GpuModel {
  const isSlice = facts.mig_profile !== undefined;
  const candidates = models.filter((model) => (model.mig_profile !== undefined) === isSlice);
  const [first, ...rest] = candidates.length === 0 ? models : candidates;
  if (first === undefined) throw new RangeError('gpu-models.json lists no GPU');
  return rest.reduce((best, model) => (distance(facts, model) < distance(facts, best) ? model : best), first);
}

/** Architecture first: one step of capability outweighs any ratio of memory; of two as far, the older is safer. */
function distance(facts: AcceleratorFacts, model: GpuModel): number {
  const steps = facts.compute_capability - model.compute_capability;
  const memory = Math.abs(Math.log2(facts.memory_bytes / 2 ** 30 / model.memory_gib));
  return 1000 * Math.abs(steps) + (steps < 0 ? 1 : 0) + memory / 100;
}

const plain = (name: string) => name.toLowerCase().replace(/^(nvidia|tesla|\s)+/, '');

const gib = (bytes: number) => `${Number((bytes / 2 ** 30).toPrecision(3))} GiB`;

/** A system file, as far as matching needs it. */
export interface SystemToMatch {
  readonly system_id: string;
  readonly extends?: string | undefined;
  readonly architecture?: string | undefined;
  readonly accelerator?: string | undefined;
  readonly accelerators_per_node?: number | undefined;
  readonly detectable?: boolean | undefined;
}

/**
 * The systems that a machine can be: the same GPU, number and host architecture. A system that extends another one
 * stands for it. One is a match; none, an unlisted system; several, the user must choose.
 *
 * @param hostArchitecture process.arch of the machine: x64 or arm64.
 */
export function matchSystems<S extends SystemToMatch>(
  machine: { readonly accelerator: string; readonly count: number; readonly hostArchitecture: string },
  systems: readonly S[],
): readonly S[] {
  const alike = systems.filter(
    (system) =>
      system.detectable !== false &&
      system.accelerator === machine.accelerator &&
      system.accelerators_per_node === machine.count &&
      (system.architecture ?? machine.hostArchitecture) === machine.hostArchitecture,
  );
  return alike.filter(({ system_id }) => !alike.some((other) => other.extends === system_id));
}
