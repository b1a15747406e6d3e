// --provider: what follows from it, and what it is refused with.

import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../configs/errors.js';
import { loadBenchmarkConfigs } from '../../configs/load.js';
import { resolveConfigs } from '../../configs/resolve.js';
import { engineRequest } from '../../harness/engine-request.js';
import { systemOf } from '../../harness/choose-system.js';
import { openCatalogue } from '../../harness/gpu-systems.js';
import { cpuMachine } from '../fakes/machines.js';
import { flagsOf } from './flags-of.js';

const benchmarkConfigs = loadBenchmarkConfigs('.', 'bert', ['Offline', 'Server', 'SingleStream']);
const { gpus } = systemOf(openCatalogue('.'), 'H100-SXM-80GBx8', cpuMachine).forConfigs;
/** As detection finds them: nobody has asked for a machine. */
const withGpus = { system_id: 'Test_1x_CPU', available_cores: 16, ...(gpus && { gpus }) };
const withoutGpus = { system_id: 'Test_1x_CPU', available_cores: 16 };

const resolve = (system: typeof withGpus, ...argv: readonly string[]) =>
  resolveConfigs({ flags: flagsOf('--no-probe', ...argv), benchmarkConfigs, system });

function problems(system: typeof withGpus, ...argv: readonly string[]): string {
  try {
    resolve(system, '--scenarios=Offline', '--offline_expected_qps=1', ...argv);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

const calls = { enginesDir: 'engines', mayBuildEngines: true, say: () => undefined, quiet: false };

describe('ONNX Runtime on GPUs', () => {
  test('runs one session on each, under the name of their system', () => {
    const [config] = resolve(
      withGpus,
      '--scenarios=Offline',
      '--offline_expected_qps=1',
      '--provider=cuda',
      '--precision=fp16',
    );
    expect(config?.system_id).toBe('H100-SXM-80GBx8');
    expect(config?.settings).toMatchObject({ provider: 'cuda', instances: 8, threads_per_instance: 1 });
    expect(engineRequest(config!, calls).provider).toEqual({ name: 'cuda', devices: 8 });
  });

  test('answers single streams from one session', () => {
    const [config] = resolve(
      withGpus,
      '--scenarios=SingleStream',
      '--single_stream_expected_latency_ns=1000000',
      '--provider=cuda',
      '--precision=fp16',
    );
    expect(config?.settings.instances).toBe(1);
  });

  test('on the CPU of the same machine stays under the name of the CPU', () => {
    const [config] = resolve(withGpus, '--scenarios=Offline', '--offline_expected_qps=1');
    expect(config).toMatchObject({ system_id: 'Test_1x_CPU', settings: { provider: 'cpu', instances: 16 } });
    expect(engineRequest(config!, calls).provider).toBeUndefined();
  });
});

describe('a provider is refused', () => {
  test.each([
    [withoutGpus, ['--provider=cuda', '--precision=fp16'], /provider cuda needs an NVIDIA GPU/],
    [withGpus, ['--provider=cuda'], 'precision int8 cannot run on provider cuda; use fp32, fp16'],
    [
      withGpus,
      ['--provider=webgpu', '--precision=fp16', '--instances=2'],
      /webgpu takes one session .* got --instances=2/,
    ],
    [withGpus, ['--provider=cuda', '--engine=tensorrt'], '--provider belongs to engine onnxruntime'],
  ] as const)('%#: %j', (system, argv, said) => {
    expect(problems(system, ...argv)).toMatch(said);
  });

  test('only for a reason: webgpu needs no GPU of NVIDIA', () => {
    expect(problems(withoutGpus, '--provider=webgpu', '--precision=fp16')).toBe('');
  });
});
