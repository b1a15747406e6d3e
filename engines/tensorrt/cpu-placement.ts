// Which CPUs serve which GPU: by the setting, else the CPUs of the NUMA node that the GPU is attached to.

import { readFileSync } from 'node:fs';
import type { NativeDevice } from './native-libraries.js';

/** `0-3,8` → 0, 1, 2, 3, 8. */
export function listOf(text: string): readonly number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_unused, i) => first + i);
    });
}

/**
 * CPUs for the threads of a GPU; empty = all.
 *
 * @param numaConfig `GPUs:CPUs` of each node with & between, `0-3:0-63&4-7:64-127`; '' = by the machine.
 * @param cpusOfNode The CPUs of a NUMA node; by default /sys tells.
 */
export function cpusFor(
  device: Pick<NativeDevice, 'index' | 'numa_node'>,
  numaConfig: string,
  cpusOfNode: (node: number) => string | undefined = readCpuList,
): readonly number[] {
  if (numaConfig !== '') {
    for (const part of numaConfig.split('&')) {
      const [gpus = '', cpus = ''] = part.split(':');
      if (listOf(gpus).includes(device.index)) return listOf(cpus);
    }
    return [];
  }
  if (device.numa_node < 0) return [];
  return listOf(cpusOfNode(device.numa_node) ?? '');
}

function readCpuList(node: number): string | undefined {
  try {
    return readFileSync(`/sys/devices/system/node/node${node}/cpulist`, 'utf8');
  } catch {
    return undefined; // not told: all CPUs
  }
}
