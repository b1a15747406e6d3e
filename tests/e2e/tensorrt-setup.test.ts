// What a person meets on a GPU machine that is not as engine tensorrt needs it, and around the engines that are built and kept.
// The program is the real one; driver, NVML and TensorRT are fakes (tests/fakes/native).

import { randomBytes } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256OfFiles } from '../../engines/bert/weights/byte-file.js';
import { loadrig, repository, startLoadrig, temporaryFolder, type Environment } from '../built.js';
import { gpuMachine } from '../fakes/native/gpu-machine.js';
import { makeParts, missingTools, parts } from '../fakes/native/native-parts.js';
import { tinyTensors, writeTinyBert } from '../fakes/tiny-bert.js';
import { capturedMachine } from '../systems/captured-machines.js';
import { constructedMachine, gpus } from '../systems/constructed-machines.js';
import { until } from './run-files.js';

const why = await missingTools();
const H100 = 'NVIDIA H100 80GB HBM3|9.0|80';

/** A model that nobody has built an engine of. */
const newModel = (): string => writeTinyBert(tinyTensors(randomBytes(8).readBigUInt64LE()));

const built: string[] = [];
/** Where the engine is kept, from what was said while it was built. */
function engineFolder(said: string): string {
  const folder = /kept in (build\/engines\/\S+)/.exec(said)?.[1];
  if (folder === undefined) throw new Error(`no engine was built: ${said}`);
  built.push(folder);
  return join(repository, folder);
}

