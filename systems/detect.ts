// From captured outputs of a machine to its description. Pure, so that it is tested on captured machines.

import type { SystemDescription } from './schema.js';

/** Texts and numbers as the machine gives them; empty where it gives none. */
export interface CapturedSystem {
  /** /proc/cpuinfo */
  readonly cpuinfo: string;
  /** /proc/meminfo */
  readonly meminfo: string;
  /** /etc/os-release */
  readonly osRelease: string;
  /** uname -r */
  readonly kernel: string;
  /** process.arch */
  readonly architecture: string;
  /** process.version */
  readonly nodeVersion: string;
  /** os.availableParallelism(): respects CPU affinity. */
  readonly availableParallelism: number;
  /** cpu.max of cgroup v2: quota and period in µs, or "max …"; empty outside containers. */
  readonly cgroupCpuMax: string;
  /** /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor */
  readonly governor: string;
  /** os.cpus()[0].model, for machines whose cpuinfo names none. */
  readonly fallbackModel: string;
}

/** What inference on a CPU lives on: vector width, dot products, matrix tiles. */
const tellingFeatures = [
  'avx2',
  'avx_vnni',
  'avx512f',
  'avx512_vnni',
  'avx512_bf16',
  'amx_int8',
  'amx_bf16',
  'asimddp',
  'i8mm',
  'bf16',
  'sve',
];

/** Arm cores name themselves by number: implementer and part of /proc/cpuinfo. */
const armCores: Readonly<Record<string, string>> = {
  '0x41/0xd08': 'Arm Cortex-A72',
  '0x41/0xd0b': 'Arm Cortex-A76',
  '0x41/0xd0c': 'Arm Neoverse-N1',
  '0x41/0xd40': 'Arm Neoverse-V1',
  '0x41/0xd42': 'Arm Cortex-A78AE',
  '0x41/0xd49': 'Arm Neoverse-N2',
  '0x41/0xd4f': 'Arm Neoverse-V2',
  '0x4e/0x004': 'NVIDIA Carmel',
  '0xc0/0xac3': 'Ampere AmpereOne',
};
const armImplementers: Readonly<Record<string, string>> = {
  '0x41': 'Arm',
  '0x4e': 'NVIDIA',
  '0x51': 'Qualcomm',
  '0x61': 'Apple',
  '0xc0': 'Ampere',
};

/** Describes a machine; unknown facts get a plain value, never an error: any CPU must work. */
export function describeSystem(captured: CapturedSystem): SystemDescription {
  const processors = parseProcessors(captured.cpuinfo);
  const first: Processor = processors[0] ?? new Map<string, string>();
  const model = modelName(first, captured);
  const sockets = Math.max(1, distinct(processors, 'physical id'));
  const logical = Math.max(1, processors.length, captured.cpuinfo === '' ? captured.availableParallelism : 1);
  return {
    system_id: systemId(model, sockets),
    architecture: captured.architecture,
    host_processor_vendor: vendor(first),
    host_processor_model_name: model,
    host_processors_per_node: sockets,
    host_processor_core_count: Number(first.get('cpu cores') ?? Math.ceil(logical / sockets)),
    host_logical_processor_count: logical,
    available_cores: availableCores(captured),
    host_processor_features: features(first),
    host_memory_bytes: Number(/^MemTotal:\s+(\d+) kB/m.exec(captured.meminfo)?.[1] ?? 0) * 1024,
    operating_system: osName(captured.osRelease),
    kernel: captured.kernel,
    node_version: captured.nodeVersion,
    cpu_governor: captured.governor.trim() === '' ? null : captured.governor.trim(),
  };
}

type Processor = ReadonlyMap<string, string>;

/** /proc/cpuinfo: blocks of `key : value`, one per logical processor. */
function parseProcessors(cpuinfo: string): readonly Processor[] {
  const blocks = cpuinfo.split(/\n\s*\n/).map((block) => {
    const pairs = block.split('\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const];
    });
    return new Map(pairs);
  });
  return blocks.filter((block) => block.has('processor'));
}

const distinct = (processors: readonly Processor[], key: string) =>
  new Set(processors.flatMap((processor) => processor.get(key) ?? [])).size;

function modelName(processor: Processor, { fallbackModel }: CapturedSystem): string {
  const named = processor.get('model name');
  if (named !== undefined && named !== '') return named;
  const implementer = processor.get('CPU implementer');
  const part = processor.get('CPU part');
  if (implementer !== undefined && part !== undefined) {
    return armCores[`${implementer}/${part}`] ?? `${vendor(processor)} ${part}`;
  }
  return fallbackModel.trim() === '' ? 'Unknown CPU' : fallbackModel;
}

function vendor(processor: Processor): string {
  const implementer = processor.get('CPU implementer') ?? '';
  const id = processor.get('vendor_id') ?? armImplementers[implementer] ?? implementer;
  return { GenuineIntel: 'Intel', AuthenticAMD: 'AMD', '': 'unknown' }[id] ?? id;
}

/** `Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz`, 2 sockets → `Intel_Xeon_Platinum_8380_2x_CPU`. */
export function systemId(model: string, sockets: number): string {
  const words = model
    .replace(/\((r|tm|c)\)/gi, ' ')
    .replace(/@.*$/, ' ')
    .replace(/\b\d+-Core\b/gi, ' ')
    .replace(/\b(CPU|Processor|with .*)$/gi, ' ')
    .replace(/\b(CPU|Processor)\b/gi, ' ')
    .split(/[^A-Za-z0-9-]+/)
    .filter((word) => /[A-Za-z0-9]/.test(word));
  return `${words.length === 0 ? 'Unknown' : words.join('_')}_${sockets}x_CPU`;
}

/** Affinity and the container's quota, whichever is less; a quota of 1.5 cores feeds 1 thread. */
function availableCores({ availableParallelism, cgroupCpuMax }: CapturedSystem): number {
  const [quota, period] = cgroupCpuMax.trim().split(/\s+/).map(Number);
  const limit =
    quota !== undefined && period !== undefined && quota > 0 && period > 0
      ? Math.floor(quota / period)
      : Infinity;
  return Math.max(1, Math.min(availableParallelism, limit));
}

function features(processor: Processor): string[] {
  const flags = (processor.get('flags') ?? processor.get('Features') ?? '').split(' ');
  return tellingFeatures.filter((feature) => flags.includes(feature));
}

function osName(osRelease: string): string {
  const name = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1];
  return name === undefined || name === '' ? 'unknown' : name;
}
