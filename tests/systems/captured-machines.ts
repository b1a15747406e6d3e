// Captured machines (tests/fixtures/systems/README.md), as the capture gives them.

import { readFileSync } from 'node:fs';
import type { CapturedMachine } from '../../systems/machine.js';
import type { CommandOutput } from '../../systems/nvidia-smi.js';

export const fixture = (path: string): string =>
  readFileSync(new URL(`../fixtures/systems/${path}`, import.meta.url), 'utf8');

export const printed = (stdout: string): CommandOutput => ({
  outcome: 'done',
  exit_code: 0,
  stdout,
  stderr: '',
});
export const missing: CommandOutput = { outcome: 'missing', exit_code: null, stdout: '', stderr: '' };
export const hanging: CommandOutput = { outcome: 'timed_out', exit_code: null, stdout: '', stderr: '' };
export const failing = (exit_code: number, stdout: string): CommandOutput => ({
  outcome: 'failed',
  exit_code,
  stdout,
  stderr: '',
});

/** A machine on which nothing can be read: another operating system, or no /proc. */
export const bareMachine: CapturedMachine = {
  cpuinfo: '',
  meminfo: '',
  osRelease: '',
  kernel: '23.1.0',
  architecture: 'x64',
  nodeVersion: 'v20.19.0',
  availableParallelism: 8,
  cgroupCpuMax: '',
  governor: '',
  fallbackModel: '',
  nvidiaSmi: { xml: missing, csv: missing, list: missing, topology: missing },
  cudaVisibleDevices: undefined,
  pciDevices: [],
  board: { model: '', compatible: '', tegraRelease: '' },
  container: {
    hasDockerenv: false,
    containerenv: undefined,
    cgroup: '',
    containerVariable: '',
    hasKubernetesService: false,
  },
  libraryFiles: [],
  numaNodes: [],
  disks: [],
  networkCards: [],
};

/** The captured H100 or the two H200. */
export function capturedMachine(name: 'h100' | 'h200x2'): CapturedMachine {
  const text = fixture(`${name}/nvidia-smi.txt`);
  return {
    ...bareMachine,
    cpuinfo: fixture(`${name}/cpuinfo.txt`),
    meminfo: fixture(`${name}/meminfo.txt`),
    osRelease: 'PRETTY_NAME="Ubuntu 24.04.3 LTS"\n',
    kernel: '6.18.44',
    availableParallelism: name === 'h100' ? 16 : 32,
    nvidiaSmi: {
      xml: printed(fixture(`${name}/nvidia-smi-q.xml`)),
      csv: printed(fixture(`${name}/nvidia-smi.csv`)),
      list: printed(text),
      topology: printed(text),
    },
  };
}