// Side by side: each has a model of its own.
describe
  .skipIf(why !== undefined)
  .concurrent(`a machine with a GPU${why === undefined ? '' : ` (not tested: ${why})`}`, () => {
    let onH100: Environment;
    beforeAll(async () => {
      await makeParts();
      onH100 = gpuMachine({ nvidiaSmi: capturedMachine('h100').nvidiaSmi, device: H100 });
    }, 300_000);
    afterAll(() => {
      for (const folder of built) rmSync(join(repository, folder), { recursive: true, force: true });
    });

    const offline = [
      '--engine=tensorrt',
      '--scenarios=Offline',
      '--offline_expected_qps=100',
      '--gpu_batch_size=4',
      '--precision=fp16',
      '--data=tests/fixtures/squad/small.json',
      '--max_seq_length=64',
      '--max_query_length=20',
      '--doc_stride=20',
    ];
    const generate = (
      model: string,
      environment: Environment = {},
      more: readonly string[] = [],
    ): ReturnType<typeof loadrig> =>
      loadrig(['--action=generate_engines', `--model=${model}`, ...offline, ...more], {
        ...onH100,
        ...environment,
      });

    const harness = (model: string, environment: Environment = {}): ReturnType<typeof loadrig> =>
      loadrig(['--action=run_harness', `--model=${model}`, ...offline, `--log_dir=${temporaryFolder()}`], {
        ...onH100,
        ...environment,
      });

    describe('that lacks something says what to install or to name, before anything is written: exit code 3', () => {
      it.each([
        [
          'no driver',
          { LD_LIBRARY_PATH: '' },
          /CUDA driver was not found.*Install the NVIDIA driver.*--engine=onnxruntime/,
        ],
        [
          'a driver without GPUs',
          { FAKE_CUDA_DEVICES: 'none' },
          /CUDA_ERROR_NO_DEVICE.*nvidia-smi must list the GPU/,
        ],
        ['a driver that does not start', { FAKE_CUDA_INIT: '803' }, /SYSTEM_DRIVER_MISMATCH.*loadrig doctor/],
        [
          'no library',
          { TENSORRT_LIB: '/nowhere' },
          /not found in \/nowhere.*libnvinfer\.so\.10.*--tensorrt_lib=FOLDER/s,
        ],
        [
          'a library without headers at make tensorrt',
          { FAKE_TENSORRT_VERSION: '8601' },
          /is TensorRT 8\.6\.1, and the addon was compiled without the headers of major 8.*TENSORRT_INCLUDE/,
        ],
        [
          'a library of an unknown major',
          { FAKE_TENSORRT_VERSION: '120000' },
          /is TensorRT 12\.0\.0, which is none of the supported 8\.5, 8\.6, 10 and 11/,
        ],
        ['no addon', { TENSORRT_ADDON: '/nowhere/addon.node' }, /native part is not compiled.*make tensorrt/],
        [
          'an addon of another machine',
          { TENSORRT_ADDON: join(parts.driver, 'libcuda.so.1') },
          /cannot be loaded.*make tensorrt/s,
        ],
      ] as const)('%s', async (_what, environment, said) => {
        const logDir = temporaryFolder();
        const { exitCode, stderr, stdout } = await loadrig(
          ['--model=data/models/minilm-qa', ...offline, `--log_dir=${logDir}`],
          { ...onH100, ...environment },
        );
        expect(stderr).toMatch(/^loadrig: setup error\n {2}engine tensorrt\b/);
        expect(stderr).toMatch(said);
        expect([exitCode, stdout, readdirSync(logDir)]).toEqual([3, '', []]);
      });
    });

    it('has no provider of ONNX Runtime for its GPU: names its library, and does not run on the CPU', async () => {
      const flags = offline.filter((flag) => !flag.startsWith('--engine='));
      const { exitCode, stderr, stdout } = await loadrig(
        [
          '--engine=onnxruntime',
          '--provider=cuda',
          '--model=data/models/minilm-qa',
          ...flags,
          `--log_dir=${temporaryFolder()}`,
        ],
        onH100,
      );
      expect(stderr).toContain('Engine tensorrt is not used: engine onnxruntime was asked for.');
      expect(stderr).toMatch(
        /setup error\n.*cuda provider is not installed.*libonnxruntime_providers_cuda\.so/,
      );
      expect([exitCode, stdout]).toEqual([3, '']);
    });

    describe('of an older kind', () => {
      const onV100 = (): Environment =>
        gpuMachine({
          nvidiaSmi: constructedMachine([gpus.v100]).nvidiaSmi,
          device: 'Tesla V100-SXM2-16GB|7.0|16',
        });
      it.each([
        ['int8', 2, /int8 gains nothing on Volta.*use fp16/],
        ['fp16', 3, /TensorRT 10\.16\.0 does not run on Tesla V100.*Use TensorRT 8\.5 to 10\.4/],
      ] as const)('%s asked of a V100: what to take', async (precision, code, said) => {
        const { exitCode, stderr } = await loadrig(
          [
            '--action=generate_engines',
            '--model=data/models/minilm-qa',
            ...offline.filter((flag) => !flag.startsWith('--precision=')),
            `--precision=${precision}`,
          ],
          onV100(),
        );
        expect([exitCode, stderr]).toEqual([code, expect.stringMatching(said)]);
      });
    });

    it('builds with --tensorrt_lib alone: the builder finds its resource there', async () => {
      const { exitCode, stderr } = await generate(newModel(), { TENSORRT_LIB: '' }, [
        `--tensorrt_lib=${parts.libraries('11.4')}`,
      ]);
      expect(stderr).toContain('with TensorRT 11.4.0');
      expect(readdirSync(engineFolder(stderr)).sort()).toEqual(['engine.json', 'engine.plan', 'layers.json']);
      expect(exitCode).toBe(0);
    });

    it('has TensorRT without its builder resource: says so, and what of it to install', async () => {
      const libraries = temporaryFolder();
      for (const name of readdirSync(parts.libraries('10.16'))) {
        if (/^libnv(?!.*builder_resource).*\d$/.test(name)) {
          symlinkSync(join(parts.libraries('10.16'), name), join(libraries, name));
        }
      }
      const { exitCode, stderr } = await generate(newModel(), { TENSORRT_LIB: libraries });
      expect(stderr).toMatch(
        /setup error\n.*libnvinfer_builder_resource\.so\.10\.16\.0 is not beside .*Install the whole of TensorRT/,
      );
      expect(exitCode).toBe(3);
      expect(existsSync(engineFolder(stderr))).toBe(false);
    });

    it.each([
      ['refuses', 'fail', /Could not find any implementation.*--onnx_only/],
      [
        'crashes',
        'crash',
        /ended the process that builds the engine by signal SIGABRT; nothing half built was kept/,
      ],
    ] as const)('has a builder that %s: exit code 4, and nothing is kept', async (_how, outcome, said) => {
      const { exitCode, stderr } = await generate(newModel(), { FAKE_TENSORRT_BUILD: outcome });
      expect(stderr).toMatch(/run error\n/);
      expect(stderr).toMatch(said);
      expect(exitCode).toBe(4);
      const folder = engineFolder(stderr);
      expect([folder, `${folder}.tmp`, `${folder}.lock`].filter((path) => existsSync(path))).toEqual([]);
    });

    describe('whose engines', () => {
      it('were built for another GPU or version, or cut short: are named with what to do, then built again', async () => {
        const model = newModel();
        const folder = engineFolder((await generate(model)).stderr);
        const again = await generate(model);
        expect(again.stderr).toContain('there already, unchanged');

        for (const [environment, said] of [
          [
            { FAKE_TENSORRT_VERSION: '101700' },
            /for NVIDIA H100 80GB HBM3 and TensorRT 10\.17\.0.*make generate_engines/,
          ],
          [
            { FAKE_CUDA_DEVICES: 'NVIDIA A10|8.6|24' },
            /for NVIDIA A10 and TensorRT 10\.16\.0.*make generate_engines/,
          ],
        ] as const) {
          const { exitCode, stderr } = await harness(model, environment);
          expect([exitCode, stderr]).toEqual([3, expect.stringMatching(said)]);
        }

        truncateSync(join(folder, 'engine.plan'), 100);
        const cut = await harness(model);
        expect(cut.stderr).toMatch(
          /engine\.plan has changed since it was built \(cut short, or written over\).*make generate_engines/,
        );
        expect(cut.exitCode).toBe(3);
        const mended = await generate(model);
        expect(mended.stderr).toContain('again, since engine.plan has changed');
        expect(mended.exitCode).toBe(0);
      });

      it('were copied from a machine with another TensorRT: refused by its own words, with what to do', async () => {
        const model = newModel();
        const folder = engineFolder((await generate(model)).stderr);
        const plan = join(folder, 'engine.plan');
        const sidecar = join(folder, 'engine.json');
        writeFileSync(plan, readFileSync(plan, 'utf8').replace(/\b101600\b/, '101700'));
        const sha256 = `"engine.plan": "${sha256OfFiles([plan])}"`;
        writeFileSync(sidecar, readFileSync(sidecar, 'utf8').replace(/"engine\.plan": "[0-9a-f]+"/, sha256));
        const { exitCode, stderr } = await harness(model);
        expect(stderr).toMatch(
          /setup error\n.*expecting library version 10\.16\.0 got 10\.17\.0.*make generate_engines/s,
        );
        expect(exitCode).toBe(3);
      });

      it('are asked for by two processes at once: one builds, the other waits and finds it', async () => {
        const model = newModel();
        const log = join(temporaryFolder(), 'log');
        const environment = { FAKE_TENSORRT_LOG: log, FAKE_TENSORRT_BUILD_MS: '1500' };
        const both = await Promise.all([generate(model, environment), generate(model, environment)]);
        const said = both.map(({ stderr }) => stderr).join('\n');
        engineFolder(said);
        expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
        expect(said.match(/waiting for another build/g)).toHaveLength(1);
        expect(readFileSync(log, 'utf8').match(/^build /gm)).toHaveLength(1);
      });

      it('are being built when the program is killed: TensorRT goes with it, and the next call builds anew', async () => {
        const model = newModel();
        const log = join(temporaryFolder(), 'log');
        const running = startLoadrig(['--action=generate_engines', `--model=${model}`, ...offline], {
          ...onH100,
          FAKE_TENSORRT_LOG: log,
          FAKE_TENSORRT_BUILD_MS: '100000',
        });
        await until(() => readFileSync(log, 'utf8').includes('build 0'));
        const builders = childrenOf(running.pid ?? 0);
        expect(builders).toHaveLength(1);
        running.kill('SIGKILL');
        const { stderr } = await running;
        await until(() => builders.every((pid) => !isRunning(pid)));
        const folder = engineFolder(stderr);
        expect([existsSync(folder), existsSync(`${folder}.tmp`)]).toEqual([false, true]);
        const { exitCode } = await generate(model);
        expect(exitCode).toBe(0);
        expect(readdirSync(folder).sort()).toEqual(['engine.json', 'engine.plan', 'layers.json']);
        expect([`${folder}.tmp`, `${folder}.lock`].filter((path) => existsSync(path))).toEqual([]);
      });
    });
  });

