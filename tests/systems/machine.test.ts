// What detection finds on captured and constructed machines, and which known GPU that is.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeMachine } from '../../systems/machine.js';
import type { CapturedMachine } from '../../systems/machine.js';
import { machineLines } from '../../systems/machine-text.js';
import { gpuModels, matchGpu } from '../../systems/match.js';
import { gpuModelsSchema, systemDescriptionSchema } from '../../systems/schema.js';
import { librariesOf } from '../../systems/surroundings.js';
import { bareMachine, capturedMachine, failing, fixture, hanging, printed } from './captured-machines.js';
import {
  constructedBoard,
  constructedMachine,
  gpus,
  slicedA100,
  slicedA100Of80,
  slicedA30,
} from './constructed-machines.js';
import { MIB } from './units.js';

const models = gpuModels(
  gpuModelsSchema.parse(
    JSON.parse(readFileSync(new URL('../../systems/gpu-models.json', import.meta.url), 'utf8')),
  ).gpus,
);

/** Model and number of what a machine shows. */
function matched(captured: CapturedMachine): readonly [string, number, string] {
  const { accelerators = [] } = describeMachine(captured).system;
  const [first] = accelerators;
  if (first === undefined) return ['none', 0, 'none'];
  const { model, match } = matchGpu(first, models);
  return [model.name, accelerators.length, match];
}

describe('a captured machine', () => {
  const h100 = describeMachine(capturedMachine('h100'));

  test('with one H100 is described in full', () => {
    expect(h100.gpus).toEqual([
      {
        name: 'NVIDIA H100 80GB HBM3',
        uuid: 'GPU-00000000-1111-2222-3333-444444444444',
        pci_bus_id: '00000000:00:06.0',
        pci_device_id: '2330',
        architecture: 'Hopper',
        compute_capability: 9,
        memory_bytes: 81559 * MIB,
        memory_free_bytes: 81079 * MIB,
        persistence_mode: true,
        ecc_mode: true,
        mig_mode: false,
        mig_instances: [],
        sm_clock_mhz: 345,
        memory_clock_mhz: 2619,
        max_sm_clock_mhz: 1980,
        max_memory_clock_mhz: 2619,
        application_sm_clock_mhz: 1980,
        application_memory_clock_mhz: 2619,
        power_draw_w: 77.97,
        power_limit_w: 700,
        default_power_limit_w: 700,
        temperature_c: 52,
        throttle_reasons: [],
        pcie: 'Gen5 x16',
        numa_node: 0,
        cpu_affinity: '0-15',
      },
    ]);
    expect(h100).toMatchObject({ driver_version: '580.159.04', cuda_version: '13.0', problems: [] });
    expect(h100.system.accelerators).toEqual([
      { name: 'NVIDIA H100 80GB HBM3', compute_capability: 9, memory_bytes: 81559 * MIB },
    ]);
  });

  test('with two H200 shows both, and the link between them', () => {
    const machine = describeMachine(capturedMachine('h200x2'));
    expect(machine.gpus.map(({ uuid, cpu_affinity }) => [uuid?.slice(-4), cpu_affinity])).toEqual([
      ['4444', '0-31'],
      ['5555', '0-31'],
    ]);
    expect(machine.gpu_links).toEqual(['NV18']);
    expect(machine.problems).toEqual([]);
  });

  test('is known by capability, memory and number', () => {
    expect(matched(capturedMachine('h100'))).toEqual(['H100-SXM-80GB', 1, 'known']);
    expect(matched(capturedMachine('h200x2'))).toEqual(['H200-SXM-141GB', 2, 'known']);
  });

  test('is shown in a short block', () => {
    const shown = machineLines(describeMachine({ ...capturedMachine('h200x2'), numaNodes: [] })).join('\n');
    expect(shown).toContain('GPUs: 2 × NVIDIA H200 (Hopper, 9.0, 140 GiB, up to 1980 MHz, 700 W)');
    expect(shown).toContain('driver 580.159.04, CUDA 13.0, TensorRT not found');
  });

  test('has its libraries found by their file names', () => {
    const paths = [...fixture('h100/libs.txt').matchAll(/=> (\S+)/g)].map(([, path = '']) => path);
    const found = librariesOf([
      ...paths,
      '/opt/tensorrt/lib/libnvinfer.so.10',
      '/opt/tensorrt/lib/libnvinfer.so.10.7.0',
    ]);
    expect(found.map(({ library, version }) => [library, version])).toEqual([
      ['TensorRT', '10.7.0'],
      ['CUDA driver', '1'],
      ['CUDA runtime', '13'],
      ['cuDNN', '9'],
      ['cuBLAS', '13'],
    ]);
  });
});

