// What nvidia-smi says of the GPUs: `-q -x` (XML), `--query-gpu … --format=csv`, `-L` and `topo -m`. Pure: texts in, facts out.
// The XML's elements are those of nvsmi_device_v10 … v13.dtd; older drivers name some of them otherwise.

import { XMLParser } from 'fast-xml-parser';

/** What a command printed, or why it printed nothing. */
export interface CommandOutput {
  readonly outcome: 'done' | 'missing' | 'failed' | 'timed_out';
  readonly exit_code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A slice of a GPU. */
export interface MigInstance {
  /** 1g.5gb …; null where `nvidia-smi -L` did not name it. */
  readonly profile: string | null;
  readonly memory_bytes: number | null;
  readonly multiprocessor_count: number | null;
}

/** A GPU as the driver describes it; null: the driver does not say. */
export interface Gpu {
  readonly name: string;
  readonly uuid: string | null;
  /** 00000000:00:06.0 */
  readonly pci_bus_id: string | null;
  /** Four hex digits: 2330 … */
  readonly pci_device_id: string | null;
  readonly architecture: string | null;
  readonly compute_capability: number | null;
  readonly memory_bytes: number | null;
  readonly memory_free_bytes: number | null;
  readonly persistence_mode: boolean | null;
  readonly ecc_mode: boolean | null;
  readonly mig_mode: boolean;
  readonly mig_instances: readonly MigInstance[];
  readonly sm_clock_mhz: number | null;
  readonly memory_clock_mhz: number | null;
  readonly max_sm_clock_mhz: number | null;
  readonly max_memory_clock_mhz: number | null;
  readonly application_sm_clock_mhz: number | null;
  readonly application_memory_clock_mhz: number | null;
  readonly power_draw_w: number | null;
  readonly power_limit_w: number | null;
  readonly default_power_limit_w: number | null;
  readonly temperature_c: number | null;
  /** Reasons for low clocks that are active now, in the driver's words: sw_power_cap, hw_thermal_slowdown … */
  readonly throttle_reasons: readonly string[];
  /** Gen5 x16 */
  readonly pcie: string | null;
  readonly numa_node: number | null;
  /** Cores next to the GPU: 0-31 … */
  readonly cpu_affinity: string | null;
}

/** All GPUs of a machine and what reading them brought up. */
export interface GpuReport {
  readonly gpus: readonly Gpu[];
  readonly driver_version: string | null;
  readonly cuda_version: string | null;
  /** How the GPUs are linked, where there are several: NV18, PIX, SYS … */
  readonly links: readonly string[];
  /** In words, each with what to do; empty where all is well or there is no nvidia-smi. */
  readonly problems: readonly string[];
}

export interface NvidiaSmiOutputs {
  readonly xml: CommandOutput;
  readonly csv: CommandOutput;
  readonly list: CommandOutput;
  readonly topology: CommandOutput;
}

/** The fields that `--query-gpu` is asked for; any further ones do no harm. */
export const csvFields = [
  'index,name,uuid,pci.bus_id,memory.total,memory.free,driver_version,compute_cap',
  'clocks.max.sm,clocks.max.memory,clocks.current.sm,clocks.current.memory',
  'power.limit,power.draw,temperature.gpu,mig.mode.current,persistence_mode,ecc.mode.current',
].join(',');

/** Reads the outputs together: XML first, CSV for what it lacks or where it cannot be read. */
export function readNvidiaSmi(outputs: NvidiaSmiOutputs): GpuReport {
  const nothing = { gpus: [], driver_version: null, cuda_version: null, links: [] };
  if (outputs.xml.outcome === 'missing') return { ...nothing, problems: [] };
  const rows = csvRows(outputs.csv);
  const root = parseXml(outputs.xml);
  if (root === undefined) {
    if (saysNoDevices(outputs.xml) || saysNoDevices(outputs.csv)) return { ...nothing, problems: [noGpus] };
    const problem = failureOf(outputs.xml);
    const gpus = rows.map(fromCsv);
    const driver_version = rows[0]?.get('driver_version') ?? null;
    if (gpus.length === 0) return { ...nothing, driver_version, problems: [problem] };
    return {
      gpus,
      driver_version,
      cuda_version: null,
      links: [],
      problems: [`${problem} The GPUs are described by its CSV output, which knows less.`],
    };
  }
  const profiles = migProfiles(outputs.list);
  const topology = parseTopology(outputs.topology);
  const gpus = elements(root, 'gpu').map((gpu, index) =>
    fromXml(gpu, rowOf(gpu, rows), profiles.get(textAt(gpu, 'uuid') ?? '') ?? [], topology.get(index)),
  );
  return {
    gpus,
    driver_version: textAt(root, 'driver_version'),
    cuda_version: textAt(root, 'cuda_version'),
    links: [...topology.values()].flatMap(({ links }) => links),
    problems: gpus.length === 0 ? [noGpus] : [],
  };
}

const noGpus =
  'nvidia-smi finds no GPU (zero GPUs). If there should be one: is it handed to this machine or container (docker run --gpus all), and does dmesg name it?';

const saysNoDevices = ({ stdout, stderr }: CommandOutput) => /no devices were found/i.test(stdout + stderr);

function failureOf({ outcome, exit_code, stdout, stderr }: CommandOutput): string {
  const [firstLine = ''] = `${stdout.trim()}\n${stderr.trim()}`.trim().split('\n');
  const said = firstLine === '' ? 'it printed nothing' : `it says "${firstLine.slice(0, 160)}"`;
  switch (outcome) {
    case 'timed_out':
      return 'nvidia-smi did not answer in time. Run it by hand: a large machine without persistence mode only needs seconds to wake (then: sudo nvidia-smi -pm 1); if it hangs, the driver or a GPU does: look at dmesg for Xid messages and restart.';
    case 'failed':
      return `nvidia-smi failed (exit code ${exit_code ?? 'none'}): ${said}. Check that the driver is loaded (lsmod | grep nvidia) and fits its libraries; after an update of the driver, restart.`;
    case 'missing':
    case 'done':
      return `nvidia-smi -q -x printed something other than its XML: ${said}. Run it by hand; a wrapper script or a damaged installation may stand in for it.`;
  }
}

type Element = Readonly<Record<string, unknown>>;

function parseXml({ outcome, stdout }: CommandOutput): Element | undefined {
  // Cut off, or not XML at all: the parser is lenient and would take both.
  if (outcome !== 'done' || !stdout.trimEnd().endsWith('</nvidia_smi_log>')) return undefined;
  try {
    const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: false, attributeNamePrefix: '@' });
    const root = asElement((parser.parse(stdout) as Element)['nvidia_smi_log']);
    const attached = Number(textAt(root, 'attached_gpus') ?? Number.NaN);
    // What it announces must be there.
    return attached === elements(root, 'gpu').length ? root : undefined;
  } catch {
    return undefined; // the caller says what was printed
  }
}

