// The whole machine, GPUs included, from captured outputs. Pure, so that machines that no test runs on are tested too.
// Systems are known by architecture, number and memory of their GPUs; CPU and board are described, never matched.

import { describeSystem } from './detect.js';
import type { CapturedSystem } from './detect.js';
import { describeBoard } from './jetson.js';
import type { CapturedBoard, JetsonBoard } from './jetson.js';
import { readNvidiaSmi } from './nvidia-smi.js';
import type { Gpu, GpuReport, NvidiaSmiOutputs } from './nvidia-smi.js';
import type { AcceleratorFacts } from './match.js';
import type { SystemDescription } from './schema.js';
import { containerOf, disksOf, librariesOf } from './surroundings.js';
import type {
  CapturedContainer,
  CapturedDisk,
  Disk,
  Library,
  NetworkCard,
  NumaNode,
} from './surroundings.js';

/** A device of the PCI bus made by NVIDIA, as the kernel shows it, driver or not. */
export interface PciDevice {
  /** 0000:00:06.0 */
  readonly address: string;
  /** 0x233010 … of /sys/bus/pci/devices/…/device */
  readonly device: string;
  /** 0x030200: display controllers begin with 0x03. */
  readonly pciClass: string;
  /** -1 where the machine has no NUMA nodes. */
  readonly numaNode: string;
}

export interface CapturedMachine extends CapturedSystem {
  readonly nvidiaSmi: NvidiaSmiOutputs;
  /** CUDA_VISIBLE_DEVICES; undefined where it is not set. */
  readonly cudaVisibleDevices: string | undefined;
  readonly pciDevices: readonly PciDevice[];
  readonly board: CapturedBoard;
  readonly container: CapturedContainer;
  /** Files of GPU libraries in the loader's folders, in its order, links resolved. */
  readonly libraryFiles: readonly string[];
  readonly numaNodes: readonly NumaNode[];
  readonly disks: readonly CapturedDisk[];
  readonly networkCards: readonly NetworkCard[];
}

/** What a machine is, as far as results depend on it. Saved with each of them. */
export interface Machine {
  readonly system: SystemDescription;
  readonly gpus: readonly Gpu[];
  readonly gpu_links: readonly string[];
  readonly driver_version: string | null;
  readonly cuda_version: string | null;
  readonly board: JetsonBoard | null;
  readonly container: string | null;
  readonly libraries: readonly Library[];
  readonly numa_nodes: readonly NumaNode[];
  readonly disks: readonly Disk[];
  readonly network_cards: readonly NetworkCard[];
  /** What could not be read or does not fit, each with what to do. */
  readonly problems: readonly string[];
}

/** Describes a machine; what is wrong with it is told in `problems`, never thrown. */
export function describeMachine(captured: CapturedMachine): Machine {
  const report = readNvidiaSmi(captured.nvidiaSmi);
  const system = describeSystem(captured);
  const board = describeBoard(captured.board);
  const gpus = report.gpus.map((gpu) => withNumaNode(gpu, captured.pciDevices));
  const visible = visibleGpus(gpus, captured.cudaVisibleDevices);
  const found =
    board !== undefined && gpus.every(({ memory_bytes }) => memory_bytes === null)
      ? { accelerators: [acceleratorOf(board, system)], problems: [] }
      : acceleratorsOf(visible.gpus);
  return {
    system: found.accelerators.length === 0 ? system : { ...system, accelerators: found.accelerators },
    gpus,
    gpu_links: report.links,
    driver_version: report.driver_version,
    cuda_version: report.cuda_version,
    board: board ?? null,
    container: containerOf(captured.container),
    libraries: librariesOf(captured.libraryFiles),
    numa_nodes: captured.numaNodes,
    disks: disksOf(captured.disks),
    network_cards: captured.networkCards,
    problems: [
      // Boards have no nvidia-smi that knows their GPU.
      ...(board === undefined ? report.problems : []),
      ...driverProblems(report, captured),
      ...visible.problems,
      ...found.problems,
    ],
  };
}

const acceleratorOf = (board: JetsonBoard, system: SystemDescription): AcceleratorFacts => ({
  name: board.gpu_name,
  compute_capability: board.compute_capability,
  // One memory for both; the kernel may show none.
  memory_bytes: Math.max(1, system.host_memory_bytes),
});

function withNumaNode(gpu: Gpu, devices: readonly PciDevice[]): Gpu {
  if (gpu.numa_node !== null) return gpu;
  // nvidia-smi writes eight digits of the domain, the kernel four.
  const device = devices.find(({ address }) => gpu.pci_bus_id?.toLowerCase().endsWith(address) === true);
  const node = Number(device?.numaNode.trim() || -1);
  return node >= 0 ? { ...gpu, numa_node: node } : gpu;
}

