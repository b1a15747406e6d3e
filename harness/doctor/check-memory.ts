// Whether the chosen batch × sessions × graphs fit in memory. Needs are estimates and say so.

import type { BenchmarkConfig } from '../../configs/benchmark-config.js';
import { modelShape, shapeName } from '../../configs/model-shape.js';
import type { Machine } from '../../systems/machine.js';
import { checksOf, gib } from './check.js';
import type { Check } from './check.js';
import type { HostFacts } from './host-facts.js';
import { estimatedGpuBytes, estimatedHostBytes } from './memory-estimate.js';

/** Host memory for what runs on the CPU, GPU memory for what runs there; the neediest configuration of each. */
export function checkMemory(
  facts: HostFacts,
  machine: Machine,
  configs: readonly BenchmarkConfig[],
): readonly Check[] {
  const onGpu = configs.filter(({ settings }) => settings.engine === 'tensorrt');
  const onCpu = configs.filter(({ settings }) => settings.engine !== 'tensorrt');
  const shape = modelShape(facts.inputs.modelConfig);
  return [
    ...neediest(onCpu, (config) => estimatedHostBytes(config, shape)).map((need) =>
      fits('host memory', need, freeHostBytes(facts), 'a smaller --batch_size or fewer --instances'),
    ),
    ...(onCpu.length > 0 ? [] : [hostLine(facts)]),
    ...neediest(onGpu, (config) => estimatedGpuBytes(config, shape)).map((need) =>
      fits(
        `GPU memory (for ${shapeName(shape)})`,
        need,
        freeGpuBytes(machine),
        'a smaller --gpu_batch_size, fewer --gpu_inference_streams or --no-use_graphs',
      ),
    ),
  ];
}

interface Need {
  readonly bytes: number;
  readonly config: BenchmarkConfig;
}

function neediest(
  configs: readonly BenchmarkConfig[],
  bytesOf: (config: BenchmarkConfig) => number,
): readonly Need[] {
  const needs = configs.map((config) => ({ config, bytes: bytesOf(config) }));
  return needs.toSorted((a, b) => b.bytes - a.bytes).slice(0, 1);
}

function fits(name: string, { bytes, config }: Need, freeBytes: number | null, remedy: string): Check {
  const { ok, warning, missing } = checksOf('memory');
  const { engine, batch_size, instances, gpu_inference_streams, use_graphs } = config.settings;
  const sides =
    engine === 'tensorrt'
      ? `${gpu_inference_streams} streams${use_graphs ? ' with graphs' : ''}`
      : `${instances} sessions`;
  const need = `about ${gib(bytes)} needed (estimated; ${config.scenario}, ${config.config_ver}: batch ${batch_size} × ${sides})`;
  if (freeBytes === null)
    return warning(name, `${need}; free memory is not shown`, `If it does not fit: ${remedy}.`);
  const found = `${need}, ${gib(freeBytes)} free`;
  if (bytes > freeBytes) return missing(name, found, `Free some, or use ${remedy}.`);
  return bytes > 0.8 * freeBytes
    ? warning(name, found, `That is close; if it does not fit: ${remedy}.`)
    : ok(name, found);
}

function hostLine(facts: HostFacts): Check {
  const { ok } = checksOf('memory');
  const free = freeHostBytes(facts);
  return ok('host memory', free === null ? 'not shown' : `${gib(free)} free`);
}

/** What the kernel can give and what the container may still take, whichever is less; null where neither is shown. */
export function freeHostBytes({ meminfo, cgroupMemoryMax, cgroupMemoryCurrent }: HostFacts): number | null {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1];
  const most = Number(cgroupMemoryMax.trim() || Number.NaN);
  const bounds = [
    ...(available === undefined ? [] : [Number(available) * 1024]),
    ...(Number.isNaN(most) ? [] : [most - (Number(cgroupMemoryCurrent.trim()) || 0)]),
  ];
  return bounds.length === 0 ? null : Math.max(0, Math.min(...bounds));
}

/** Of the fullest GPU; boards share the host's memory. */
function freeGpuBytes({ gpus, system }: Machine): number | null {
  const free = gpus.flatMap(({ memory_free_bytes, mig_mode }) =>
    memory_free_bytes === null || mig_mode ? [] : [memory_free_bytes],
  );
  if (free.length > 0) return Math.min(...free);
  const sizes = (system.accelerators ?? []).map(({ memory_bytes }) => memory_bytes);
  return sizes.length === 0 ? null : Math.min(...sizes);
}