const asElement = (value: unknown): Element =>
  typeof value === 'object' && value !== null ? (value as Element) : {};

/** All children of one name. */
function elements(parent: Element, name: string): readonly Element[] {
  const child = parent[name];
  if (child === undefined) return [];
  return (Array.isArray(child) ? (child as unknown[]) : [child]).map(asElement);
}

/** The text at a path of elements; null where there is none or the driver says that there is none. */
function textAt(element: Element, path: string): string | null {
  let at: unknown = element;
  for (const name of path.split('.')) at = asElement(at)[name];
  return typeof at === 'string' ? known(at) : null;
}

function known(text: string): string | null {
  const plain = text.trim();
  return plain === '' || /^\[?(n\/a|not supported|unknown error|requested functionality.*)\]?$/i.test(plain)
    ? null
    : plain;
}

/** `700.00 W`, `81559 MiB`, `52 C` → the number. */
function numberOf(text: string | null): number | null {
  const digits = /^-?\d+(\.\d+)?/.exec(text ?? '')?.[0];
  return digits === undefined ? null : Number(digits);
}

function bytesOf(text: string | null): number | null {
  const mebibytes = numberOf(text);
  return mebibytes === null || mebibytes <= 0 ? null : mebibytes * 2 ** 20;
}

const isEnabled = (text: string | null): boolean | null =>
  text === null ? null : /^(enabled|on)$/i.test(text);

