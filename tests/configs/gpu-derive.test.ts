// What follows from a machine's GPUs, the regularities that derived values keep to, and contradictions among GPU settings.

import { describe, expect, test } from 'vitest';
import type { BenchmarkConfig } from '../../configs/benchmark-config.js';
import { ConfigError } from '../../configs/errors.js';
import { gpuSettingsSchema, numbersOf } from '../../configs/gpu-settings.js';
import { loadBenchmarkConfigs } from '../../configs/load.js';
import { resolveConfigs } from '../../configs/resolve.js';
import { engineRequest } from '../../harness/engine-request.js';
import { systemOf } from '../../harness/choose-system.js';
import { openCatalogue } from '../../harness/gpu-systems.js';
import { gpuModels } from '../../systems/match.js';
import { cpuMachine } from '../fakes/machines.js';
import { flagsOf } from './flags-of.js';

const catalogue = openCatalogue('.');
const benchmarkConfigs = loadBenchmarkConfigs('.', 'bert', ['Offline', 'Server', 'SingleStream']);

const resolve = (system_id: string, ...argv: readonly string[]): readonly BenchmarkConfig[] => {
  const { forConfigs } = systemOf(catalogue, system_id, cpuMachine);
  return resolveConfigs({ flags: flagsOf(...argv), benchmarkConfigs, system: forConfigs });
};