describe('a constructed machine', () => {
  test.each([
    ['one V100', constructedMachine([gpus.v100]), 'V100-SXM2-16GB', 1],
    ['twenty T4', constructedMachine(Array.from({ length: 20 }, () => gpus.t4)), 'T4', 20],
    ['two A100 PCIe 40 GB', constructedMachine([gpus.a100Pcie40, gpus.a100Pcie40]), 'A100-PCIe-40GB', 2],
    ['an A100 PCIe 80 GB', constructedMachine([gpus.a100Pcie80]), 'A100-PCIe-80GB', 1],
    ['an A100 SXM 40 GB', constructedMachine([gpus.a100Sxm40]), 'A100-SXM-40GB', 1],
    ['an A100 SXM 80 GB', constructedMachine([gpus.a100Sxm80]), 'A100-SXM-80GB', 1],
    ['seven slices of an A100', constructedMachine([slicedA100]), 'A100-1g.5gb', 7],
    ['one slice of an A100 80 GB', constructedMachine([slicedA100Of80]), 'A100-1g.10gb', 1],
    ['four slices of an A30', constructedMachine([slicedA30]), 'A30-1g.6gb', 4],
    ['an A30', constructedMachine([gpus.a30]), 'A30', 1],
    ['an A10', constructedMachine([gpus.a10]), 'A10', 1],
    ['an A2', constructedMachine([gpus.a2]), 'A2', 1],
    ['an L4', constructedMachine([gpus.l4]), 'L4', 1],
    ['an H100 PCIe', constructedMachine([gpus.h100Pcie]), 'H100-PCIe-80GB', 1],
    ['an AGX Xavier', constructedBoard('Jetson-AGX', 'tegra194', 32_692_952), 'AGX_Xavier', 1],
    [
      'a Xavier NX',
      constructedBoard('NVIDIA Jetson Xavier NX Developer Kit', 'tegra194', 7_926_544),
      'Xavier_NX',
      1,
    ],
    [
      'an Orin on the carrier board of another maker',
      constructedBoard('CTI Forge + Orin AGX', 'tegra234', 31_900_000),
      'Orin',
      1,
    ],
  ])('with %s is known', (_name, captured, model, count) => {
    expect(matched(captured)).toEqual([model, count, 'known']);
    const { problems, system } = describeMachine(captured);
    expect(problems).toEqual([]);
    expect(() => systemDescriptionSchema.parse(system)).not.toThrow();
  });

  test('is the same system whatever its CPU is', () => {
    const other = {
      ...constructedMachine([gpus.t4]),
      cpuinfo: 'processor : 0\nmodel name : Never Seen CPU\n',
    };
    expect(matched(other)).toEqual(matched(constructedMachine([gpus.t4])));
  });

  test('of an old driver, which prints no capability, has it from the PCI id', () => {
    for (const gpu of Object.values(gpus).filter(({ name }) => !name.includes('Secret'))) {
      const { system } = describeMachine(constructedMachine([gpu], { knowsCapability: false }));
      expect([gpu.name, system.accelerators?.[0]?.compute_capability]).toEqual([
        gpu.name,
        Number(gpu.capability),
      ]);
    }
  });

  test('of an old driver has its power limits and slowdowns under their old names', () => {
    expect(describeMachine(constructedMachine([gpus.t4])).gpus[0]).toMatchObject({
      power_limit_w: 250,
      default_power_limit_w: 300,
      throttle_reasons: ['sw_power_cap'],
      persistence_mode: false,
    });
  });

  test('that is a Jetson board is described by its chip and its software', () => {
    const { board, system } = describeMachine(constructedBoard('Jetson-AGX', 'tegra194', 32_692_952));
    expect(board).toEqual({
      model: 'Jetson-AGX',
      chip: 'tegra194',
      gpu_name: 'Xavier',
      compute_capability: 7.2,
      l4t_version: '35.4.1',
    });
    expect(system.accelerators).toEqual([
      { name: 'Xavier', compute_capability: 7.2, memory_bytes: 32_692_952 * 1024 },
    ]);
  });

  test('counts the GPUs that CUDA_VISIBLE_DEVICES shows', () => {
    const four = constructedMachine([gpus.t4, gpus.t4, gpus.t4, gpus.a10]);
    const count = (cudaVisibleDevices: string) =>
      describeMachine({ ...four, cudaVisibleDevices }).system.accelerators?.map(({ name }) => name) ?? [];
    expect(count('0,2')).toEqual(['Tesla T4', 'Tesla T4']);
    expect(count('GPU-00000000-0000-0000-0000-000000000003')).toEqual(['NVIDIA A10']);
    expect(count('1,9,0')).toEqual(['Tesla T4']);
    expect(count('-1')).toEqual([]);
    expect(count('')).toEqual([]);
    expect(describeMachine({ ...four, cudaVisibleDevices: '0,2' }).problems.join()).toContain(
      'CUDA_VISIBLE_DEVICES=0,2 shows 2 of 4 GPUs',
    );
  });
});

