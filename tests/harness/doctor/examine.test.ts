// What the doctor says of healthy and of spoiled machines, captured and constructed.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BenchmarkConfig } from '../../../configs/benchmark-config.js';
import { checkGpus } from '../../../harness/doctor/check-gpus.js';
import { freeHostBytes } from '../../../harness/doctor/check-memory.js';
import { examine, isReady } from '../../../harness/doctor/examine.js';
import type { Wanted } from '../../../harness/doctor/examine.js';
import type { HostFacts } from '../../../harness/doctor/host-facts.js';
import { knownInputs, knownSha256 } from '../../../harness/doctor/known-inputs.js';
import { reportObject, reportText } from '../../../harness/doctor/report.js';
import { parseFlags } from '../../../harness/flags.js';
import { packageRoot } from '../../../harness/program.js';
import { resolveFlags } from '../../../harness/resolve-flags.js';
import { describeMachine } from '../../../systems/machine.js';
import type { Machine } from '../../../systems/machine.js';
import { cpuMachine } from '../../fakes/machines.js';
import { bareMachine, capturedMachine, failing } from '../../systems/captured-machines.js';
import { constructedBoard, constructedMachine, gpus, slicedA30 } from '../../systems/constructed-machines.js';
import { healthy, unreadable } from './facts.js';

const cpuOnly: Machine = { ...describeMachine(bareMachine), system: cpuMachine };
const h100 = describeMachine(capturedMachine('h100'));

/** What these flags ask for, on this machine. */
function wantedBy(argv: readonly string[], machine = cpuOnly): Wanted {
  const line = parseFlags(argv);
  if (line.kind !== 'run') throw new Error('flags of a run');
  return resolveFlags(line.flags, { system: machine.system, useGpus: true });
}
const configsOf = (argv: readonly string[]): readonly BenchmarkConfig[] => {
  const wanted = wantedBy(argv);
  return 'configs' in wanted ? wanted.configs : [];
};
const onCpu = wantedBy(['--scenarios=Offline']);
const onGpus: Wanted = { configs: configsOf(['--system=H100-SXM-80GBx1', '--scenarios=Offline']), notes: [] };

/** Lines that are not ok, as `status name: found`. */
const complaints = (machine: Machine, facts: HostFacts, wanted: Wanted) =>
  examine(machine, facts, wanted)
    .filter(({ status }) => status !== 'ok')
    .map(({ status, name, found }) => `${status} ${name}: ${found}`);

test('a quiet, healthy machine has nothing to complain of', () => {
  const checks = examine(cpuOnly, healthy, onCpu);
  expect(complaints(cpuOnly, healthy, onCpu)).toEqual([]);
  expect(isReady(checks)).toBe(true);
  expect(reportText(checks)).toMatch(/\n\d+ ok, 0 warnings, 0 missing\. Ready to run\.\n$/);
});

