// systems/<system_id>.json in the form of an MLPerf submission, filled with what detection knows.
// Keys: those that the submission checkers v3.1 … v6.1 ask for; none of the required ones may be empty.

import type { Machine } from './machine.js';

/** What no detection can know. */
export interface SubmissionNames {
  readonly division: 'closed' | 'open' | 'network';
  readonly submitter: string;
  readonly status: 'available' | 'preview' | 'rdi';
  readonly system_name: string;
  /** The runtime and its version. */
  readonly framework: string;
}

/** Stands where a person must say it: the rules want a text there. */
export const UNKNOWN = 'unknown';
/** Stands where a machine has no such thing. */
const NONE = 'N/A';

export type SubmissionForm = Readonly<Record<string, string | number>>;

/** The form's values in the rules' order; `UNKNOWN` where detection cannot see, e.g. cooling. */
export function submissionForm(machine: Machine, names: SubmissionNames): SubmissionForm {
  const { system, board } = machine;
  return {
    division: names.division,
    submitter: names.submitter,
    status: names.status,
    system_type: board === null ? 'datacenter' : 'edge',
    system_type_detail: '',
    system_name: names.system_name,
    number_of_nodes: 1,
    host_processor_model_name: system.host_processor_model_name,
    host_processors_per_node: system.host_processors_per_node,
    host_processor_core_count: system.host_processor_core_count,
    host_processor_frequency: '',
    host_processor_caches: '',
    host_processor_interconnect: '',
    ...hostMemoryAndDisks(machine),
    ...hostNetwork(machine),
    ...accelerators(machine),
    cooling: UNKNOWN,
    framework: names.framework,
    operating_system: knownText(system.operating_system),
    other_software_stack: softwareStack(machine),
    hw_notes: system.host_processor_features.join(' '),
    sw_notes: machine.container === null ? '' : `in a container (${machine.container})`,
  };
}

/** Keys that a person must still fill in. */
export const openKeys = (form: SubmissionForm): readonly string[] =>
  Object.entries(form).flatMap(([key, value]) => (value === UNKNOWN ? [key] : []));

const knownText = (text: string) => (text === '' ? UNKNOWN : text);

function hostMemoryAndDisks({ system, disks }: Machine): SubmissionForm {
  const { host_memory_bytes } = system;
  return {
    host_memory_capacity: host_memory_bytes === 0 ? UNKNOWN : wholeGib(host_memory_bytes),
    host_memory_configuration: UNKNOWN,
    host_storage_capacity:
      disks.length === 0
        ? UNKNOWN
        : `${Math.round(disks.reduce((sum, { bytes }) => sum + bytes, 0) / 1e9)} GB`,
    host_storage_type: disks.length === 0 ? UNKNOWN : [...new Set(disks.map(({ kind }) => kind))].join(', '),
  };
}

function hostNetwork({ network_cards }: Machine): SubmissionForm {
  const cards = network_cards.map(({ mbit_per_second }) =>
    mbit_per_second === null ? 'Ethernet' : `${mbit_per_second / 1000} Gbit/s`,
  );
  return {
    host_networking: cards.length === 0 ? NONE : [...new Set(cards)].join(', '),
    host_networking_topology: NONE,
    host_network_card_count: cards.length === 0 ? NONE : `${cards.length}`,
  };
}

function accelerators(machine: Machine): SubmissionForm {
  const { gpus, board, system, gpu_links } = machine;
  const [first] = gpus;
  const [accelerator] = system.accelerators ?? [];
  const onChip = { accelerator_frequency: '', accelerator_interconnect_topology: '' };
  if (accelerator === undefined && first === undefined) {
    return {
      // A text: the number 0 counts as empty, and newer checkers want what reads as a number.
      accelerators_per_node: '0',
      accelerator_model_name: NONE,
      accelerator_memory_capacity: NONE,
      accelerator_memory_configuration: NONE,
      accelerator_host_interconnect: NONE,
      accelerator_interconnect: NONE,
      ...onChip,
      'accelerator_on-chip_memories': '',
    };
  }
  const memory = accelerator?.memory_bytes ?? first?.memory_bytes ?? 0;
  const profile = accelerator?.mig_profile;
  const name = first?.name ?? board?.model ?? accelerator?.name ?? UNKNOWN;
  const count = system.accelerators?.length ?? 0;
  return {
    accelerators_per_node: count === 0 ? '0' : count,
    accelerator_model_name: profile === undefined ? name : `${name} (${count}x ${profile} MIG)`,
    accelerator_memory_capacity: memory === 0 ? UNKNOWN : wholeGib(memory),
    accelerator_memory_configuration: memoryKind(machine),
    accelerator_host_interconnect: first === undefined ? NONE : pcieText(first.pcie),
    accelerator_interconnect: linkText(gpus.length, gpu_links),
    ...onChip,
    accelerator_frequency:
      first === undefined || first.max_sm_clock_mhz === null ? '' : `${first.max_sm_clock_mhz} MHz`,
    'accelerator_on-chip_memories': '',
  };
}

const pcieText = (pcie: string | null) => (pcie === null ? UNKNOWN : `PCIe ${pcie}`);

/** Known by name where NVIDIA says it there; boards use the host's memory. */
function memoryKind({ gpus, board }: Machine): string {
  if (board !== null) return 'shared with the host';
  return /HBM\w*|GDDR\w*/.exec(gpus[0]?.name ?? '')?.[0] ?? UNKNOWN;
}

function linkText(gpuCount: number, links: readonly string[]): string {
  if (gpuCount < 2) return NONE;
  const kinds = [...new Set(links)];
  if (kinds.length === 0) return UNKNOWN;
  return kinds.every((kind) => /^NV\d+$/.test(kind)) ? `NVLink (${kinds.join(', ')})` : kinds.join(', ');
}

function softwareStack({ system, driver_version, cuda_version, libraries, board }: Machine): string {
  const shown = libraries.flatMap(({ library, version }) =>
    version === null || !/^(TensorRT|cuDNN)$/.test(library) ? [] : [`${library} ${version}`],
  );
  return [
    `Node.js ${system.node_version.replace(/^v/, '')}`,
    `Linux ${system.kernel}`,
    ...(driver_version === null ? [] : [`NVIDIA driver ${driver_version}`]),
    ...(cuda_version === null ? [] : [`CUDA ${cuda_version}`]),
    ...(board?.l4t_version == null ? [] : [`Jetson Linux ${board.l4t_version}`]),
    ...shown,
  ].join(', ');
}

const wholeGib = (bytes: number) => `${Math.round(bytes / 2 ** 30)} GiB`;
