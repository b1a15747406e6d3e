// Reads what detection needs from this machine; the only impure part of systems/. Files are read, nvidia-smi is run with a
// time-out; what cannot be read is empty, never an error.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { join } from 'node:path';
import type { CapturedSystem } from './detect.js';
import { describeMachine } from './machine.js';
import type { CapturedMachine, Machine, PciDevice } from './machine.js';
import { csvFields } from './nvidia-smi.js';
import type { CommandOutput, NvidiaSmiOutputs } from './nvidia-smi.js';
import { isLibraryOfInterest } from './surroundings.js';
import type { CapturedContainer, CapturedDisk, NetworkCard, NumaNode } from './surroundings.js';

/** nvidia-smi takes a second or two on large machines without persistence mode; it hangs where the driver does. */
const COMMAND_TIMEOUT_MS = 10_000;

/** Describes this machine. */
export async function detectMachine(): Promise<Machine> {
  return describeMachine(await captureMachine());
}

/**
 * Facts of this machine, GPUs included.
 *
 * @param timeoutMs Longest wait for nvidia-smi.
 */
export async function captureMachine(timeoutMs = COMMAND_TIMEOUT_MS): Promise<CapturedMachine> {
  return {
    ...captureSystem(),
    nvidiaSmi: await captureNvidiaSmi(timeoutMs),
    cudaVisibleDevices: process.env['CUDA_VISIBLE_DEVICES'],
    pciDevices: nvidiaPciDevices(),
    board: {
      model: readOrEmpty('/proc/device-tree/model'),
      compatible: readOrEmpty('/proc/device-tree/compatible'),
      tegraRelease: readOrEmpty('/etc/nv_tegra_release'),
    },
    container: captureContainer(),
    libraryFiles: libraryFiles(),
    numaNodes: numaNodes(),
    disks: disks(),
    networkCards: networkCards(),
  };
}

/** Facts of the CPU, its memory and the operating system. */
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

/** Runs the four queries side by side: each wakes the driver, which takes the time. */
async function captureNvidiaSmi(timeoutMs: number): Promise<NvidiaSmiOutputs> {
  const query = (...args: readonly string[]) => runCommand(nvidiaSmiPath(), args, timeoutMs);
  const [xml, csv, list, topology] = await Promise.all([
    query('-q', '-x'),
    query(`--query-gpu=${csvFields}`, '--format=csv'),
    query('-L'),
    query('topo', '-m'),
  ]);
  return { xml, csv, list, topology };
}

/** Windows' Linux keeps it off the search path. */
function nvidiaSmiPath(): string {
  const ofWsl = '/usr/lib/wsl/lib/nvidia-smi';
  return existsSync(ofWsl) ? ofWsl : 'nvidia-smi';
}

/** Runs a command and takes what it prints; a command that hangs is left behind, even where it cannot be killed. */
export function runCommand(file: string, args: readonly string[], timeoutMs: number): Promise<CommandOutput> {
  return new Promise((resolve) => {
    const child = execFile(file, [...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      clearTimeout(timer);
      const outputs = { stdout, stderr };
      if (error === null) resolve({ outcome: 'done', exit_code: 0, ...outputs });
      // The code is a word where the command could not be started, a number where it ended.
      else if (typeof error.code === 'string')
        resolve({ outcome: isAbsent(error.code) ? 'missing' : 'failed', exit_code: null, ...outputs });
      else resolve({ outcome: 'failed', exit_code: error.code ?? null, ...outputs });
    });
    const timer = setTimeout(() => {
      resolve({ outcome: 'timed_out', exit_code: null, stdout: '', stderr: '' });
      child.kill('SIGKILL');
      // A process in an uninterruptible call outlives the kill; it must not keep us.
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
    }, timeoutMs);
  });
}

const isAbsent = (code: string) => code === 'ENOENT' || code === 'ENOTDIR';

/** The content of a file, or nothing where this kernel, system or user cannot show it. */
export function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The names in a folder, or none. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function nvidiaPciDevices(): readonly PciDevice[] {
  const bus = '/sys/bus/pci/devices';
  return namesIn(bus)
    .filter((address) => readOrEmpty(join(bus, address, 'vendor')).trim() === '0x10de')
    .map((address) => ({
      address,
      device: readOrEmpty(join(bus, address, 'device')).trim(),
      pciClass: readOrEmpty(join(bus, address, 'class')).trim(),
      numaNode: readOrEmpty(join(bus, address, 'numa_node')),
    }));
}

function captureContainer(): CapturedContainer {
  const podmanFile = '/run/.containerenv';
  return {
    hasDockerenv: existsSync('/.dockerenv'),
    containerenv: existsSync(podmanFile) ? readOrEmpty(podmanFile) : undefined,
    cgroup: readOrEmpty('/proc/self/cgroup'),
    containerVariable: process.env['container'] ?? '',
    hasKubernetesService: process.env['KUBERNETES_SERVICE_HOST'] !== undefined,
  };
}

/** Where loaders look, and where NVIDIA's packages put their files. */
function libraryFolders(): readonly string[] {
  const ofPath = [process.env['TENSORRT_LIB'] ?? '', ...(process.env['LD_LIBRARY_PATH'] ?? '').split(':')];
  const ofLoader = namesIn('/etc/ld.so.conf.d').flatMap((name) =>
    readOrEmpty(join('/etc/ld.so.conf.d', name)).split('\n'),
  );
  const usual = [
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
    '/usr/lib64',
    '/usr/lib',
    '/usr/local/lib',
    '/usr/local/cuda/lib64',
    '/usr/local/nvidia/lib64',
    '/usr/local/tensorrt/lib',
    '/opt/tensorrt/lib',
    '/usr/lib/wsl/lib',
  ];
  return [...new Set([...ofPath, ...ofLoader, ...usual].filter((folder) => folder.startsWith('/')))];
}

function libraryFiles(): readonly string[] {
  const paths = libraryFolders().flatMap((folder) =>
    namesIn(folder)
      .filter(isLibraryOfInterest)
      .map((name) => join(folder, name)),
  );
  return [...new Set(paths.map(resolved))];
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // a dangling link still names a version
  }
}

function numaNodes(): readonly NumaNode[] {
  const folder = '/sys/devices/system/node';
  return namesIn(folder)
    .filter((name) => /^node\d+$/.test(name))
    .map((name) => ({
      node: Number(name.slice('node'.length)),
      cpus: readOrEmpty(join(folder, name, 'cpulist')).trim(),
    }))
    .sort((a, b) => a.node - b.node);
}

function disks(): readonly CapturedDisk[] {
  return namesIn('/sys/block').map((name) => ({
    name,
    sectors: readOrEmpty(join('/sys/block', name, 'size')),
    rotational: readOrEmpty(join('/sys/block', name, 'queue/rotational')),
  }));
}

/** Those with a device behind them; bridges and tunnels have none. */
function networkCards(): readonly NetworkCard[] {
  const folder = '/sys/class/net';
  return namesIn(folder)
    .filter((name) => existsSync(join(folder, name, 'device')))
    .map((name) => {
      const speed = Number(readOrEmpty(join(folder, name, 'speed')).trim() || -1);
      return { name, mbit_per_second: speed > 0 ? speed : null };
    });
}