function fromXml(gpu: Element, row: CsvRow, profiles: readonly string[], place: Place | undefined): Gpu {
  const number = (...paths: readonly string[]) =>
    paths.map((path) => numberOf(textAt(gpu, path))).find((value) => value !== null) ?? null;
  const pci_device_id =
    textAt(gpu, 'pci.pci_device_id')?.replace(/^0x/i, '').slice(0, 4).toUpperCase() ?? null;
  const generation = number('pci.pci_gpu_link_info.pcie_gen.max_link_gen');
  const width = number('pci.pci_gpu_link_info.link_widths.max_link_width');
  const devices = elements(asElement(gpu['mig_devices']), 'mig_device');
  return {
    name: textAt(gpu, 'product_name') ?? 'unknown GPU',
    uuid: textAt(gpu, 'uuid'),
    pci_bus_id: textAt(gpu, 'pci.pci_bus_id') ?? textAt(gpu, '@id'),
    pci_device_id,
    architecture: textAt(gpu, 'product_architecture'),
    compute_capability: numberOf(row.get('compute_cap') ?? null) ?? capabilityOfChip(pci_device_id),
    memory_bytes: bytesOf(textAt(gpu, 'fb_memory_usage.total')),
    memory_free_bytes: bytesOf(textAt(gpu, 'fb_memory_usage.free')),
    persistence_mode: isEnabled(textAt(gpu, 'persistence_mode')),
    ecc_mode: isEnabled(textAt(gpu, 'ecc_mode.current_ecc')),
    mig_mode: isEnabled(textAt(gpu, 'mig_mode.current_mig')) ?? false,
    mig_instances: devices.map((device, index) => ({
      profile: profiles[index] ?? null,
      memory_bytes: bytesOf(textAt(device, 'fb_memory_usage.total')),
      multiprocessor_count: numberOf(textAt(device, 'device_attributes.shared.multiprocessor_count')),
    })),
    sm_clock_mhz: number('clocks.sm_clock'),
    memory_clock_mhz: number('clocks.mem_clock'),
    max_sm_clock_mhz: number('max_clocks.sm_clock'),
    max_memory_clock_mhz: number('max_clocks.mem_clock'),
    application_sm_clock_mhz: number('applications_clocks.graphics_clock'),
    application_memory_clock_mhz: number('applications_clocks.mem_clock'),
    power_draw_w: number(
      'gpu_power_readings.instant_power_draw',
      'gpu_power_readings.power_draw',
      'power_readings.power_draw',
    ),
    power_limit_w: number(
      'gpu_power_readings.current_power_limit',
      'gpu_power_readings.power_limit',
      'power_readings.power_limit',
    ),
    default_power_limit_w: number(
      'gpu_power_readings.default_power_limit',
      'power_readings.default_power_limit',
    ),
    temperature_c: number('temperature.gpu_temp'),
    throttle_reasons: throttleReasons(gpu),
    pcie: generation === null || width === null ? null : `Gen${generation} x${width}`,
    numa_node: place?.numaNode ?? null,
    cpu_affinity: place?.cpuAffinity ?? null,
  };
}

/** Idle clocks and clocks that someone set are no slowdown. */
function throttleReasons(gpu: Element): string[] {
  // "throttle" before driver 535, "event" since.
  const reasons = asElement(gpu['clocks_event_reasons'] ?? gpu['clocks_throttle_reasons']);
  return Object.entries(reasons)
    .filter(([, state]) => state === 'Active')
    .map(([name]) => name.replace(/^clocks_(event|throttle)_reason_/, ''))
    .filter((name) => /slowdown|cap|brake/.test(name));
}

/** Compute capability by the first half of the PCI device id, which numbers the chip (PCI ID database). */
const capabilityOfChipId: Readonly<Record<string, number>> = {
  '15': 6.0,
  '1B': 6.1,
  '1D': 7.0,
  '1E': 7.5,
  '1F': 7.5,
  '20': 8.0,
  '22': 8.6,
  '23': 9.0,
  '24': 8.6,
  '25': 8.6,
  '26': 8.9,
  '27': 8.9,
  '28': 8.9,
  '29': 10.0,
  '2B': 12.0,
};
const capabilityOfChip = (deviceId: string | null) => capabilityOfChipId[deviceId?.slice(0, 2) ?? ''] ?? null;

type CsvRow = ReadonlyMap<string, string>;

