// CONSTRUCTED machines: outputs made after the captured ones and nvidia-smi's documented formats, for GPUs that nobody captured.
// Names, PCI device ids and memory sizes are NVIDIA's; all else is only as true as the tests need.

import { GIB } from './units.js';
import { bareMachine, missing, printed } from './captured-machines.js';
import type { CapturedMachine } from '../../systems/machine.js';

export interface ConstructedGpu {
  readonly name: string;
  readonly device: string;
  readonly mib: number;
  readonly capability: string;
  readonly architecture?: string;
  /** Profiles of its slices; an empty list: MIG is on, but there are none. */
  readonly mig?: readonly { readonly profile: string; readonly mib: number; readonly sms: number }[];
}

const migXml = ({ mig }: ConstructedGpu): string =>
  mig === undefined || mig.length === 0
    ? '<mig_devices>None</mig_devices>'
    : `<mig_devices>${mig
        .map(
          ({ mib, sms }, index) =>
            `<mig_device><index>${index}</index><gpu_instance_id>${index + 7}</gpu_instance_id><device_attributes><shared><multiprocessor_count>${sms}</multiprocessor_count></shared></device_attributes><fb_memory_usage><total>${mib} MiB</total></fb_memory_usage></mig_device>`,
        )
        .join('')}</mig_devices>`;

const uuidOf = (index: number) => `GPU-00000000-0000-0000-0000-${index.toString().padStart(12, '0')}`;
const busOf = (index: number) => `00000000:${(index + 16).toString(16).toUpperCase()}:00.0`;

/** The form of drivers before 535: power_readings, throttle reasons. */
const gpuXml = (gpu: ConstructedGpu, index: number): string => `
  <gpu id="${busOf(index)}">
    <product_name>${gpu.name}</product_name>
    ${gpu.architecture === undefined ? '' : `<product_architecture>${gpu.architecture}</product_architecture>`}
    <persistence_mode>Disabled</persistence_mode>
    <mig_mode><current_mig>${gpu.mig === undefined ? 'N/A' : 'Enabled'}</current_mig></mig_mode>
    ${migXml(gpu)}
    <uuid>${uuidOf(index)}</uuid>
    <pci><pci_device_id>0x${gpu.device}10DE</pci_device_id><pci_bus_id>${busOf(index)}</pci_bus_id></pci>
    <clocks_throttle_reasons>
      <clocks_throttle_reason_gpu_idle>Active</clocks_throttle_reason_gpu_idle>
      <clocks_throttle_reason_sw_power_cap>Active</clocks_throttle_reason_sw_power_cap>
    </clocks_throttle_reasons>
    <fb_memory_usage><total>${gpu.mib} MiB</total><free>${gpu.mib} MiB</free></fb_memory_usage>
    <power_readings><power_limit>250.00 W</power_limit><default_power_limit>300.00 W</default_power_limit></power_readings>
    <clocks><sm_clock>300 MHz</sm_clock></clocks><max_clocks><sm_clock>1410 MHz</sm_clock></max_clocks>
  </gpu>`;

/** A machine with these GPUs, as driver 525 shows them. */
export function constructedMachine(
  gpus: readonly ConstructedGpu[],
  { architecture = 'x64', knowsCapability = true } = {},
): CapturedMachine {
  const header = 'index, name, uuid, memory.total [MiB], driver_version, compute_cap';
  const rows = gpus.map((gpu, i) =>
    [i, gpu.name, uuidOf(i), `${gpu.mib} MiB`, '525.60.13', gpu.capability].join(', '),
  );
  const list = gpus.flatMap((gpu, i) => [
    `GPU ${i}: ${gpu.name} (UUID: ${uuidOf(i)})`,
    ...(gpu.mig ?? []).map(
      ({ profile }, slice) => `  MIG ${profile}     Device  ${slice}: (UUID: MIG-0000-${i}-${slice})`,
    ),
  ]);
  const xml = `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
  <driver_version>525.60.13</driver_version>
  <cuda_version>12.0</cuda_version>
  <attached_gpus>${gpus.length}</attached_gpus>
  ${gpus.map(gpuXml).join('\n')}
</nvidia_smi_log>
`;
  return {
    ...bareMachine,
    architecture,
    meminfo: `MemTotal: ${(512 * GIB) / 1024} kB\n`,
    nvidiaSmi: {
      xml: printed(xml),
      csv: knowsCapability
        ? printed([header, ...rows, ''].join('\n'))
        : {
            outcome: 'failed',
            exit_code: 2,
            stdout: 'Field "compute_cap" is not a valid field to query.',
            stderr: '',
          },
      list: printed(`${list.join('\n')}\n`),
      topology: missing,
    },
  };
}

/** A Jetson board: no nvidia-smi, a device tree in its place. */
export function constructedBoard(model: string, chip: string, memoryKb: number): CapturedMachine {
  return {
    ...bareMachine,
    architecture: 'arm64',
    meminfo: `MemTotal:       ${memoryKb} kB\n`,
    board: {
      model: `${model}\0`,
      compatible: `nvidia,p2888-0001+p2822-0000\0nvidia,${chip}\0`,
      tegraRelease:
        '# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64, DATE: Tue Aug  1 19:57:35 UTC 2023\n',
    },
  };
}

const repeated = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value);

export const gpus = {
  v100: { name: 'Tesla V100-SXM2-16GB', device: '1DB1', mib: 16160, capability: '7.0' },
  t4: { name: 'Tesla T4', device: '1EB8', mib: 15109, capability: '7.5', architecture: 'Turing' },
  a100Pcie40: { name: 'NVIDIA A100-PCIE-40GB', device: '20F1', mib: 40536, capability: '8.0' },
  a100Pcie80: { name: 'NVIDIA A100 80GB PCIe', device: '20B5', mib: 81920, capability: '8.0' },
  a100Sxm40: { name: 'NVIDIA A100-SXM4-40GB', device: '20B0', mib: 40536, capability: '8.0' },
  a100Sxm80: { name: 'NVIDIA A100-SXM4-80GB', device: '20B2', mib: 81920, capability: '8.0' },
  a30: { name: 'NVIDIA A30', device: '20B7', mib: 24576, capability: '8.0' },
  a10: { name: 'NVIDIA A10', device: '2236', mib: 23028, capability: '8.6' },
  a2: { name: 'NVIDIA A2', device: '25B6', mib: 15356, capability: '8.6' },
  l4: { name: 'NVIDIA L4', device: '27B8', mib: 23034, capability: '8.9' },
  h100Pcie: { name: 'NVIDIA H100 PCIe', device: '2331', mib: 81559, capability: '9.0' },
  unseen: { name: 'NVIDIA B1000 Secret', device: '9999', mib: 200_000, capability: '11.5' },
} as const satisfies Record<string, ConstructedGpu>;

/** Seven slices of a seventh each. */
export const slicedA100: ConstructedGpu = {
  ...gpus.a100Sxm40,
  mig: repeated(7, { profile: '1g.5gb', mib: 4864, sms: 14 }),
};
export const slicedA100Of80: ConstructedGpu = {
  ...gpus.a100Sxm80,
  mig: [{ profile: '1g.10gb', mib: 9728, sms: 14 }],
};
export const slicedA30: ConstructedGpu = {
  ...gpus.a30,
  mig: repeated(4, { profile: '1g.6gb', mib: 5952, sms: 14 }),
};
