// Descriptions of machines that no test runs on.

import type { SystemDescription } from '../../systems/schema.js';

/** A CPU server without GPUs. */
export const cpuMachine: SystemDescription = {
  system_id: 'Test_1x_CPU',
  architecture: 'x64',
  host_processor_vendor: 'Test',
  host_processor_model_name: 'Test CPU',
  host_processors_per_node: 1,
  host_processor_core_count: 8,
  host_logical_processor_count: 8,
  available_cores: 8,
  host_processor_features: [],
  host_memory_bytes: 64 * 2 ** 30,
  operating_system: 'Test OS',
  kernel: '6.0',
  node_version: 'v20.19.0',
  cpu_governor: null,
};
