// System files: those of the package are whole, a user's own one works, and what is wrong with one is said by name.

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../../configs/errors.js';
import { infeasible } from '../../configs/feasible.js';
import { loadBenchmarkConfigs } from '../../configs/load.js';
import { resolveConfigs } from '../../configs/resolve.js';
import type { BenchmarkConfig, Provenance } from '../../configs/benchmark-config.js';
import type { SettingKey } from '../../configs/schema.js';
import { configVers } from '../../configs/variants.js';
import { chooseSystem, systemOf } from '../../harness/choose-system.js';
import { openCatalogue, unlistedGpus } from '../../harness/gpu-systems.js';
import { gpuModels } from '../../systems/match.js';
import { flagsOf } from '../configs/flags-of.js';
import { cpuMachine } from '../fakes/machines.js';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'loadrig-systems-'));
  mkdirSync(join(root, 'systems'));
  cpSync('configs/bert', join(root, 'configs/bert'), { recursive: true });
  cpSync('systems/gpu-models.json', join(root, 'systems/gpu-models.json'));
  cpSync('systems/T4x8.json', join(root, 'systems/T4x8.json'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (name: string, content: object | string) =>
  writeFileSync(join(root, name), typeof content === 'string' ? content : JSON.stringify(content));
const system = (content: { readonly system_id: string; readonly [key: string]: unknown }) =>
  write(`systems/${content.system_id}.json`, content);

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  throw new Error('nothing was wrong');
}

const benchmarkConfigs = loadBenchmarkConfigs('.', 'bert', ['Offline', 'Server', 'SingleStream']);
/** One Offline run of the machine that these flags choose. */
function resolveOn(...argv: readonly string[]): BenchmarkConfig {
  const flags = flagsOf('--scenarios=Offline', ...argv);
  const { forConfigs } = chooseSystem(root, flags.selection, cpuMachine, true);
  const [config] = resolveConfigs({ flags, benchmarkConfigs, system: forConfigs });
  if (config === undefined) throw new Error('nothing resolved');
  return config;
}

describe('the files of the package', () => {
  const catalogue = openCatalogue('.');

  test('are whole: no parent, GPU or block is missing', () => {
    expect(catalogue.systems.size).toBeGreaterThanOrEqual(81);
  });

  test('hold nothing that their own GPU cannot do', () => {
    const flags = flagsOf(`--config_ver=${configVers.join(',')}`);
    for (const system_id of catalogue.systems.keys()) {
      const { forConfigs } = systemOf(catalogue, system_id, cpuMachine);
      const { gpus } = forConfigs;
      if (gpus === undefined) throw new Error(`${system_id} has no GPU`);
      for (const { provenance } of resolveConfigs({ flags, benchmarkConfigs, system: forConfigs })) {
        const values = new Map(Object.entries(provenance) as [SettingKey, Provenance][]);
        expect(infeasible(values, gpus)).toEqual([]);
      }
    }
  });
});

describe("a user's own file", () => {
  const mine = { system_id: 'Mine', accelerator: 'T4', accelerators_per_node: 3 };

  test('of one line for the GPU is enough: its targets are those of one GPU, times their number', () => {
    system(mine);
    const { system_id, accelerator, loadgen, provenance, settings } = resolveOn('--system=Mine');
    expect({ system_id, accelerator, engine: settings.engine }).toEqual({
      system_id: 'Mine',
      accelerator: 'T4',
      engine: 'tensorrt',
    });
    expect(loadgen.offline_expected_qps).toBe(3 * 430);
    expect(provenance['offline_expected_qps']).toMatchObject({
      label: 'derived',
      note: '3 × T4; nothing was published for this system',
    });
    expect(provenance['batch_size']).toMatchObject({ value: 256, label: 'derived' });
  });

  test('is not even needed for a known GPU: its name and a number will do', () => {
    const { system_id, loadgen, provenance } = resolveOn('--system=T4x5');
    expect([system_id, loadgen.offline_expected_qps]).toEqual(['T4x5', 5 * 430]);
    expect(provenance['offline_expected_qps']).toMatchObject({ label: 'derived' });
  });

  test('of any known GPU has targets in proportion to its number', () => {
    const catalogue = openCatalogue('.');
    const names = gpuModels(catalogue.gpus).map(({ name }) => name);
    const flags = flagsOf('--scenarios=Offline,Server', '--config_ver=all');
    const targets = (model: string, count: number) => {
      const gpus = unlistedGpus(catalogue, { model, count });
      const engine = { name: 'tensorrt', origin: '--system' } as const;
      const machine = { system_id: 'Mine', available_cores: 1, gpus, engine };
      return resolveConfigs({ flags, benchmarkConfigs, system: machine }).map(
        ({ loadgen, scenario }) =>
          (scenario === 'Server' ? loadgen.server_target_qps : loadgen.offline_expected_qps) ?? 0,
      );
    };
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.integer({ min: 1, max: 64 }), (model, count) => {
        const ofOne = targets(model, 1);
        for (const [place, target] of targets(model, count).entries())
          expect(target).toBeCloseTo(count * (ofOne[place] ?? NaN), 3);
      }),
      { seed: 20_260 },
    );
  });

  test('may lie elsewhere', () => {
    write('elsewhere.json', mine);
    expect(resolveOn(`--system_file=${join(root, 'elsewhere.json')}`).system_id).toBe('Mine');
  });

  test('may extend a listed system, whose targets scale with the number of GPUs', () => {
    system({ ...mine, extends: 'T4x8', accelerators_per_node: 4 });
    const { loadgen, provenance } = resolveOn('--system=Mine');
    expect(loadgen.offline_expected_qps).toBe(3500 / 2);
    expect(provenance['offline_expected_qps']).toMatchObject({
      origin: 'systems/T4x8.json',
      label: 'derived',
    });
  });

  test('wins over what it extends, and a flag wins over it', () => {
    const settings = { offline_expected_qps: 1234, batch_size: 128 };
    system({ ...mine, extends: 'T4x8', configs: { bert: { Offline: { settings } } } });
    const { loadgen, settings: resolved, provenance } = resolveOn('--system=Mine', '--batch_size=64');
    expect([loadgen.offline_expected_qps, resolved.batch_size]).toEqual([1234, 64]);
    expect(provenance['offline_expected_qps']).toEqual({ value: 1234, origin: 'systems/Mine.json' });
  });

  test('may describe a GPU that nobody listed: the nearest stands in, its batch cut to the memory, its target guessed', () => {
    const unknown = { ...mine, accelerator: 'RTX-4000', accelerator_compute_capability: 8.9 };
    system({ ...unknown, accelerator_memory_gib: 40 });
    const { settings, provenance, needs_probe } = resolveOn('--system=Mine');
    expect(provenance['offline_expected_qps']).toMatchObject({ value: 3 * 2250, label: 'guessed' });
    expect(provenance['offline_expected_qps']?.note).toContain('L40 is nearest');
    expect(needs_probe).toEqual(['offline_expected_qps']);
    expect(settings.batch_size).toBe(1280);
    // Also where the other GPU's own target has a label.
    system({ ...unknown, accelerator_compute_capability: 7, accelerator_memory_gib: 12 });
    const volta = resolveOn('--system=Mine').provenance;
    expect(volta['offline_expected_qps']).toMatchObject({ value: 3 * 260, label: 'guessed' });
    expect(volta['precision']).toMatchObject({ value: 'fp16', label: 'derived' });
    system({ ...unknown, accelerator_compute_capability: 8, accelerator_memory_gib: 9 });
    expect(resolveOn('--system=Mine').provenance['batch_size']).toMatchObject({
      label: 'derived',
      origin: 'detected',
    });
  });

  test('may not ask its GPU for what it cannot do', () => {
    system({
      ...mine,
      configs: { bert: { Offline: { settings: { precision: 'fp8', batch_size: 100_000 } } } },
    });
    expect(problemsOf(() => resolveOn('--system=Mine'))).toEqual([
      expect.stringMatching(/^Offline: precision fp8 needs compute capability 8\.9/),
      expect.stringMatching(/^Offline: batch_size 100000 .* use at most \d+$/),
    ]);
  });
});