describe('a container is named', () => {
  const { container } = bareMachine;
  test.each([
    ['docker', { ...container, hasDockerenv: true }],
    ['docker', { ...container, cgroup: '12:cpu:/docker/0123abc\n' }],
    ['podman', { ...container, containerenv: '' }],
    ['kubernetes', { ...container, cgroup: '0::/kubepods.slice/pod1\n', hasDockerenv: true }],
    ['kubernetes', { ...container, hasKubernetesService: true }],
    ['lxc', { ...container, containerVariable: 'lxc' }],
    [null, { ...container, cgroup: '0::/user.slice/session-1.scope\n' }],
  ])('%s', (name, facts) => {
    expect(describeMachine({ ...bareMachine, container: facts }).container).toBe(name);
  });
});

describe('what is wrong is told with what to do, and nothing is thrown', () => {
  const h100 = capturedMachine('h100');
  const withXml = (xml: CapturedMachine['nvidiaSmi']['xml']): CapturedMachine => ({
    ...h100,
    nvidiaSmi: { xml, csv: failing(9, ''), list: failing(9, ''), topology: failing(9, '') },
  });
  const xmlText = h100.nvidiaSmi.xml.stdout;

  test.each([
    ['a driver that does not answer', withXml(hanging), 'did not answer in time'],
    [
      'a driver that is not loaded',
      withXml(failing(9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n")),
      'failed (exit code 9): it says "NVIDIA-SMI has failed because it couldn\'t communicate',
    ],
    ['other text than XML', withXml(printed('hello\n')), 'it says "hello"'],
    ['nothing printed', withXml(printed('')), 'it printed nothing'],
    ['XML of something else', withXml(printed('<a><b/></a>')), 'something other than its XML'],
    ['XML that was cut', withXml(printed(xmlText.slice(0, 9000))), 'something other than its XML'],
    [
      'XML that lacks a GPU it announces',
      withXml(printed(xmlText.replace('<attached_gpus>1<', '<attached_gpus>2<'))),
      'something other than its XML',
    ],
    ['no devices', withXml(failing(6, 'No devices were found\n')), 'zero GPUs'],
    ['an XML without GPUs', constructedMachine([]), 'zero GPUs'],
    [
      'a GPU on the bus without its driver',
      {
        ...bareMachine,
        pciDevices: [{ address: '0000:00:06.0', device: '0x2330', pciClass: '0x030200', numaNode: '-1' }],
      },
      'there is no nvidia-smi: install the NVIDIA driver',
    ],
    [
      'MIG without instances',
      constructedMachine([{ ...gpus.a30, mig: [] }]),
      'MIG is enabled without instances, so nothing can run on it. Make some (nvidia-smi mig -i 0 -cgi',
    ],
  ])('%s', (_name, captured, problem) => {
    const machine = describeMachine(captured);
    expect(machine.problems.join('\n')).toContain(problem);
    expect(machine.problems).toHaveLength(1);
    expect(machine.system.accelerators).toBeUndefined();
  });

  test('garbled XML beside good CSV: the GPUs are known from the CSV', () => {
    const { csv } = h100.nvidiaSmi;
    const machine = describeMachine({ ...h100, nvidiaSmi: { ...h100.nvidiaSmi, xml: printed('<x'), csv } });
    expect(machine.system.accelerators).toEqual(describeMachine(h100).system.accelerators);
    expect(machine.driver_version).toBe('580.159.04');
    expect(machine.problems.join()).toContain('by its CSV output');
  });

  test('a GPU never seen gets its nearest', () => {
    expect(matched(constructedMachine([gpus.unseen]))[2]).toBe('nearest');
  });

  test('a GPU never seen of an old driver is told to be unmatched', () => {
    const machine = describeMachine(constructedMachine([gpus.unseen], { knowsCapability: false }));
    expect(machine.system.accelerators).toBeUndefined();
    expect(machine.problems.join()).toContain('compute capability is unknown');
  });

  test('mixed GPUs are all listed, with a warning', () => {
    const machine = describeMachine(constructedMachine([gpus.t4, gpus.a10]));
    expect(machine.system.accelerators?.map(({ name }) => name)).toEqual(['Tesla T4', 'NVIDIA A10']);
    expect(machine.problems.join()).toContain('mixed GPUs (Tesla T4, NVIDIA A10)');
  });

  test('slices whose profiles nobody names are told', () => {
    const captured = constructedMachine([slicedA30]);
    const machine = describeMachine({
      ...captured,
      nvidiaSmi: { ...captured.nvidiaSmi, list: hanging },
    });
    expect(machine.problems.join()).toContain('4 MIG instances, but nvidia-smi -L does not name');
  });

  test('another operating system, without /proc', () => {
    const machine = describeMachine(bareMachine);
    expect(machine).toMatchObject({ gpus: [], problems: [], driver_version: null });
    expect(machineLines(machine)[0]).toBe('Detected system ID: Unknown_1x_CPU (Unknown CPU, 8 cores)');
  });
});
