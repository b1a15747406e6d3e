// How much memory a run takes: estimates, labelled so, from the model's shape and batch × sessions × lengths.

import type { BenchmarkConfig } from '../../configs/benchmark-config.js';
import { estimatedBytes } from '../../configs/feasible.js';
import type { SettingKey } from '../../configs/schema.js';

interface ModelShape {
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly layers: number;
  readonly vocabulary: number;
}

/** BERT-Large, for a model whose config.json cannot be read: the larger guess is the safer one. */
const bertLarge: ModelShape = {
  hidden: 1024,
  intermediate: 4096,
  heads: 16,
  layers: 24,
  vocabulary: 30_522,
};

/** The shape of a model from the text of its config.json. */
export function modelShape(text: string): ModelShape {
  let config: Readonly<Record<string, unknown>>;
  try {
    config = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return bertLarge;
  }
  const number = (key: string, fallback: number) => {
    const value = config[key];
    return typeof value === 'number' && value > 0 ? value : fallback;
  };
  return {
    hidden: number('hidden_size', bertLarge.hidden),
    intermediate: number('intermediate_size', bertLarge.intermediate),
    heads: number('num_attention_heads', bertLarge.heads),
    layers: number('num_hidden_layers', bertLarge.layers),
    vocabulary: number('vocab_size', bertLarge.vocabulary),
  };
}

/** Node, the runtime's library, the data set and LoadGen's records. */
const PROGRAM_BYTES = 300 * 2 ** 20;
/** Threads, arenas and kernels of one session. */
const SESSION_BYTES = 32 * 2 ** 20;

/** Bytes of host memory that a run on the CPU takes; weights are mapped once for all sessions. */
export function estimatedHostBytes({ settings }: BenchmarkConfig, shape: ModelShape): number {
  const { hidden, intermediate, heads, layers, vocabulary } = shape;
  const { precision, instances, batch_size, max_seq_length } = settings;
  const parameters = layers * (4 * hidden ** 2 + 2 * hidden * intermediate) + vocabulary * hidden;
  const weightBytes = parameters * (precision === 'fp32' ? 4 : precision === 'int8' ? 1 : 2);
  // Queries, keys, values, context and two residuals; the feed-forward block before and after GELU; attention scores twice.
  const perToken = 6 * hidden + 2 * intermediate + 2 * heads * max_seq_length;
  const buffers = batch_size * max_seq_length * perToken * 4;
  return PROGRAM_BYTES + weightBytes + instances * (SESSION_BYTES + buffers);
}

/** What the captured graphs of one stream take: kernel nodes and their parameters. */
const GRAPHS_BYTES_PER_STREAM = 256 * 2 ** 20;

/** Bytes on one GPU, for BERT-Large: weights, buffers of each stream, graphs. */
export function estimatedGpuBytes({ settings }: BenchmarkConfig): number {
  const values = new Map(
    Object.entries(settings).map(([key, value]) => [key as SettingKey, { value }] as const),
  );
  const graphs = settings.use_graphs ? settings.gpu_inference_streams * GRAPHS_BYTES_PER_STREAM : 0;
  return estimatedBytes(values, settings.batch_size) + graphs;
}