describe('what is wrong is said with its file', () => {
  test.each([
    [
      'a missing parent',
      { system_id: 'A', extends: 'T4x9', accelerator: 'T4', accelerators_per_node: 9 },
      'systems/A.json: extends "T4x9", which does not exist; did you mean "T4x8"?',
    ],
    [
      'a dangling GPU',
      { system_id: 'A', accelerator: 'A100-PCIe-40', accelerators_per_node: 1 },
      'systems/A.json: accelerator "A100-PCIe-40" is no GPU of systems/gpu-models.json (any other also needs accelerator_compute_capability and accelerator_memory_gib); did you mean "A100-PCIe-40GB"?',
    ],
    [
      'a family in place of a GPU',
      { system_id: 'A', accelerator: 'Ampere', accelerators_per_node: 1 },
      'systems/A.json: accelerator "Ampere" is no GPU',
    ],
    [
      'a missing number of GPUs',
      { system_id: 'A', accelerator: 'T4' },
      'systems/A.json: accelerators_per_node is missing: how many T4 there are',
    ],
    [
      'a number of a wrong type',
      { system_id: 'A', accelerator: 'T4', accelerators_per_node: '8' },
      'systems/A.json: accelerators_per_node must be a number, got "8"',
    ],
    [
      'a setting of a wrong type',
      {
        system_id: 'A',
        accelerator: 'T4',
        accelerators_per_node: 8,
        configs: { bert: { Offline: { config_ver: { maxq: { use_graphs: 'yes' } } } } },
      },
      'systems/A.json: configs.bert.Offline.config_ver.maxq.use_graphs must be true or false, got "yes"',
    ],
    [
      'an unknown key',
      { system_id: 'A', acelerator: 'T4' },
      'systems/A.json: unknown key "acelerator"; did you mean "accelerator"?',
    ],
    [
      'an unknown setting',
      { system_id: 'A', configs: { bert: { Server: { settings: { sever_target_qps: 1 } } } } },
      'systems/A.json: configs.bert.Server.settings: unknown key "sever_target_qps"; did you mean "server_target_qps"?',
    ],
    [
      'an unknown variant',
      { system_id: 'A', configs: { bert: { Server: { config_ver: { max_q: {} } } } } },
      'systems/A.json: unknown key "configs.bert.Server.config_ver.max_q"; did you mean "maxq"?',
    ],
    [
      'a target of one GPU outside gpus.json',
      { system_id: 'A', configs: { bert: { Server: { settings: { server_target_qps_per_gpu: 1 } } } } },
      'unknown key "server_target_qps_per_gpu"; did you mean "server_target_qps"?',
    ],
  ])('%s', (_, content, message) => {
    system(content);
    expect(problemsOf(() => openCatalogue(root)).join('\n')).toContain(message);
  });

  test('a circle, with its way', () => {
    const gpu = { accelerator: 'T4', accelerators_per_node: 8 };
    system({ system_id: 'A', extends: 'B', ...gpu });
    system({ system_id: 'B', extends: 'C', ...gpu });
    system({ system_id: 'C', extends: 'A', ...gpu });
    expect(problemsOf(() => openCatalogue(root))[0]).toMatch(
      /^systems\/\w\.json: "extends" goes round in a circle: (A → B → C → A|B → C → A → B|C → A → B → C)\. Leave one of them out\.$/,
    );
  });

  test('a system that extends itself', () => {
    system({ system_id: 'A', extends: 'A', accelerator: 'T4', accelerators_per_node: 8 });
    expect(problemsOf(() => openCatalogue(root))[0]).toContain('goes round in a circle: A → A.');
  });

  test.each([
    [
      'a missing family',
      {
        T4: { extends: 'Turin', architecture: 'Turing', compute_capability: 7.5, memory_gib: 15 },
        Turing: {},
      },
      'systems/gpu-models.json, "T4": extends "Turin", which does not exist; did you mean "Turing"?',
    ],
    [
      'a circle of families',
      { T4: { extends: 'Turing', compute_capability: 7.5 }, Turing: { extends: 'T4' } },
      'systems/gpu-models.json, "Turing": "extends" goes round in a circle: T4 → Turing → T4.',
    ],
    [
      'a capability of a wrong type',
      { T4: { compute_capability: '7.5' } },
      'systems/gpu-models.json: gpus.T4.compute_capability must be a number, got "7.5"',
    ],
    ['an unknown key', { T4: { memory_gb: 16 } }, 'systems/gpu-models.json: unknown key "gpus.T4.memory_gb"'],
  ])('%s among the GPUs', (_, gpus, message) => {
    write('systems/gpu-models.json', { gpus });
    expect(problemsOf(() => openCatalogue(root)).join('\n')).toContain(message);
  });

  test.each([
    ['settings', { batch_sise: 1 }, 'gpus.T4.settings: unknown key "batch_sise"; did you mean "batch_size"?'],
    ['settings', { batch_size: 'many' }, 'gpus.T4.settings.batch_size must be a number, got "many"'],
    [
      'settings',
      { offline_expected_qps: 430 },
      'gpus.T4.settings: unknown key "offline_expected_qps"; here it is the target of one GPU, "offline_expected_qps_per_gpu"',
    ],
    [
      'settings',
      { server_target_qps_per_gpu: 360 },
      'gpus.T4.settings: "server_target_qps_per_gpu" belongs to Server, this block is for Offline',
    ],
  ])('a block of gpus.json with %s %o', (part, settings, message) => {
    const gpus = { T4: { [part]: settings } };
    write('configs/bert/Offline/gpus.json', { benchmark: 'bert', scenario: 'Offline', gpus });
    expect(problemsOf(() => openCatalogue(root))).toEqual([`configs/bert/Offline/gpus.json: ${message}`]);
  });

  test('two files with one id', () => {
    write('systems/Copy.json', { system_id: 'T4x8', accelerator: 'T4', accelerators_per_node: 8 });
    expect(problemsOf(() => openCatalogue(root))[0]).toBe(
      'systems/T4x8.json: system_id "T4x8" is that of systems/Copy.json too; rename one of them',
    );
  });

  test('all mistakes of all files come at once', () => {
    system({ system_id: 'A', extends: 'None', accelerator: 'T4', accelerators_per_node: 8 });
    write('systems/Broken.json', '{');
    write('configs/bert/Server/gpus.json', { benchmark: 'bert', scenario: 'Server', gpus: { T5: {} } });
    expect(problemsOf(() => openCatalogue(root))).toEqual([
      expect.stringMatching(/^systems\/Broken\.json: not JSON/),
      expect.stringContaining('systems/A.json: extends "None"'),
      'configs/bert/Server/gpus.json: "T5" is not in systems/gpu-models.json; did you mean "T4"?',
    ]);
  });

  test('a system that no file describes', () => {
    expect(problemsOf(() => resolveOn('--system=T4-x9'))).toEqual([
      '--system: "T4-x9" is not in systems/ (loadrig list systems shows them all); did you mean "T4x8"?',
    ]);
  });
});

