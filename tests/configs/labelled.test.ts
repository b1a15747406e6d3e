// The labelled values of a run, for the screen and metadata.json.

import { expect, test } from 'vitest';
import { labelledLines, labelledValues } from '../../configs/labelled.js';
import { loadBenchmarkConfigs } from '../../configs/load.js';
import { withMeasuredTargets } from '../../configs/measured.js';
import { resolveConfigs } from '../../configs/resolve.js';
import type { BenchmarkConfig } from '../../configs/benchmark-config.js';
import { chooseSystem } from '../../harness/choose-system.js';
import { cpuMachine } from '../fakes/machines.js';
import { flagsOf } from './flags-of.js';

function resolve(...argv: readonly string[]): BenchmarkConfig {
  const flags = flagsOf('--scenarios=Offline', ...argv);
  const { forConfigs } = chooseSystem('.', flags.selection, cpuMachine, true);
  const benchmarkConfigs = loadBenchmarkConfigs('.', 'bert', ['Offline']);
  const [config] = resolveConfigs({ flags, benchmarkConfigs, system: forConfigs });
  if (config === undefined) throw new Error('nothing resolved');
  return config;
}

test('values that rest on something are told by label', () => {
  const config = withMeasuredTargets(resolve('--quick'), { samplesPerSecond: 104.3, singleLatencyNs: 1e7 });
  expect(labelledLines(config)).toMatchInlineSnapshot(`
    [
      "Offline, config_ver default: engine onnxruntime, precision int8, batch_size 1",
      "  published: performance_sample_count_override 10833",
      "  measured: offline_expected_qps 104.3",
      "  derived: instances 8, threads_per_instance 1",
    ]
  `);
});

test('metadata.json holds each with its label and note', () => {
  expect(labelledValues(resolve('--system=T4x20'))).toMatchObject({
    offline_expected_qps: { value: 8800, label: 'published', note: 'v0.7, submitted 8898.69 samples/s' },
    workspace_size: { label: 'derived' },
    batch_size: { value: 256, label: 'published' },
  });
});

test('a guessed target is measured before a run, where probing is allowed', () => {
  const argv = ['--system_file=tests/fixtures/systems/unlisted-gpu.json'];
  const guessed = resolve(...argv);
  expect(labelledValues(guessed)['offline_expected_qps']).toMatchObject({ label: 'guessed' });
  expect(guessed.needs_probe).toEqual(['offline_expected_qps']);
  const measured = withMeasuredTargets(guessed, { samplesPerSecond: 2000, singleLatencyNs: 1e6 });
  expect(labelledValues(measured)['offline_expected_qps']).toEqual({ value: 2000, label: 'measured' });
  expect(resolve(...argv, '--no-probe').needs_probe).toEqual([]);
});
