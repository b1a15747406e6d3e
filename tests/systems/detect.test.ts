// Machine descriptions from captured and constructed /proc texts.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { captureSystem } from '../../systems/capture.js';
import { describeSystem, systemId } from '../../systems/detect.js';
import type { CapturedSystem } from '../../systems/detect.js';
import { describedBy, systemDescriptionSchema } from '../../systems/schema.js';

const machine = (name: string) => readFileSync(new URL(`machines/${name}`, import.meta.url), 'utf8');

/** A block of /proc/cpuinfo for each logical processor, in the kernel's form. */
const cpuinfo = (processors: readonly Readonly<Record<string, string | number>>[]) =>
  processors
    .map((facts, index) => [
      `processor\t: ${index}`,
      ...Object.entries(facts).map(([k, v]) => `${k}\t: ${v}`),
    ])
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');

const repeat = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i));

const nothing: CapturedSystem = {
  cpuinfo: '',
  meminfo: '',
  osRelease: '',
  kernel: '6.1.0',
  architecture: 'x64',
  nodeVersion: 'v20.20.2',
  availableParallelism: 4,
  cgroupCpuMax: '',
  governor: '',
  fallbackModel: '',
};

// The first block is captured; the fifteen others of that machine differ from it in their numbers only.
const h100Host: CapturedSystem = {
  ...nothing,
  cpuinfo: repeat(16, (i) =>
    machine('h100-host.cpuinfo.txt').replace(/^processor\t: 0/, `processor\t: ${i}`),
  ).join('\n'),
  meminfo: machine('h100-host.meminfo.txt'),
  osRelease: 'PRETTY_NAME="Ubuntu 24.04.3 LTS"\nNAME="Ubuntu"\n',
  kernel: '6.18.44',
  availableParallelism: 16,
};

// Constructed after the kernel's format: two sockets of 40 cores with two threads each.
const dualXeon: CapturedSystem = {
  ...nothing,
  cpuinfo: cpuinfo(
    repeat(160, (i) => ({
      vendor_id: 'GenuineIntel',
      'model name': 'Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz',
      'physical id': i % 2,
      'cpu cores': 40,
      flags: 'fpu avx2 avx512f avx512_vnni',
    })),
  ),
  meminfo: 'MemTotal:       528000000 kB\n',
  availableParallelism: 160,
  governor: 'performance\n',
};

// Constructed.
const epyc: CapturedSystem = {
  ...nothing,
  cpuinfo: cpuinfo(
    repeat(128, () => ({
      vendor_id: 'AuthenticAMD',
      'model name': 'AMD EPYC 7763 64-Core Processor',
      'physical id': 0,
      'cpu cores': 64,
      flags: 'fpu avx2',
    })),
  ),
};

// Constructed: Arm's cpuinfo names no model and no sockets.
const graviton: CapturedSystem = {
  ...nothing,
  architecture: 'arm64',
  cpuinfo: cpuinfo(
    repeat(64, () => ({
      BogoMIPS: '243.75',
      Features: 'fp asimd asimddp i8mm bf16 sve',
      'CPU implementer': '0x41',
      'CPU part': '0xd0c',
    })),
  ),
};