/** Rows by column, without units and without what the driver does not know. No field of these holds a comma. */
function csvRows({ outcome, stdout }: CommandOutput): readonly CsvRow[] {
  if (outcome !== 'done') return [];
  const [header = '', ...lines] = stdout.trim().split('\n');
  const names = header.split(',').map((name) => name.replace(/\[.*\]/, '').trim());
  if (!names.includes('name')) return [];
  return lines
    .map((line) => line.split(','))
    .filter((values) => values.length === names.length)
    .map((values) => new Map(names.flatMap((name, i) => cell(name, values[i] ?? ''))));
}

function cell(name: string, text: string): readonly (readonly [string, string])[] {
  const value = known(text);
  return value === null ? [] : [[name, value]];
}

function rowOf(gpu: Element, rows: readonly CsvRow[]): CsvRow {
  const uuid = textAt(gpu, 'uuid');
  return rows.find((row) => uuid !== null && row.get('uuid') === uuid) ?? new Map<string, string>();
}

function fromCsv(row: CsvRow): Gpu {
  const text = (name: string) => row.get(name) ?? null;
  const number = (name: string) => numberOf(text(name));
  const generation = number('pcie.link.gen.max');
  const width = number('pcie.link.width.max');
  return {
    name: text('name') ?? 'unknown GPU',
    uuid: text('uuid'),
    pci_bus_id: text('pci.bus_id'),
    pci_device_id: null,
    architecture: null,
    compute_capability: number('compute_cap'),
    memory_bytes: bytesOf(text('memory.total')),
    memory_free_bytes: bytesOf(text('memory.free')),
    persistence_mode: isEnabled(text('persistence_mode')),
    ecc_mode: isEnabled(text('ecc.mode.current')),
    mig_mode: isEnabled(text('mig.mode.current')) ?? false,
    mig_instances: [],
    sm_clock_mhz: number('clocks.current.sm'),
    memory_clock_mhz: number('clocks.current.memory'),
    max_sm_clock_mhz: number('clocks.max.sm'),
    max_memory_clock_mhz: number('clocks.max.memory'),
    application_sm_clock_mhz: null,
    application_memory_clock_mhz: null,
    power_draw_w: number('power.draw'),
    power_limit_w: number('power.limit'),
    default_power_limit_w: null,
    temperature_c: number('temperature.gpu'),
    throttle_reasons: [],
    pcie: generation === null || width === null ? null : `Gen${generation} x${width}`,
    numa_node: null,
    cpu_affinity: null,
  };
}

/** Profiles of the slices of each GPU, in the order of the list: UUID of the GPU → 1g.5gb … */
function migProfiles({ stdout }: CommandOutput): ReadonlyMap<string, readonly string[]> {
  const profiles = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of stdout.split('\n')) {
    const uuid = /^GPU \d+:.*\(UUID: ([^)]+)\)/.exec(line)?.[1];
    if (uuid !== undefined) profiles.set(uuid, (current = []));
    const profile = /^\s+MIG (\S+)\s+Device/.exec(line)?.[1];
    if (profile !== undefined) current.push(profile);
  }
  return profiles;
}

interface Place {
  readonly cpuAffinity: string | null;
  readonly numaNode: number | null;
  /** To the GPUs after it. */
  readonly links: readonly string[];
}

/** The matrix of `topo -m`, by GPU index; its columns are separated by tabs. */
function parseTopology({ stdout }: CommandOutput): ReadonlyMap<number, Place> {
  // The header is underlined with terminal codes.
  const lines = stdout.replace(/\u001b\[\d*m/g, '').split('\n');
  const start = lines.findIndex((line) => /^\s*GPU0\s.*CPU Affinity/.test(line));
  const places = new Map<number, Place>();
  if (start < 0) return places;
  const columns = (lines[start] ?? '').split('\t').map((name) => name.trim());
  for (const line of lines.slice(start + 1)) {
    const index = /^GPU(\d+)\s/.exec(line)?.[1];
    if (index === undefined) continue;
    const cells = line.split('\t').map((text) => text.trim());
    const at = (name: string) => known(cells[columns.indexOf(name)] ?? '');
    places.set(Number(index), {
      cpuAffinity: at('CPU Affinity'),
      numaNode: numberOf(at('NUMA Affinity')),
      links: columns.flatMap((name, i) => {
        const other = /^GPU(\d+)$/.exec(name)?.[1];
        return other !== undefined && Number(other) > Number(index) ? [cells[i] ?? ''] : [];
      }),
    });
  }
  return places;
}
