// The description of a machine: what systems/<system_id>.json holds and what detection finds.
// Keys that an MLPerf submission knows carry its names (host_processor_model_name …).

import { z } from 'zod';

export const systemDescriptionSchema = z.strictObject({
  /** Names the machine in file names and logs: letters, digits, "-" and "_". */
  system_id: z.string().regex(/^[A-Za-z0-9_-]+$/, 'must be letters, digits, "-" and "_"'),
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
});

/** What a machine is. */
export type SystemDescription = Readonly<z.output<typeof systemDescriptionSchema>>;

/**
 * systems/<system_id>.json: a name, what to say otherwise than detection found, and settings of benchmarks
 * (`configs`: { benchmark: { Scenario: { settings, config_ver } } }, checked where configs are loaded).
 */
export const systemFileSchema = systemDescriptionSchema.partial().extend({
  system_id: systemDescriptionSchema.shape.system_id,
  configs: z.unknown().optional(),
});
export type SystemFile = Readonly<z.output<typeof systemFileSchema>>;

/** Detected facts with the file's own on top. */
export function describedBy(file: SystemFile, detected: SystemDescription): SystemDescription {
  const said = Object.entries(file).filter(([key]) => key in systemDescriptionSchema.shape);
  return systemDescriptionSchema.parse({ ...detected, ...Object.fromEntries(said) });
}