function driverProblems({ gpus, problems }: GpuReport, { pciDevices }: CapturedMachine): string[] {
  const onBus = pciDevices.filter(({ pciClass }) => pciClass.startsWith('0x03')).length;
  if (onBus <= gpus.length || (gpus.length === 0 && problems.length > 0)) return [];
  return [
    gpus.length === 0
      ? `the PCI bus shows ${onBus} NVIDIA GPU(s), but there is no nvidia-smi: install the NVIDIA driver, or hand the GPUs to this container.`
      : `the PCI bus shows ${onBus} NVIDIA GPUs, nvidia-smi shows ${gpus.length}: one may have failed (dmesg | grep -i xid) or belong to another container.`,
  ];
}

interface Visible {
  readonly gpus: readonly Gpu[];
  readonly problems: readonly string[];
}

/** The GPUs that CUDA would show: those of CUDA_VISIBLE_DEVICES, by index or the beginning of the UUID. */
function visibleGpus(gpus: readonly Gpu[], variable: string | undefined): Visible {
  if (variable === undefined || gpus.length === 0) return { gpus, problems: [] };
  const names = variable.split(',').map((name) => name.trim());
  const chosen: Gpu[] = [];
  for (const name of names) {
    const gpu = /^\d+$/.test(name)
      ? gpus[Number(name)]
      : gpus.find(({ uuid }) => name !== '' && uuid?.startsWith(name) === true);
    // CUDA stops at the first name that it does not know.
    if (gpu === undefined) break;
    chosen.push(gpu);
  }
  if (names.some((name) => name.startsWith('MIG-')))
    return {
      gpus,
      problems: [
        `CUDA_VISIBLE_DEVICES=${variable} names slices of a GPU; all slices of the machine are counted.`,
      ],
    };
  if (chosen.length === gpus.length) return { gpus: chosen, problems: [] };
  return {
    gpus: chosen,
    problems: [
      `CUDA_VISIBLE_DEVICES=${variable} shows ${chosen.length} of ${gpus.length} GPUs; only those are counted. Unset it to use all.`,
    ],
  };
}

/** GPUs, or their slices, as configs are found for them. */
function acceleratorsOf(gpus: readonly Gpu[]): {
  readonly accelerators: AcceleratorFacts[];
  readonly problems: readonly string[];
} {
  const accelerators: AcceleratorFacts[] = [];
  const problems: string[] = [];
  for (const [index, gpu] of gpus.entries()) {
    const { name, compute_capability, memory_bytes } = gpu;
    if (compute_capability === null) {
      problems.push(
        `GPU ${index} (${name}): its compute capability is unknown, so no settings are found for it. Update the driver (510 or newer prints it), or name a system with --system.`,
      );
    } else if (gpu.mig_mode) {
      const slices = gpu.mig_instances.flatMap((slice) => {
        if (slice.profile === null || slice.memory_bytes === null) return [];
        const { profile: mig_profile, memory_bytes: bytes } = slice;
        return [{ name, compute_capability, memory_bytes: bytes, mig_profile }];
      });
      accelerators.push(...slices);
      if (slices.length === 0) problems.push(noSlices(index, gpu));
    } else if (memory_bytes === null) {
      problems.push(
        `GPU ${index} (${name}): nvidia-smi does not tell its memory, so no settings are found for it. Name a system with --system.`,
      );
    } else {
      accelerators.push({ name, compute_capability, memory_bytes });
    }
  }
  const kinds = new Set(accelerators.map(({ name, mig_profile = '' }) => `${name} ${mig_profile}`.trim()));
  if (kinds.size > 1) {
    problems.push(
      `mixed GPUs (${[...kinds].join(', ')}): settings are made for one kind, the first. Choose some with CUDA_VISIBLE_DEVICES.`,
    );
  }
  return { accelerators, problems };
}

function noSlices(index: number, { name, mig_instances }: Gpu): string {
  return mig_instances.length === 0
    ? `GPU ${index} (${name}): MIG is enabled without instances, so nothing can run on it. Make some (nvidia-smi mig -i ${index} -cgi PROFILE -C) or switch MIG off (nvidia-smi -i ${index} -mig 0).`
    : `GPU ${index} (${name}): ${mig_instances.length} MIG instances, but nvidia-smi -L does not name their profiles, so no settings are found for them. Name a system with --system.`;
}