describe('one spoiled fact gives one complaint', () => {
  const changed = (path: string) => ({
    path,
    expected: knownInputs[path],
    sha256: 'f'.repeat(64),
    bytes: 3,
  });
  const { inputs, disk, onnxruntime } = healthy;
  test.each<readonly [string, Partial<HostFacts>, string]>([
    ['an old Node', { node: 'v20.18.1' }, 'missing Node.js: v20.18.1'],
    ['no npm', { npm: null }, 'warning npm: not found'],
    [
      'no ONNX Runtime',
      { onnxruntime: { ...onnxruntime, version: null } },
      'missing ONNX Runtime: onnxruntime-node is not installed',
    ],
    [
      'a platform without a binary',
      { onnxruntime: { ...onnxruntime, platform: 'linux/riscv64', files: [] } },
      'missing ONNX Runtime: onnxruntime-node 1.30.0 has no binary for linux/riscv64',
    ],
    [
      'a changed data set',
      { inputs: { ...inputs, data: changed(inputs.data.path) } },
      `missing data/squad/xquad.en.json: sha256 ${'f'.repeat(64)}`,
    ],
    [
      'a missing data set',
      { inputs: { ...inputs, data: { ...inputs.data, sha256: null } } },
      'missing data/squad/xquad.en.json: not there, or not readable',
    ],
    [
      'a full disk',
      { disk: { ...disk, freeBytes: 2 ** 28 } },
      'missing space: 0.3 GiB of 200.0 GiB free in build',
    ],
    ['a filling disk', { disk: { ...disk, freeBytes: 2 ** 31 } }, 'warning space: 2.0 GiB of 200.0 GiB free'],
    [
      'a folder without permission',
      { disk: { ...disk, writtenBytesPerSecond: null } },
      'missing writing: cannot write to build',
    ],
    ['a slow disk', { disk: { ...disk, writtenBytesPerSecond: 3e6 } }, 'warning writing: slow: 3 MB/s'],
    ['no memory', { meminfo: 'MemAvailable: 100000 kB\n' }, 'missing host memory: about'],
    ['a small container', { cgroupMemoryMax: '200000000\n' }, 'missing host memory: about'],
    [
      'a quota',
      { cgroupCpuMax: '150000 100000\n' },
      'warning cores: may use 0-15 of 8, none isolated; a quota',
    ],
    ['a slow clock', { clockSource: 'hpet\n' }, 'warning clock source: hpet'],
    ['lazy timers', { timerSlackNs: '40000000\n' }, 'warning timer slack: 40000 µs'],
    ['other work', { loadavg: '7.50 1.00 1.00 1/2 3\n' }, 'warning load: 7.5 of 8 cores'],
    ['few files', { limits: healthy.limits.replace('20000 ', '256 ') }, 'warning open files: 256'],
  ])('%s', (_name, spoiled, complaint) => {
    const found = complaints(cpuOnly, { ...healthy, ...spoiled }, onCpu);
    expect(found).toEqual([expect.stringContaining(complaint) as string]);
  });

  test('a saving governor', () => {
    const machine = { ...cpuOnly, system: { ...cpuMachine, cpu_governor: 'powersave' } };
    expect(complaints(machine, healthy, onCpu)).toEqual(['warning governor: powersave']);
  });

  test('warnings do not fail, missing things do', () => {
    expect(isReady(examine(cpuOnly, { ...healthy, npm: null }, onCpu))).toBe(true);
    expect(isReady(examine(cpuOnly, { ...healthy, node: 'v18.0.0' }, onCpu))).toBe(false);
  });
});

test('where nothing can be read it still reports, and says what is missing', () => {
  const checks = examine(describeMachine(bareMachine), unreadable, onCpu);
  expect(checks.filter(({ status }) => status === 'missing').map(({ name }) => name)).toEqual([
    ...unreadable.inputs.model.map(({ path }) => path),
    'data/squad/xquad.en.json',
    'writing',
  ]);
  expect(reportText(checks)).toContain('Not ready');
});

