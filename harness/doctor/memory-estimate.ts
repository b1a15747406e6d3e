// How much memory a run takes: estimates, labelled so, from the model's shape and batch × sessions × lengths.

import type { BenchmarkConfig } from '../../configs/benchmark-config.js';
import { estimatedBytes } from '../../configs/feasible.js';
import { parameterCount } from '../../configs/model-shape.js';
import type { ModelShape } from '../../configs/model-shape.js';
import type { SettingKey } from '../../configs/schema.js';

/** Node, the runtime's library, the data set and LoadGen's records. */
const PROGRAM_BYTES = 300 * 2 ** 20;
/** Threads, arenas and kernels of one session. */
const SESSION_BYTES = 32 * 2 ** 20;

/** Bytes of host memory that a run on the CPU takes; weights are mapped once for all sessions. */
export function estimatedHostBytes({ settings }: BenchmarkConfig, shape: ModelShape): number {
  const { hidden, intermediate, heads } = shape;
  const { precision, instances, batch_size, max_seq_length } = settings;
  const weightBytes = parameterCount(shape) * (precision === 'fp32' ? 4 : precision === 'int8' ? 1 : 2);
  // Queries, keys, values, context and two residuals; the feed-forward block before and after GELU; attention scores twice.
  const perToken = 6 * hidden + 2 * intermediate + 2 * heads * max_seq_length;
  const buffers = batch_size * max_seq_length * perToken * 4;
  return PROGRAM_BYTES + weightBytes + instances * (SESSION_BYTES + buffers);
}

/** What the captured graphs of one stream take: kernel nodes and their parameters. */
const GRAPHS_BYTES_PER_STREAM = 256 * 2 ** 20;

/** Bytes on one GPU: weights, buffers of each stream, graphs. */
export function estimatedGpuBytes({ settings }: BenchmarkConfig, shape: ModelShape): number {
  const values = new Map(
    Object.entries(settings).map(([key, value]) => [key as SettingKey, { value }] as const),
  );
  const graphs = settings.use_graphs ? settings.gpu_inference_streams * GRAPHS_BYTES_PER_STREAM : 0;
  return estimatedBytes(values, settings.batch_size, shape) + graphs;
}
