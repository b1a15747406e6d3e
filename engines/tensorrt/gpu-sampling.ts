// Clocks, power, temperature and throttling of the GPUs of a run, by NVML; nothing where the machine cannot tell.

import type { GpuSample, GpuSampling } from '../contract.js';
import { inNative } from './native-errors.js';
import type { NativeDevice, NativeGpuSample } from './native-libraries.js';
import type { NativeAddon } from './native.js';

const INTERVAL_MS = 200;

/** Bits of nvmlClocksThrottleReasons; idle GPUs say so, too. */
const reasons: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'idle'],
  [0x2, 'application_clocks'],
  [0x4, 'power_cap'],
  [0x8, 'hardware_slowdown'],
  [0x10, 'sync_boost'],
  [0x20, 'thermal_software'],
  [0x40, 'thermal_hardware'],
  [0x80, 'power_brake'],
  [0x100, 'display_clock'],
];

/** Starts sampling; says once why not where NVML is missing or refuses. */
export function startGpuSampling(
  addon: NativeAddon,
  devices: readonly NativeDevice[],
  report: (line: string) => void,
): GpuSampling | undefined {
  try {
    const sampling = inNative({ doing: 'sampling the GPUs' }, () =>
      addon.startGpuSampling({
        pci_bus_ids: devices.map(({ pci_bus_id }) => pci_bus_id),
        interval_ms: INTERVAL_MS,
      }),
    );
    return { stop: () => addon.stopGpuSampling(sampling).map(named) };
  } catch (error) {
    report(`clocks of the GPUs are not sampled: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function named({ throttle_reasons, ...sample }: NativeGpuSample): GpuSample {
  const names = throttle_reasons < 0 ? [] : reasons.filter(([bit]) => (throttle_reasons & bit) !== 0);
  return { ...sample, throttle_reasons: names.map(([, name]) => name) };
}
