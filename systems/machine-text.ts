// A machine as a person reads it, in one short block.

import type { Machine } from './machine.js';
import type { Gpu } from './nvidia-smi.js';

/** Lines for the screen: CPU, GPUs, software, and what is wrong. */
export function machineLines(machine: Machine): readonly string[] {
  const { system, gpus, board, driver_version, cuda_version, libraries, container, problems } = machine;
  const { host_processors_per_node: sockets, host_processor_features: features } = system;
  const nodes = machine.numa_nodes.length;
  const tensorrt = libraries.find(({ library }) => library === 'TensorRT');
  return [
    `Detected system ID: ${system.system_id} (${system.host_processor_model_name}, ${system.available_cores} cores)`,
    `  host: ${counted(sockets, 'socket')}, ${nodes > 1 ? `${nodes} NUMA nodes, ` : ''}${gib(system.host_memory_bytes)}, ${features.length === 0 ? 'no known vector instructions' : features.join(' ')}; ${system.operating_system}${container === null ? '' : `, in a container (${container})`}`,
    ...(board === null
      ? []
      : [
          `  board: ${board.model} (${board.chip}), GPU ${board.gpu_name} ${board.compute_capability.toFixed(1)}${board.l4t_version === null ? '' : `, Jetson Linux ${board.l4t_version}`}`,
        ]),
    ...gpuLines(gpus),
    ...(gpus.length === 0 && board === null
      ? []
      : [
          `  driver ${driver_version ?? 'unknown'}, CUDA ${cuda_version ?? 'unknown'}, TensorRT ${tensorrt === undefined ? 'not found' : (tensorrt.version ?? 'of unknown version')}`,
        ]),
    ...problems.map((problem) => `  warning: ${problem}`),
  ];
}

/** Equal GPUs on one line. */
function gpuLines(gpus: readonly Gpu[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const gpu of gpus) {
    const text = gpuText(gpu);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => `  GPUs: ${count} × ${text}`);
}

function gpuText(gpu: Gpu): string {
  const { mig_mode, mig_instances, power_limit_w, max_sm_clock_mhz, compute_capability } = gpu;
  const profiles = mig_instances.map(({ profile }) => profile ?? 'unknown').join(' ');
  const facts = [
    ...(gpu.architecture === null ? [] : [gpu.architecture]),
    ...(compute_capability === null ? [] : [compute_capability.toFixed(1)]),
    ...(gpu.memory_bytes === null ? [] : [gib(gpu.memory_bytes)]),
    ...(max_sm_clock_mhz === null ? [] : [`up to ${max_sm_clock_mhz} MHz`]),
    ...(power_limit_w === null ? [] : [`${power_limit_w} W`]),
    ...(mig_mode ? [`MIG: ${profiles === '' ? 'no instances' : profiles}`] : []),
  ];
  return `${gpu.name} (${facts.join(', ')})`;
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(bytes < 100 * 2 ** 30 ? 1 : 0)} GiB`;