describe('a machine is described by what the kernel says', () => {
  test('the captured host of an H100', () => {
    expect(describeSystem(h100Host)).toEqual({
      system_id: 'Intel_Xeon_1x_CPU',
      architecture: 'x64',
      host_processor_vendor: 'Intel',
      host_processor_model_name: 'Intel(R) Xeon(R) Processor',
      host_processors_per_node: 1,
      host_processor_core_count: 16,
      host_logical_processor_count: 16,
      available_cores: 16,
      host_processor_features: [
        'avx2',
        'avx_vnni',
        'avx512f',
        'avx512_vnni',
        'avx512_bf16',
        'amx_int8',
        'amx_bf16',
      ],
      host_memory_bytes: 131_981_020 * 1024,
      operating_system: 'Ubuntu 24.04.3 LTS',
      kernel: '6.18.44',
      node_version: 'v20.20.2',
      cpu_governor: null,
    });
  });

  test.each([
    { name: 'two Xeons', captured: dualXeon, id: 'Intel_Xeon_Platinum_8380_2x_CPU', cores: 40, logical: 160 },
    { name: 'an EPYC', captured: epyc, id: 'AMD_EPYC_7763_1x_CPU', cores: 64, logical: 128 },
    { name: 'an Arm server', captured: graviton, id: 'Arm_Neoverse-N1_1x_CPU', cores: 64, logical: 64 },
    { name: 'a kernel that shows nothing', captured: nothing, id: 'Unknown_1x_CPU', cores: 4, logical: 4 },
  ])('$name', ({ captured, id, cores, logical }) => {
    const system = describeSystem(captured);
    expect(system.system_id).toBe(id);
    expect(system.host_processor_core_count).toBe(cores);
    expect(system.host_logical_processor_count).toBe(logical);
    expect(() => systemDescriptionSchema.parse(system)).not.toThrow();
  });

  test('vendor, features and governor of two Xeons and an Arm server', () => {
    expect(describeSystem(dualXeon)).toMatchObject({
      host_processor_vendor: 'Intel',
      host_processors_per_node: 2,
      host_processor_features: ['avx2', 'avx512f', 'avx512_vnni'],
      cpu_governor: 'performance',
    });
    expect(describeSystem(graviton)).toMatchObject({
      host_processor_vendor: 'Arm',
      host_processor_features: ['asimddp', 'i8mm', 'bf16', 'sve'],
    });
  });

  test('an Arm core nobody listed is named by its numbers', () => {
    const captured = {
      ...nothing,
      cpuinfo: cpuinfo([{ 'CPU implementer': '0x51', 'CPU part': '0x001' }]),
    };
    expect(describeSystem(captured).system_id).toBe('Qualcomm_0x001_1x_CPU');
  });
});

describe('the cores a process may use', () => {
  test.each([
    { availableParallelism: 16, cgroupCpuMax: '', cores: 16 },
    { availableParallelism: 16, cgroupCpuMax: 'max 100000\n', cores: 16 },
    { availableParallelism: 16, cgroupCpuMax: '400000 100000\n', cores: 4 },
    { availableParallelism: 2, cgroupCpuMax: '400000 100000\n', cores: 2 },
    { availableParallelism: 16, cgroupCpuMax: '150000 100000\n', cores: 1 },
    { availableParallelism: 16, cgroupCpuMax: '50000 100000\n', cores: 1 },
  ])('$availableParallelism by affinity, quota "$cgroupCpuMax": $cores', ({ cores, ...captured }) => {
    expect(describeSystem({ ...dualXeon, ...captured }).available_cores).toBe(cores);
  });
});

describe('a system id', () => {
  test.each([
    ['Intel(R) Core(TM) i7-10700K CPU @ 3.80GHz', 1, 'Intel_Core_i7-10700K_1x_CPU'],
    ['AMD Ryzen 7 5800X 8-Core Processor', 1, 'AMD_Ryzen_7_5800X_1x_CPU'],
    ['AMD Ryzen 5 PRO 4650U with Radeon Graphics', 1, 'AMD_Ryzen_5_PRO_4650U_1x_CPU'],
    ['12th Gen Intel(R) Core(TM) i5-12400', 1, '12th_Gen_Intel_Core_i5-12400_1x_CPU'],
    ['Процессор', 4, 'Unknown_4x_CPU'],
  ])('%s, %i sockets: %s', (model, sockets, id) => {
    expect(systemId(model, sockets)).toBe(id);
  });
});

test('a file wins over what was detected, and the rest stays', () => {
  const detected = describeSystem(h100Host);
  const described = describedBy(
    { system_id: 'my_box', host_processor_model_name: 'Intel Xeon 8480C', configs: { bert: {} } },
    detected,
  );
  expect(described).toEqual({
    ...detected,
    system_id: 'my_box',
    host_processor_model_name: 'Intel Xeon 8480C',
  });
});

test('this machine can be described', () => {
  const system = describeSystem(captureSystem());
  expect(systemDescriptionSchema.parse(system)).toEqual(system);
});

test('the same facts give the same description', () => {
  expect(describeSystem(dualXeon)).toEqual(describeSystem(dualXeon));
});
