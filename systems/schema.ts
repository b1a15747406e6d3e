// The description of a machine: what systems/<system_id>.json holds and what detection finds.
// Keys that an MLPerf submission knows carry its names (host_processor_model_name …).

import { z } from 'zod';

/** A GPU, or a slice of one, as the machine shows it; systems/match.ts finds its model. */
export const acceleratorSchema = z.strictObject({
  /** As nvidia-smi prints it. */
  name: z.string().min(1),
  /** 8.0, 9.0 … */
  compute_capability: z.number().positive(),
  memory_bytes: z.number().positive(),
  /** Profile of a MIG slice: 1g.5gb … */
  mig_profile: z.string().min(1).optional(),
});

export const systemDescriptionSchema = z.strictObject({
  /** Names the machine in file names and logs: letters, digits, ".", "-" and "_". */
  system_id: z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/, 'must be letters, digits, ".", "-" and "_"'),
  /** x64, arm64 … as Node names it. */
  architecture: z.string().min(1),
  host_processor_vendor: z.string(),
  host_processor_model_name: z.string().min(1),
  /** Sockets. */
  host_processors_per_node: z.int().positive(),
  /** Physical cores of one socket. */
  host_processor_core_count: z.int().positive(),
  /** Logical processors (hardware threads) of all sockets. */
  host_logical_processor_count: z.int().positive(),
  /** Logical processors that this process may use (affinity and container limits); sizes the engines. */
  available_cores: z.int().positive(),
  /** Instructions that decide the speed of inference, of those the processor has: avx2, avx512_vnni, amx_int8 … */
  host_processor_features: z.array(z.string()),
  host_memory_bytes: z.number().nonnegative(),
  operating_system: z.string(),
  kernel: z.string(),
  node_version: z.string(),
  /** Frequency governor of the first core; null where the kernel shows none (virtual machines). */
  cpu_governor: z.string().nullable(),
  /** One entry for each GPU or slice; absent where there is none. */
  accelerators: z.array(acceleratorSchema).optional(),
});

/** What a machine is. */
export type SystemDescription = Readonly<z.output<typeof systemDescriptionSchema>>;

/**
 * systems/<system_id>.json: a name, what to say otherwise than detection found, and settings of benchmarks
 * (`configs`: { benchmark: { Scenario: { settings, config_ver } } }, checked where configs are loaded).
 */
export const systemFileSchema = systemDescriptionSchema.partial().extend({
  system_id: systemDescriptionSchema.shape.system_id,
  /** Another system whose settings this one takes over; its targets scale with the number of accelerators. */
  extends: z.string().min(1).optional(),
  /** A GPU of gpu-models.json; or a name of one's own, with the two facts below. */
  accelerator: z.string().min(1).optional(),
  /** GPUs, or slices of GPUs. */
  accelerators_per_node: z.int().positive().optional(),
  /** Of a GPU that gpu-models.json does not know: 8.6, 9.0 … */
  accelerator_compute_capability: z.number().min(3).lt(20).optional(),
  /** Of a GPU that gpu-models.json does not know. */
  accelerator_memory_gib: z.number().positive().optional(),
  /** False: a machine that looks like this one is not taken for it; it must be named. */
  detectable: z.boolean().optional(),
  /** Why it is as it is, for people. */
  note: z.string().optional(),
  configs: z.unknown().optional(),
});
export type SystemFile = Readonly<z.output<typeof systemFileSchema>>;

const gpuModelSchema = z.strictObject({
  /** The model or family whose settings it takes over. */
  extends: z.string().min(1).optional(),
  /** Turing, Ampere … */
  architecture: z.string().min(1).optional(),
  compute_capability: z.number().min(3).lt(20).optional(),
  memory_gib: z.number().positive().optional(),
  /** Of a slice of a GPU: 1g.5gb … */
  mig_profile: z.string().min(1).optional(),
  /** What nvidia-smi calls it, without "NVIDIA" and "Tesla". */
  names: z.array(z.string().min(1)).optional(),
  pci_device_ids: z.array(z.string().regex(/^[0-9A-F]{4}$/, 'must be four hex digits')).optional(),
  note: z.string().optional(),
});

/** gpu-models.json: GPUs by name, and the families they belong to, which have neither capability nor memory. */
export const gpuModelsSchema = z.strictObject({ gpus: z.record(z.string(), gpuModelSchema) });
export type GpuModelEntry = Readonly<z.output<typeof gpuModelSchema>>;

/** Detected facts with the file's own on top. */
export function describedBy(file: SystemFile, detected: SystemDescription): SystemDescription {
  const said = Object.entries(file).filter(([key]) => key in systemDescriptionSchema.shape);
  return systemDescriptionSchema.parse({ ...detected, ...Object.fromEntries(said) });
}
