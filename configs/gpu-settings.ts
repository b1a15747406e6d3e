// Settings of engine tensorrt: what a GPU's configuration chooses beside precision, batch size and targets. Names are those of
// NVIDIA's harness where it has one. An engine gets them resolved, all of them, as EngineRequest.gpu.

import { z } from 'zod';
import { withoutEffect } from './without-effect.js';

const gpuEngine = { group: 'GPU engine', engines: ['tensorrt'] } as const;
const positiveInt = () => z.int().positive();
/** Whole numbers, each larger than the one before, as one text: 64,128,384. */
const risingList = () =>
  z
    .string()
    .regex(/^(?:[1-9]\d*(?:,[1-9]\d*)*)?$/, 'must be whole numbers with commas between, such as 64,128,384')
    .refine(
      (text) => numbersOf(text).every((value, place, all) => place === 0 || value > (all[place - 1] ?? 0)),
      'must rise from number to number, such as 64,128,384',
    );

/** The numbers of a setting such as length_buckets; none for an empty text. */
export const numbersOf = (text: string): readonly number[] =>
  text === '' ? [] : text.split(',').map(Number);

/** The end of a description. */
const noEffect = (key: keyof typeof withoutEffect): string =>
  `A published value, without effect here: ${withoutEffect[key]}.`;

/** How attention is computed, for --tensorrt_attention; engines/tensorrt/choose-network.ts has what fits where. */
export const tensorRtAttentions = [
  'auto',
  'plugin_fp16',
  'plugin_int8',
  'plugin_int8_interleaved',
  'attention_layer',
  'network',
  'network_fp16',
] as const;
export type TensorRtAttention = (typeof tensorRtAttentions)[number];
export const tensorRtGelus = ['auto', 'erf', 'tanh'] as const;
export type TensorRtGelu = (typeof tensorRtGelus)[number];