describe('a machine with GPUs', () => {
  const eightT4 = {
    ...cpuMachine,
    accelerators: Array.from({ length: 8 }, () => ({
      name: 'Tesla T4',
      compute_capability: 7.5,
      memory_bytes: 15 * 2 ** 30,
    })),
  };
  const reason = 'TensorRT is not there.';
  const choose = (detected = eightT4, useGpus: true | string = reason) =>
    chooseSystem(root, flagsOf('--scenarios=Offline').selection, detected, useGpus);
  const resolve = (...argv: readonly string[]) =>
    resolveConfigs({
      flags: flagsOf('--scenarios=Offline', ...argv),
      benchmarkConfigs,
      system: choose().forConfigs,
    })[0];

  test('runs on its CPU where TensorRT cannot, and says why', () => {
    const config = resolve();
    expect(config?.settings.engine).toBe('onnxruntime');
    expect(config?.system_id).toBe('Test_1x_CPU');
    expect(config?.settings.batch_size).toBe(1);
    expect(choose().notes).toEqual([
      'GPUs: 8 × T4, system T4x8. Engine tensorrt is not used: TensorRT is not there. Their settings: --dry_run --engine=tensorrt',
    ]);
  });

  test('runs on its GPUs where TensorRT can', () => {
    const { forConfigs, notes } = choose(eightT4, true);
    const flags = flagsOf('--scenarios=Offline');
    const [config] = resolveConfigs({ flags, benchmarkConfigs, system: forConfigs });
    expect(config?.provenance['engine']).toEqual({ value: 'tensorrt', origin: 'detected' });
    expect(config?.system_id).toBe('T4x8');
    expect(notes).toEqual(['GPUs: 8 × T4, system T4x8.']);
  });

  test('resolves for its GPUs where engine tensorrt is asked for', () => {
    const config = resolve('--engine=tensorrt');
    expect(config?.system_id).toBe('T4x8');
    expect(config?.loadgen.offline_expected_qps).toBe(3500);
    expect(config?.settings.instances).toBe(8 * 2);
  });

  test('that is two of the listed ones is refused with both names', () => {
    system({ system_id: 'Mine', accelerator: 'T4', accelerators_per_node: 8 });
    expect(problemsOf(() => choose())).toEqual([
      '2 systems of systems/ match this machine (8 × T4): Mine, T4x8. Choose one with --system=ID, or let one of the files extend the other.',
    ]);
  });

  test('with a number of GPUs that nobody listed has its targets by their number', () => {
    const three = choose({ ...eightT4, accelerators: eightT4.accelerators.slice(5) });
    expect(three.forConfigs.gpus).toMatchObject({ system_id: 'T4x3', match: 'known', lineage: [] });
    expect(three.notes[0]).toContain('GPUs: 3 × T4, system T4x3.');
  });

  test('with a GPU that nobody has seen gets the nearest, and says so', () => {
    const odd = { name: 'NVIDIA B300 X', compute_capability: 10.3, memory_bytes: 280 * 2 ** 30 };
    const chosen = choose({ ...eightT4, accelerators: [odd, odd] });
    expect(chosen.forConfigs.gpus).toMatchObject({ system_id: 'B300_Xx2', match: 'nearest' });
    expect(chosen.notes[0]).toContain(
      '2 × H200-SXM-141GB stands in (NVIDIA B300 X (compute capability 10.3, 280 GiB) is not listed',
    );
  });
});

