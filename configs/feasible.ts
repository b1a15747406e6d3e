// What a GPU cannot do, refused by name before anything is built: number formats without units for them, kernels that do
// not exist, batches that do not fit.

import type { Provenance } from './benchmark-config.js';
import { bertLarge, parameterCount, shapeName } from './model-shape.js';
import type { ModelShape } from './model-shape.js';
import type { Precision } from './engine-choices.js';
import type { SettingKey } from './schema.js';

/** What the checks must know of a GPU. */
export interface GpuLimits {
  readonly architecture: string;
  readonly compute_capability: number;
  /** Memory of one GPU. */
  readonly memory_bytes: number;
}

type Values = ReadonlyMap<SettingKey, Pick<Provenance, 'value'>>;

/** Every setting that this GPU cannot do, in words, with what to use. */
export function infeasible(values: Values, gpu: GpuLimits, shape = bertLarge): string[] {
  const precision = values.get('precision')?.value as Precision;
  return [
    ...precisionProblems(precision, gpu),
    ...(gpu.compute_capability === 7 && values.get('variable_length')?.value === true
      ? [
          `variable_length needs attention kernels that ${nameOf(gpu)} does not have; use --no-variable_length (padded)`,
        ]
      : []),
    ...memoryProblems(values, gpu, shape),
  ];
}

const nameOf = ({ architecture, compute_capability }: GpuLimits) =>
  `${architecture} (compute capability ${compute_capability.toFixed(1)})`;

function precisionProblems(precision: Precision, gpu: GpuLimits): string[] {
  const { compute_capability: capability } = gpu;
  switch (precision) {
    case 'fp8':
      return capability >= 8.9
        ? []
        : [
            `precision fp8 needs compute capability 8.9 (Ada, Hopper), this is ${nameOf(gpu)}; use fp16 or int8`,
          ];
    case 'bf16':
      return capability >= 8
        ? []
        : [`precision bf16 needs compute capability 8.0, this is ${nameOf(gpu)}; use fp16`];
    case 'int8':
      // 7.2 (Xavier) has INT8 tensor cores, 7.0 has none.
      return capability > 7
        ? []
        : [
            `precision int8 gains nothing on ${nameOf(gpu)}, which has no INT8 tensor cores; use ${capability === 7 ? 'fp16' : 'fp32'} for both accuracy targets`,
          ];
    case 'fp16':
      return capability >= 7 ? [] : [`precision fp16 needs tensor cores, ${nameOf(gpu)} has none; use fp32`];
    case 'fp32':
      return [];
  }
}

/** What the driver, the context and the kernels themselves take. */
const USABLE_SHARE = 0.92;

/**
 * Bytes that weights and buffers of one GPU take: an estimate, workspace for building not counted. Alive at once are, for each
 * token, queries, keys and values, the feed-forward block, inputs and outputs; padded attention keeps its scores, one per head
 * and token.
 */
export function estimatedBytes(values: Values, batchSize: number, shape = bertLarge): number {
  const numberOf = (key: SettingKey) => Number(values.get(key)?.value);
  const precision = values.get('precision')?.value as Precision;
  const tokens = batchSize * numberOf('max_seq_length');
  const isPacked = values.get('variable_length')?.value === true;
  const scores = isPacked ? 0 : shape.heads * numberOf('max_seq_length');
  const buffers = tokens * (7 * shape.hidden + shape.intermediate + scores) * elementBytes(precision);
  return parameterCount(shape) * elementBytes(precision) + numberOf('gpu_inference_streams') * buffers;
}

/** The largest power of two, or one and a half times it, whose estimate fits; 0 where none does. */
export function largestBatch(values: Values, { memory_bytes }: GpuLimits, shape = bertLarge): number {
  let fits = 0;
  for (let power = 1; power <= 65_536; power *= 2) {
    for (const batchSize of [power, power * 1.5]) {
      if (
        Number.isInteger(batchSize) &&
        estimatedBytes(values, batchSize, shape) <= USABLE_SHARE * memory_bytes
      )
        fits = Math.max(fits, batchSize);
    }
  }
  return fits;
}

function memoryProblems(values: Values, gpu: GpuLimits, shape: ModelShape): string[] {
  const batchSize = Number(values.get('batch_size')?.value);
  const needed = estimatedBytes(values, batchSize, shape);
  if (needed <= USABLE_SHARE * gpu.memory_bytes) return [];
  const most = largestBatch(values, gpu, shape);
  const remedy =
    most > 0
      ? `use at most ${most}`
      : 'even one sample does not fit; use a smaller precision or fewer streams';
  return [
    `batch_size ${batchSize} with gpu_inference_streams ${String(values.get('gpu_inference_streams')?.value)} takes about ${gib(needed)} (estimated for ${shapeName(shape)}), the GPU has ${gib(gpu.memory_bytes)}; ${remedy}`,
  ];
}

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Of weights and activations alike; an fp8 network keeps fp16 weights and fp16 between its matrix products. */
function elementBytes(precision: Precision): number {
  switch (precision) {
    case 'fp32':
      return 4;
    case 'fp16':
    case 'bf16':
    case 'fp8':
      return 2;
    case 'int8':
      return 1;
  }
}