export const gpuSettingsSchema = z.strictObject({
  gpu_inference_streams: positiveInt()
    .default(1)
    .meta({
      ...gpuEngine,
      description: 'Streams that compute side by side on one GPU; each has its own buffers.',
    }),
  gpu_copy_streams: positiveInt()
    .default(1)
    .meta({
      ...gpuEngine,
      description: 'Streams that copy inputs and outputs, for each inference stream.',
    }),
  variable_length: z
    .boolean()
    .default(true)
    .meta({
      ...gpuEngine,
      description:
        'Compute every sample at its true length, packed without padding; false pads to max_seq_length (Volta: no such kernels).',
    }),
  tensorrt_attention: z
    .enum(tensorRtAttentions)
    .default('auto')
    .meta({
      ...gpuEngine,
      description:
        'How attention is computed: plugin_fp16 and plugin_int8 on packed tokens by kernels of TensorRT’s plugin; plugin_int8_interleaved the same in an encoder that is int8 throughout (implicit ranges); attention_layer on packed tokens by TensorRT’s own layer, from 11.1 on; network by layers of the network, padded; network_fp16 the same with attention in fp16 where the rest is int8 or fp8. auto = the fastest that the GPU, the precision and the model allow; the result says which and why.',
    }),
  tensorrt_gelu: z
    .enum(tensorRtGelus)
    .default('auto')
    .meta({
      ...gpuEngine,
      description:
        'Form of GELU: erf is exact, tanh its approximation (differs by less than 0.0005), which fuses better. auto = tanh with plugin_int8_interleaved and in padded int8 networks, else as the model was trained.',
    }),
  tf32: z
    .boolean()
    .default(false)
    .meta({
      ...gpuEngine,
      description: 'fp32: let products use TF32 (10 bits of fraction); off = full fp32.',
    }),
  tensorrt_lib: z
    .string()
    .default('')
    .meta({
      ...gpuEngine,
      description: 'Folder of the libraries of TensorRT.',
      unset: 'TENSORRT_LIB, then where the system looks for libraries',
    }),
  length_buckets: risingList()
    .default('')
    .meta({
      ...gpuEngine,
      unit: 'tokens',
      description:
        'Where samples are padded: the lengths they are padded to, each to the next; the last is max_seq_length.',
      unset: 'the engine chooses: one range of lengths for batches larger than 8',
    }),
  least_batch_size: positiveInt()
    .default(1)
    .meta({
      ...gpuEngine,
      unit: 'samples',
      description:
        'Smallest batch that the engine is built for; smaller ones are filled up with empty samples. A range of batches that ends near batch_size may bring other kernels.',
    }),
  bert_opt_seqlen: positiveInt()
    .default(384)
    .meta({
      ...gpuEngine,
      unit: 'tokens',
      description: 'Length for which the engine is tuned.',
    }),
  use_graphs: z
    .boolean()
    .default(false)
    .meta({
      ...gpuEngine,
      description: 'Replay captured CUDA graphs in place of launching each kernel.',
    }),
  graphs_max_seqlen: positiveInt()
    .default(384)
    .meta({
      ...gpuEngine,
      unit: 'tokens',
      description:
        'Graphs are captured up to batch_size × this many tokens; heavier batches are launched kernel by kernel.',
    }),
  graph_specs: z
    .string()
    .regex(
      /^(?:\(\d+, *\d+, *\d+, *\d+\)(?:, *(?=\()|$))*$/,
      'must be brackets of four whole numbers, such as (128, 4, 256, 4), (384, 256, 2048, 16)',
    )
    .default('')
    .meta({
      ...gpuEngine,
      description:
        'Which graphs to capture: (longest sample, least tokens of a batch, most tokens, step of the tokens), one bracket after the other.',
      unset: 'the engine chooses, up to graphs_max_seqlen',
    }),
  max_queue_delay_usec: z
    .int()
    .nonnegative()
    .default(0)
    .meta({
      ...gpuEngine,
      unit: 'µs',
      description:
        'Server: how long a batch that is not full may wait for more samples; 0 = a free stream takes what there is.',
      aliases: ['deque_timeout_usec'],
    }),
  preferred_batch_size: risingList()
    .default('')
    .meta({
      ...gpuEngine,
      unit: 'samples',
      description: 'Batch sizes at which a waiting batch sets off before max_queue_delay_usec is over.',
      unset: 'batch_size alone',
    }),
  soft_drop: z
    .number()
    .gt(0)
    .lte(1)
    .default(1)
    .meta({
      ...gpuEngine,
      unit: 'fraction',
      description: `Server: share of the samples that is answered in time; the rest, from the heaviest batches, waits for the end of the run. 1 = none is put off. ${noEffect('soft_drop')}`,
    }),
  active_sms: z
    .int()
    .min(1)
    .max(100)
    .default(100)
    .meta({
      ...gpuEngine,
      unit: '%',
      description: `Share of the multiprocessors with which kernels are timed when the engine is built, so that the choice fits streams that run side by side. ${noEffect('active_sms')}`,
    }),
  workspace_size: z
    .int()
    .nonnegative()
    .default(5_368_709_120)
    .meta({
      ...gpuEngine,
      unit: 'bytes',
      description: 'Most memory that building the engine may use for trying kernels.',
    }),
  builder_optimization_level: z
    .int()
    .min(0)
    .max(5)
    .default(3)
    .meta({
      ...gpuEngine,
      description: 'How long the builder searches for kernels: 0 takes the first, 5 compares the most.',
    }),
  sparse_weights: z
    .boolean()
    .default(false)
    .meta({
      ...gpuEngine,
      description: 'Allow kernels for weights with 2:4 sparsity; without effect on other weights.',
    }),
  version_compatible: z
    .boolean()
    .default(false)
    .meta({
      ...gpuEngine,
      description:
        'Build an engine that later TensorRT versions of the same major load too; it may be slower.',
    }),
  hardware_compatible: z
    .boolean()
    .default(false)
    .meta({
      ...gpuEngine,
      description: 'Build an engine for every GPU from Ampere on, not for this one alone; it may be slower.',
    }),
  refit: z
    .boolean()
    .default(false)
    .meta({
      ...gpuEngine,
      description: 'Build an engine whose weights other programs can exchange; it may be slower.',
    }),
  strip_plan: z
    .boolean()
    .default(false)
    .meta({
      ...gpuEngine,
      description:
        'Keep the engine on disk without its weights; they are filled in from the model when it is opened. From TensorRT 10 on.',
    }),
  enable_interleaved: z
    .boolean()
    .default(false)
    .meta({
      ...gpuEngine,
      description: `int8: interleaved data layout, faster on Turing and Xavier. ${noEffect('enable_interleaved')}`,
    }),
  use_small_tile_gemm_plugin: z
    .boolean()
    .default(false)
    .meta({
      ...gpuEngine,
      description: `Matrix products with small tiles, on Ampere; excludes enable_interleaved. ${noEffect('use_small_tile_gemm_plugin')}`,
    }),
  gemm_plugin_fairshare_cache_size: z
    .int()
    .nonnegative()
    .default(0)
    .meta({
      ...gpuEngine,
      description: `Share of the L2 cache that a small-tile product assumes. ${noEffect('gemm_plugin_fairshare_cache_size')}`,
    }),
  start_from_device: z
    .boolean()
    .default(false)
    .meta({
      ...gpuEngine,
      description:
        'Leave the copies between host and GPU out of the measured time: inputs lie on the GPU beforehand. The result says so.',
    }),
  numa_config: z
    .string()
    .regex(
      /^(?:[\d,-]+:[\d,-]+(?:&(?=\d)|$))*$/,
      'must be GPUs:cores of each node with & between, such as 0-3:0-63&4-7:64-127',
    )
    .default('')
    .meta({
      ...gpuEngine,
      description:
        'Which cores serve which GPUs: GPUs:cores of each node, with & between, such as 0-3:0-63&4-7:64-127.',
      unset: 'the node that each GPU is attached to',
    }),
  power_limit: z
    .number()
    .nonnegative()
    .default(0)
    .meta({
      ...gpuEngine,
      unit: 'W',
      description: `Power cap of each GPU with which the values were taken (maxq); 0 = none. ${noEffect('power_limit')}`,
    }),
  vboost_slider: z
    .int()
    .min(0)
    .max(4)
    .default(0)
    .meta({
      ...gpuEngine,
      description: `Position of the boost slider with which the values were taken; 0 = as delivered. ${noEffect('vboost_slider')}`,
    }),
});

/** Every setting of engine tensorrt, resolved. */
export type GpuSettings = Readonly<z.output<typeof gpuSettingsSchema>>;