describe('GPUs', () => {
  test('that are not there are missing for engine tensorrt only', () => {
    expect(
      complaints(cpuOnly, healthy, onGpus).filter((line) => line.startsWith('missing GPUs')),
    ).toHaveLength(1);
    expect(checkGpus(cpuOnly, false)).toEqual([
      { group: 'GPUs', name: 'GPUs', status: 'ok', found: 'none; the chosen engine runs without' },
    ]);
  });

  test('without TensorRT fail a run on them, and warn where the CPU runs', () => {
    const facts = { ...healthy, tensorrtProblem: 'engine tensorrt: no libnvinfer. Install TensorRT.' };
    expect(complaints(h100, facts, onGpus)).toContain('missing TensorRT: not found');
    expect(complaints(h100, facts, onCpu)).toContain('warning TensorRT: not found');
    // Where the engine starts, it has found what the usual folders do not show.
    expect(complaints(h100, healthy, onGpus).filter((line) => line.includes('TensorRT'))).toEqual([]);
  });

  test('with all libraries are ready, and their memory is compared with an estimate', () => {
    const libraries = ['TensorRT', 'TensorRT plugins', 'CUDA driver'] as const;
    const machine: Machine = {
      ...h100,
      libraries: libraries.map((library) => ({ library, version: '10.7.0', path: '/lib/x.so' })),
    };
    expect(isReady(examine(machine, healthy, onGpus))).toBe(true);
    const memory = examine(machine, healthy, onGpus).find(({ name }) => name.startsWith('GPU memory'));
    expect(memory?.found).toMatch(/^about \d+\.\d GiB needed \(estimated; Offline, .*\), 79\.2 GiB free$/);
    const full = { ...machine, gpus: h100.gpus.map((gpu) => ({ ...gpu, memory_free_bytes: 2 ** 28 })) };
    expect(complaints(full, healthy, onGpus)).toEqual([
      expect.stringContaining('missing GPU memory (for a model of 6 layers of 384): about') as string,
    ]);
    const large = { ...healthy, inputs: { ...healthy.inputs, modelConfig: '{"hidden_size":1024}' } };
    expect(examine(machine, large, onGpus).map(({ name }) => name)).toContain('GPU memory (for BERT-Large)');
  });

  test('on which TensorRT does not start fail a run there, in its own words', () => {
    const tensorrtProblem = 'engine tensorrt: its native part is not compiled. Run `make tensorrt`.';
    const facts = { ...healthy, tensorrtProblem };
    const line = (wanted: Wanted) =>
      examine(h100, facts, wanted).find(({ name }) => name === 'engine tensorrt');
    expect(line(onGpus)).toEqual({
      group: 'libraries',
      name: 'engine tensorrt',
      status: 'missing',
      found: 'its native part is not compiled.',
      advice: 'Run `make tensorrt`.',
    });
    expect(line(onCpu)?.status).toBe('warning');
  });

  test('asleep, capped, slowed or with lowered clocks are warned of by number', () => {
    const [gpu] = h100.gpus;
    if (gpu === undefined) throw new Error('the captured machine has a GPU');
    const spoiled = {
      ...h100,
      gpus: [
        gpu,
        {
          ...gpu,
          persistence_mode: false,
          power_limit_w: 300,
          application_sm_clock_mhz: 900,
          throttle_reasons: ['hw_thermal_slowdown'],
        },
      ],
    };
    const found = checkGpus(spoiled, true).filter(({ status }) => status === 'warning');
    expect(found.map(({ name, found: text }) => `${name}: ${text}`)).toEqual([
      'persistence mode: off on GPU 1',
      "power limit: lower than NVIDIA's default on GPU 1: 700 W, 300 W",
      'clocks: application clocks below the highest on GPU 1: 1980 MHz, 900 MHz of 1980 MHz',
      'slowdowns: active on GPU 1: hw_thermal_slowdown',
    ]);
    expect(found[1]?.advice).toContain('nvidia-smi -pl 700');
    expect(checkGpus(h100, true).every(({ status }) => status === 'ok')).toBe(true);
  });

  test('whose driver is broken are missing with what nvidia-smi said', () => {
    const broken = failing(
      9,
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    );
    const machine = describeMachine({
      ...bareMachine,
      nvidiaSmi: { xml: broken, csv: broken, list: broken, topology: broken },
    });
    const [check] = checkGpus(machine, true);
    expect(check).toMatchObject({ status: 'missing', name: 'detection' });
    expect(`${check?.found} ${check?.advice}`).toContain("couldn't communicate with the NVIDIA driver");
    expect(checkGpus(machine, false)[0]?.status).toBe('warning');
  });

  test.each([
    ['MIG without instances', constructedMachine([{ ...gpus.a30, mig: [] }]), 'missing'],
    ['mixed GPUs', constructedMachine([gpus.t4, gpus.a10]), 'warning'],
  ])('%s are told', (_name, captured, status) => {
    const told = checkGpus(describeMachine(captured), true).filter(({ name }) => name === 'detection');
    expect(told.map((check) => check.status)).toEqual([status]);
  });

  test('in slices and on boards are counted as they are used', () => {
    expect(checkGpus(describeMachine(constructedMachine([slicedA30])), true)[0]?.found).toBe(
      '1 × NVIDIA A30; 4 usable (slices count as GPUs)',
    );
    const board = describeMachine(constructedBoard('Jetson-AGX', 'tegra194', 32_692_952));
    expect(checkGpus(board, true)[0]).toMatchObject({ status: 'ok' });
    expect(checkGpus(board, true)[0]?.found).toContain('Xavier (Jetson-AGX)');
  });
});