function problemsOf(system_id: string, ...argv: readonly string[]): readonly string[] {
  try {
    resolve(system_id, ...argv);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe.each(gpuModels(catalogue.gpus).map(({ name }) => name))('3 × %s, which nobody submitted', (name) => {
  const offline = () => resolve(`${name}x3`, '--scenarios=Offline', '--config_ver=all,maxq');

  test('keeps to the ratios of those that were', () => {
    const [fast, accurate, capped] = offline().map(({ loadgen }) => loadgen.offline_expected_qps ?? NaN);
    // fp16 has half the rate of int8, fp8 up to 0.95 of it; where there is no int8, both targets are one.
    expect((accurate ?? NaN) / (fast ?? NaN)).toBeGreaterThan(0.36);
    expect((accurate ?? NaN) / (fast ?? NaN)).toBeLessThanOrEqual(1);
    expect((capped ?? NaN) / (fast ?? NaN)).toBeLessThanOrEqual(1);
    for (const [config_ver, ofOffline] of [
      ['default', fast],
      ['high_accuracy', accurate],
    ] as const) {
      const [config] = resolve(`${name}x3`, '--scenarios=Server', `--config_ver=${config_ver}`);
      const { server_target_qps } = config?.loadgen ?? {};
      if (server_target_qps === undefined) continue; // boards have no Server: it is measured
      expect(server_target_qps / (ofOffline ?? NaN)).toBeGreaterThan(0.6);
      expect(server_target_qps / (ofOffline ?? NaN)).toBeLessThan(1.12);
    }
  });

  test('shares its streams evenly among the issue threads', () => {
    const configs = resolve(`${name}x3`, '--scenarios=Server', '--config_ver=all');
    for (const { settings, loadgen } of configs) {
      expect(settings.instances).toBe(3 * settings.gpu_inference_streams);
      const threads = loadgen.server_num_issue_query_threads;
      expect(threads === 0 || settings.instances % threads === 0).toBe(true);
    }
  });
});

describe('another model than BERT-Large', () => {
  const small = { hidden: 384, intermediate: 1536, heads: 12, layers: 6, vocabulary: 30_522 };
  const resolveSmall = (...argv: readonly string[]) => {
    const { forConfigs } = systemOf(catalogue, 'H200-SXM-141GBx8', cpuMachine);
    const [config] = resolveConfigs({
      flags: flagsOf('--scenarios=Offline', ...argv),
      benchmarkConfigs,
      system: forConfigs,
      shapeOf: () => small,
    });
    if (config === undefined) throw new Error('nothing resolved');
    return config;
  };

  test('has guessed targets, which a run measures first', () => {
    const { provenance, needs_probe } = resolveSmall();
    expect(provenance['offline_expected_qps']).toMatchObject({ value: 75_200, label: 'guessed' });
    expect(provenance['offline_expected_qps']?.note).toMatch(
      /^for BERT-Large, and this is a model of 6 layers of 384; v4\.1, submitted/,
    );
    expect(provenance['gpu_inference_streams']).toMatchObject({ label: 'published' });
    expect(needs_probe).toEqual(['offline_expected_qps']);
  });

  test('keeps a target that a flag gives', () => {
    const { needs_probe, loadgen } = resolveSmall('--offline_expected_qps=400000');
    expect([needs_probe, loadgen.offline_expected_qps]).toEqual([[], 400_000]);
  });

  test('may have larger batches where it is smaller', () => {
    expect(problemsOf('H200-SXM-141GBx8', '--scenarios=Offline', '--batch_size=49152')).toHaveLength(1);
    expect(resolveSmall('--batch_size=49152').settings.batch_size).toBe(49_152);
  });
});

describe('what follows from other settings', () => {
  test('a shorter longest sample shortens what is tuned for and captured', () => {
    const [config] = resolve('T4x8', '--scenarios=Server', '--max_seq_length=128', '--doc_stride=32');
    expect(config?.settings).toMatchObject({ bert_opt_seqlen: 128, graphs_max_seqlen: 128 });
    expect(config?.provenance['bert_opt_seqlen']).toEqual({
      value: 128,
      origin: 'detected',
      label: 'derived',
      note: 'max_seq_length',
    });
  });

  test('an engine gets every GPU setting, the number of GPUs and the longest length', () => {
    const [config] = resolve('T4x8', '--scenarios=Server', '--length_buckets=128,256,384');
    if (config === undefined) throw new Error('nothing resolved');
    const call = { enginesDir: 'build/engines', mayBuildEngines: true, say: () => undefined, quiet: false };
    const { gpu, batch_size, precision } = engineRequest(config, call);
    expect({ batch_size, precision }).toEqual({ batch_size: 16, precision: 'int8' });
    expect(gpu).toMatchObject({
      accelerators_per_node: 8,
      max_seq_length: 384,
      gpu_inference_streams: 2,
      gpu_copy_streams: 1,
      use_graphs: true,
      graphs_max_seqlen: 260,
      soft_drop: 0.992,
      length_buckets: '128,256,384',
    });
    expect(Object.keys(gpu ?? {})).toEqual(expect.arrayContaining(Object.keys(gpuSettingsSchema.shape)));
  });

  test('an engine on the CPU gets none', () => {
    const flags = flagsOf('--scenarios=Offline');
    const system = { system_id: 'Cpu', available_cores: 2 };
    const [config] = resolveConfigs({ flags, benchmarkConfigs, system });
    if (config === undefined) throw new Error('nothing resolved');
    const call = { enginesDir: 'build/engines', mayBuildEngines: true, say: () => undefined, quiet: false };
    expect(engineRequest(config, call).gpu).toBeUndefined();
  });
});

test.each([
  [
    ['--enable_interleaved', '--use_small_tile_gemm_plugin'],
    'enable_interleaved and use_small_tile_gemm_plugin exclude each other; switch one of them off',
  ],
  [
    ['--server_num_issue_query_threads=5'],
    'server_num_issue_query_threads must divide the 16 streams of all GPUs, got 5; use 4, or 0',
  ],
  [['--bert_opt_seqlen=512'], 'bert_opt_seqlen must be at most max_seq_length (384), got 512'],
  [['--graphs_max_seqlen=385'], 'graphs_max_seqlen must be at most max_seq_length (384), got 385'],
  [
    ['--length_buckets=64,128'],
    'length_buckets must end with max_seq_length (384), or some samples had no place; got 64,128',
  ],
  [['--preferred_batch_size=8,32'], 'preferred_batch_size must be at most batch_size (16), got 32'],
])('%o is refused with what to use', (argv, message) => {
  expect(problemsOf('T4x8', '--scenarios=Server', ...argv)).toEqual([`Server: ${message}`]);
});

test.each([
  ['--length_buckets=128,64', 'must rise from number to number'],
  ['--length_buckets=64,,128', 'must be whole numbers with commas between'],
  ['--graph_specs=(128, 4, 256)', 'must be brackets of four whole numbers'],
  ['--numa_config=0-3', 'must be GPUs:cores of each node'],
  ['--builder_optimization_level=6', '5'],
])('%s is refused', (flag, message) => {
  expect(() => flagsOf(flag)).toThrow(message);
});

test.each([
  ['', []],
  ['384', [384]],
  ['64,128,384', [64, 128, 384]],
])('the numbers of "%s" are %o', (text, numbers) => {
  expect(numbersOf(text)).toEqual(numbers);
});

test('copies left out of the measured time make a run unfit for a submission', () => {
  const reasons = (...argv: readonly string[]): string =>
    resolve('H100-SXM-80GBx1', '--scenarios=Offline', ...argv)
      .flatMap((config) => config.not_submittable_because)
      .join('\n');
  expect(reasons('--start_from_device')).toContain('start_from_device leaves the copies');
  expect(reasons()).not.toContain('start_from_device');
});
