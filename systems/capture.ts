// Reads what detection needs from this machine; the only impure part of systems/. Nothing is run, only files are read.

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import type { CapturedSystem } from './detect.js';

/** Facts of this machine; what cannot be read is empty. */
export function captureSystem(): CapturedSystem {
  return {
    cpuinfo: readOrEmpty('/proc/cpuinfo'),
    meminfo: readOrEmpty('/proc/meminfo'),
    osRelease: readOrEmpty('/etc/os-release'),
    kernel: release(),
    architecture: process.arch,
    nodeVersion: process.version,
    availableParallelism: availableParallelism(),
    cgroupCpuMax: readOrEmpty('/sys/fs/cgroup/cpu.max'),
    governor: readOrEmpty('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    fallbackModel: cpus()[0]?.model ?? '',
  };
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // a fact this kernel does not show
  }
}
