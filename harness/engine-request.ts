// What a configuration asks of its engine.

import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import { gpuSettingsSchema } from '../configs/gpu-settings.js';
import type { EngineRequest, GpuRequest } from '../engines/contract.js';
import { createBuildBar } from './build-bar.js';
import type { Call } from './call.js';
import { inputPath } from './places.js';

/** The engine request of a resolved configuration. */
export function engineRequest(
  config: BenchmarkConfig,
  call: Pick<Call, 'enginesDir' | 'mayBuildEngines' | 'say' | 'quiet'>,
): EngineRequest {
  const { engine, provider, precision, batch_size, instances, threads_per_instance, model } = config.settings;
  return {
    engine,
    precision,
    batch_size,
    instances,
    threads_per_instance,
    scenario: config.scenario,
    modelDir: inputPath(model),
    enginesDir: call.enginesDir,
    mayBuild: call.mayBuildEngines,
    report: call.say,
    onProgress: createBuildBar(process.stderr, call.quiet),
    ...(engine === 'onnxruntime' && provider !== 'cpu'
      ? { provider: { name: provider, devices: config.accelerators_per_node ?? 1 } }
      : {}),
    ...(engine === 'tensorrt' ? { gpu: gpuRequest(config) } : {}),
  };
}

function gpuRequest({ settings, accelerators_per_node = 1 }: BenchmarkConfig): GpuRequest {
  const { max_seq_length } = settings;
  return { ...gpuSettingsSchema.strip().parse(settings), accelerators_per_node, max_seq_length };
}
