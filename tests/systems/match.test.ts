// Which GPU a machine has and which system it is, by architecture, memory and number; names of boards and CPUs do not matter.

import { describe, expect, test } from 'vitest';
import { openCatalogue } from '../../harness/gpu-systems.js';
import { gpuModels, matchGpu, matchSystems } from '../../systems/match.js';

const catalogue = openCatalogue('.');
const models = gpuModels(catalogue.gpus);
const systems = [...catalogue.systems.values()].map(({ description }) => description);
const GIB = 2 ** 30;
const MIB = 2 ** 20;

describe('a GPU', () => {
  test.each([
    ['Tesla T4', 7.5, 15360 * MIB, 'T4'],
    ['NVIDIA A100-PCIE-40GB', 8, 40960 * MIB, 'A100-PCIe-40GB'],
    ['NVIDIA A100 80GB PCIe', 8, 81920 * MIB, 'A100-PCIe-80GB'],
    ['NVIDIA A100-SXM4-40GB', 8, 40960 * MIB, 'A100-SXM-40GB'],
    ['NVIDIA A100-SXM4-80GB', 8, 81920 * MIB, 'A100-SXM-80GB'],
    ['NVIDIA A30', 8, 24576 * MIB, 'A30'],
    ['NVIDIA A10', 8.6, 23028 * MIB, 'A10'],
    ['NVIDIA A2', 8.6, 15356 * MIB, 'A2'],
    ['NVIDIA L4', 8.9, 23034 * MIB, 'L4'],
    ['NVIDIA H100 PCIe', 9, 81559 * MIB, 'H100-PCIe-80GB'],
    ['NVIDIA H100 80GB HBM3', 9, 81559 * MIB, 'H100-SXM-80GB'],
    ['NVIDIA H200', 9, 143771 * MIB, 'H200-SXM-141GB'],
    ['Tesla V100-SXM2-16GB', 7, 16160 * MIB, 'V100-SXM2-16GB'],
    ['Tesla V100-PCIE-32GB', 7, 32510 * MIB, 'V100-PCIe-32GB'],
  ])('called %s is known', (name, compute_capability, memory_bytes, model) => {
    const found = matchGpu({ name, compute_capability, memory_bytes }, models);
    expect([found.model.name, found.match]).toEqual([model, 'known']);
  });

  test.each([
    ['Orin (nvgpu)', 8.7, 29.8 * GIB, 'Orin'],
    ['CTI Forge + Orin AGX', 8.7, 29.8 * GIB, 'Orin'],
    ['Orin NX', 8.7, 15 * GIB, 'Orin_NX'],
    ['Xavier', 7.2, 30.6 * GIB, 'AGX_Xavier'],
    ['Xavier NX', 7.2, 7.5 * GIB, 'Xavier_NX'],
  ])(
    'of a board is known by capability and memory, whatever the board is called: %s',
    (name, compute_capability, memory_bytes, model) => {
      const found = matchGpu({ name, compute_capability, memory_bytes }, models);
      expect([found.model.name, found.match]).toEqual([model, 'known']);
    },
  );

  test.each([
    ['NVIDIA A100-SXM4-40GB', 8, 4864 * MIB, '1g.5gb', 'A100-1g.5gb'],
    ['NVIDIA A100-SXM4-80GB', 8, 9728 * MIB, '1g.10gb', 'A100-1g.10gb'],
    ['NVIDIA A30', 8, 5952 * MIB, '1g.6gb', 'A30-1g.6gb'],
  ])(
    'that is a slice of %s is known by its profile',
    (name, compute_capability, memory_bytes, mig_profile, model) => {
      const found = matchGpu({ name, compute_capability, memory_bytes, mig_profile }, models);
      expect([found.model.name, found.match]).toEqual([model, 'known']);
    },
  );

  test.each([
    ['NVIDIA GeForce RTX 3090', 8.6, 24 * GIB, 'A10'],
    ['NVIDIA RTX 6000 Ada Generation', 8.9, 48 * GIB, 'L40'],
    ['NVIDIA GeForce RTX 4090', 8.9, 24 * GIB, 'L4'],
    ['NVIDIA H800', 9, 80 * GIB, 'H100-PCIe-80GB'],
    ['NVIDIA B200', 10, 180 * GIB, 'H200-SXM-141GB'],
    ['Quadro GV100', 7, 32 * GIB, 'V100-SXM2-32GB'],
    ['GeForce RTX 2080 Ti', 7.5, 11 * GIB, 'T4'],
  ])('that nobody listed gets the nearest: %s', (name, compute_capability, memory_bytes, model) => {
    const found = matchGpu({ name, compute_capability, memory_bytes }, models);
    expect([found.model.name, found.match]).toEqual([model, 'nearest']);
    expect(found.because).toContain(`${name} (compute capability ${compute_capability.toFixed(1)}`);
    expect(found.because).toContain(`is not listed; ${model} is nearest`);
  });

  test('of a known name with another memory is not taken for it', () => {
    const found = matchGpu(
      { name: 'NVIDIA A100-PCIE-40GB', compute_capability: 8, memory_bytes: 20 * GIB },
      models,
    );
    expect(found.match).toBe('nearest');
  });
});

describe('a system', () => {
  const idsOf = (accelerator: string, count: number, hostArchitecture = 'x64') =>
    matchSystems({ accelerator, count, hostArchitecture }, systems).map(({ system_id }) => system_id);

  test.each([
    ['A100-SXM-80GB', 8, 'x64', 'DGX-A100_A100-SXM-80GBx8'],
    ['A100-SXM-80GB', 8, 'arm64', 'A100-SXM-80GB_aarch64x8'],
    ['A100-SXM-80GB', 4, 'x64', 'DGX-Station-A100_A100-SXM-80GBx4'],
    ['A100-PCIe-40GB', 8, 'x64', 'A100-PCIex8'],
    ['H200-SXM-141GB', 8, 'x64', 'H200-SXM-141GBx8'],
    ['H100-SXM-80GB', 1, 'x64', 'DGX-H100_H100-SXM-80GBx1'],
    ['A100-1g.10gb', 1, 'x64', 'DGX-A100_A100-SXM-80GB-MIG_1x1g.10gb'],
    ['T4', 20, 'x64', 'T4x20'],
    ['Orin', 1, 'arm64', 'Orin'],
  ])('%s × %i on %s is %s', (accelerator, count, host, system_id) => {
    expect(idsOf(accelerator, count, host)).toEqual([system_id]);
  });

  test('with another number of GPUs is none of the listed', () => {
    expect(idsOf('A100-SXM-80GB', 3)).toEqual([]);
    expect(idsOf('H200-SXM-141GB', 2)).toEqual([]);
  });

  test('is never two of the listed ones', () => {
    for (const { accelerator = '', accelerators_per_node: count = 0 } of systems) {
      for (const host of ['x64', 'arm64'])
        expect(idsOf(accelerator, count, host).length).toBeLessThanOrEqual(1);
    }
  });

  test('that extends another one stands for it', () => {
    const mine = { system_id: 'Mine', extends: 'T4x8', accelerator: 'T4', accelerators_per_node: 8 };
    const found = matchSystems({ accelerator: 'T4', count: 8, hostArchitecture: 'x64' }, [...systems, mine]);
    expect(found.map(({ system_id }) => system_id)).toEqual(['Mine']);
  });
});