test('engine tensorrt without a GPU is refused with what to do', () => {
  expect(problemsOf(() => resolveOn('--engine=tensorrt'))).toEqual([
    'engine tensorrt needs an NVIDIA GPU, and none was found. Use --engine=onnxruntime, or --system=ID to resolve for another machine (loadrig list systems).',
  ]);
});

test.each([
  [
    '--gpu_inference_streams=2',
    '--gpu_inference_streams belongs to engine tensorrt, this run uses onnxruntime; use --instances',
  ],
  ['--precision=fp8', 'precision fp8 cannot run on engine onnxruntime; use fp32, fp16, int8'],
  [
    '--config_ver=maxq',
    'config_ver maxq holds values of GPU systems for engine tensorrt; engine onnxruntime has default, high_accuracy',
  ],
])('%s on the CPU is refused', (flag, message) => {
  expect(problemsOf(() => resolveOn(flag))).toEqual([message]);
});

test('sessions of the CPU on a GPU system are refused', () => {
  expect(problemsOf(() => resolveOn('--system=T4x8', '--instances=2'))).toEqual([
    '--instances belongs to engine onnxruntime and null, this run uses tensorrt; use --gpu_inference_streams',
  ]);
});

test('the name of a GPU system is not lent to a run on the CPU', () => {
  expect(problemsOf(() => resolveOn('--system=T4x8', '--engine=onnxruntime'))).toEqual([
    '--system=T4x8 is a machine with GPUs, and engine onnxruntime does not use them: its results would bear the wrong name. Leave out --system, or --engine.',
  ]);
});