describe('make tensorrt', () => {
  /** A compiler that compiles nothing, for what is said around it. */
  const compiler = join(temporaryFolder(), 'g++');
  writeFileSync(compiler, '#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" = -o ] && : >"$2"; shift; done\n', {
    mode: 0o755,
  });
  const make = (environment: Environment): Promise<{ exitCode?: number | undefined; all: string }> =>
    execa('engines/tensorrt/build-native.sh', [temporaryFolder()], {
      cwd: repository,
      reject: false,
      all: true,
      env: { CXX: compiler, ...environment },
    });

  it('without headers builds an addon without a backend, and says what to install', async () => {
    const { exitCode, all } = await make({ TENSORRT_INCLUDE: '/nowhere' });
    expect(all).toMatch(
      /No TensorRT headers were found in: \/nowhere.*\n.*apt install libnvinfer-headers-dev/s,
    );
    expect(exitCode).toBe(0);
  });

  it('without a compiler says what to install: exit code 3', async () => {
    const { exitCode, all } = await make({ CXX: '/nowhere/g++' });
    expect(all).toMatch(/make tensorrt: \/nowhere\/g\+\+ was not found\. Install a C\+\+17 compiler/);
    expect(exitCode).toBe(3);
  });
});

/** Processes started by a process. */
function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/** Whether a process runs; one that is over and not yet waited for does not. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