describe('the model', () => {
  const { inputs } = healthy;
  const absent = {
    ...inputs,
    modelName: 'data/models/mlperf-pytorch',
    model: [],
    modelLacks: ['the folder'],
  };

  test('that is not there is missing once, with the ways to one', () => {
    const checks = examine(cpuOnly, { ...healthy, inputs: absent }, onCpu);
    const [line, ...more] = checks.filter(({ status }) => status === 'missing');
    expect(more).toEqual([]);
    expect(line).toMatchObject({ name: 'data/models/mlperf-pytorch', found: 'not there' });
    for (const way of ['loadrig fetch mlperf-pytorch', '--model=DIR', 'synthetic-bert-large', 'minilm-qa'])
      expect(line?.advice).toContain(way);
  });

  test('that is not whole is missing with what it lacks', () => {
    const half = { ...inputs, modelLacks: ['vocab.txt', 'config.json (or bert_config.json)'] };
    expect(complaints(cpuOnly, { ...healthy, inputs: half }, onCpu)).toEqual([
      'missing data/models/minilm-qa: no whole model; missing: vocab.txt; config.json (or bert_config.json)',
    ]);
  });

  test('that was fetched is compared with its manifest', () => {
    const fetched = (sha256: string) => {
      const file = { path: 'mine/model.safetensors', expected: 'a'.repeat(64), sha256, bytes: 2_000_000 };
      return examine(cpuOnly, { ...healthy, inputs: { ...inputs, model: [file] } }, onCpu).find(
        ({ name }) => name === file.path,
      );
    };
    expect(fetched('a'.repeat(64))?.found).toBe(`2.0 MB, sha256 ${'a'.repeat(12)}… as fetched`);
    expect(fetched('b'.repeat(64))).toMatchObject({ status: 'missing' });
    expect(fetched('b'.repeat(64))?.advice).toContain('Fetch it again');
  });
});

test('settings that do not resolve are a line of the report, not its end', () => {
  const checks = examine(cpuOnly, healthy, { unresolved: 'two systems match', engine: 'tensorrt' });
  expect(checks.find(({ name }) => name === 'settings')).toMatchObject({
    status: 'missing',
    found: 'two systems match',
  });
  expect(checks.some(({ name, status }) => name === 'GPUs' && status === 'missing')).toBe(true);
});

test('more sessions and larger batches are estimated to take more memory', () => {
  const needs = [
    [],
    ['--batch_size=64'],
    ['--batch_size=64', '--instances=8', '--threads_per_instance=1'],
  ].map((argv) => {
    const wanted = { configs: configsOf(['--scenarios=Offline', ...argv]), notes: [] };
    const line = examine(cpuOnly, healthy, wanted).find(({ name }) => name === 'host memory');
    return Number(/about ([\d.]+) GiB/.exec(line?.found ?? '')?.[1]);
  });
  expect(needs[0]).toBeGreaterThan(0);
  expect(needs[1]).toBeGreaterThan(needs[0]!);
  expect(needs[2]).toBeGreaterThanOrEqual(needs[1]!);
});

test('free memory is what the kernel and the container both allow', () => {
  expect(freeHostBytes(healthy)).toBe(62_914_560 * 1024);
  expect(freeHostBytes({ ...healthy, cgroupMemoryMax: '5000000\n' })).toBe(4_000_000);
  expect(freeHostBytes(unreadable)).toBeNull();
});

describe('the hashes of what ships', () => {
  test.each(Object.entries(knownInputs))('%s', (path, sha256) => {
    const content = readFileSync(join(packageRoot, path));
    expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
  });

  test('belong to files in their folder, wherever the package lies', () => {
    expect(knownSha256('/opt/loadrig/data/squad/xquad.en.json')).toBe(
      knownInputs['data/squad/xquad.en.json'],
    );
    expect(knownSha256('mine/xquad.en.json')).toBeUndefined();
  });
});

test('the JSON of the report says whether it is ready, and why', () => {
  const checks = examine(cpuOnly, { ...healthy, node: 'v18.0.0' }, onCpu);
  const object = reportObject(checks, cpuOnly);
  expect(object).toMatchObject({ doctor_format: 1, ready: false });
  expect(JSON.parse(JSON.stringify(object))).toEqual(object);
});
