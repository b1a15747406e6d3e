// The shapes an engine is built for, warmed up with and captured as CUDA graphs: from batch size, lengths and settings.

import { ConfigError } from '../../configs/errors.js';
import type { GpuRequest } from '../contract.js';
import { numbersOf } from '../../configs/gpu-settings.js';
import type { NetworkChoice } from './choose-network.js';
import type { NativeDimensionRange } from './native-build.js';
import type { NativeWarmUp } from './native-engine.js';

export interface ShapeRequest {
  readonly form: NetworkChoice['form'];
  /** Default: one of the plugin's. */
  readonly attention?: NetworkChoice['attention'];
  readonly batch_size: number;
  readonly gpu: Pick<
    GpuRequest,
    | 'max_seq_length'
    | 'fixed_shape'
    | 'bert_opt_seqlen'
    | 'length_buckets'
    | 'least_batch_size'
    | 'use_graphs'
    | 'graphs_max_seqlen'
    | 'graph_specs'
  >;
}

/** Graphs of one stream: NVIDIA's harness captures as many; each holds some MiB. */
const MOST_GRAPHS = 400;
/** Up to this batch size single samples get graphs of their own, in fine steps. */
const SMALL_BATCH = 8;
const FINE_TOKENS = 4;
/** Lengths that padded batches are padded to when nobody says: the steps of the attention kernels. */
const DEFAULT_BUCKETS = [64, 128, 192, 256, 384, 512];

type Profile = readonly NativeDimensionRange[];

/**
 * One optimisation profile for packed tokens. For padded batches one per bucket of lengths, since kernels are chosen for the
 * optimum of a profile and each costs the builder its time again; large batches get a single one unless buckets are given: they
 * are padded to their own longest sample within it, and keep the GPU busy with the kernels of any length. A fixed shape is the
 * largest of them alone: no range for the builder to serve, as with trtexec's --shapes.
 *
 * @throws {ConfigError} for a least batch that is none.
 */
export function profilesOf(request: ShapeRequest): readonly Profile[] {
  const profiles = rangesOf(request);
  if (request.gpu.fixed_shape !== true) return profiles;
  return profiles
    .slice(-1)
    .map((longest) => longest.map((each) => ({ ...each, min: each.max, opt: each.max })));
}

function rangesOf({ form, attention, batch_size: batch, gpu }: ShapeRequest): readonly Profile[] {
  const longest = gpu.max_seq_length;
  const least = gpu.least_batch_size;
  if (least > batch) {
    throw new ConfigError(`least_batch_size must be 1 to batch_size (${batch}), got ${least}`);
  }
  const optimum = Math.min(gpu.bert_opt_seqlen, longest);
  if (form === 'packed') {
    const tokens = (tensor: string): NativeDimensionRange => ({
      tensor,
      min: [1],
      opt: [batch * optimum],
      max: [batch * longest],
    });
    return [
      [
        tokens('input_ids'),
        tokens('token_type_ids'),
        tokens('position_ids'),
        { tensor: 'cu_seqlens', min: [least + 1], opt: [batch + 1], max: [batch + 1] },
        ...(attention === 'attention_layer'
          ? []
          : [{ tensor: 'max_seqlen', min: [1], opt: [optimum], max: [longest] }]),
      ],
    ];
  }
  const isOne = gpu.length_buckets === '' && batch > SMALL_BATCH;
  const buckets = isOne ? [longest] : bucketsOf(gpu);
  return buckets.map((bucket, place) => {
    const shortest = (buckets[place - 1] ?? 0) + 1;
    const isTunedHere = optimum >= shortest && optimum <= bucket;
    return ['input_ids', 'token_type_ids', 'attention_mask'].map((tensor) => ({
      tensor,
      min: [least, shortest],
      opt: [batch, isTunedHere ? optimum : bucket],
      max: [batch, bucket],
    }));
  });
}

/** Lengths of the padded form, the longest last: of its profiles where batches are small or they are given, and of its graphs. */
export function bucketsOf({
  length_buckets,
  max_seq_length,
}: Pick<GpuRequest, 'length_buckets' | 'max_seq_length'>): readonly number[] {
  const given = numbersOf(length_buckets);
  if (given.length > 0) return given;
  return [...DEFAULT_BUCKETS.filter((bucket) => bucket < max_seq_length), max_seq_length];
}

/** Shapes to run before the measured time, and shapes to capture. */
export function warmUpOf(request: ShapeRequest): NativeWarmUp {
  const { form, batch_size: batch, gpu } = request;
  const longest = gpu.max_seq_length;
  const lengths = form === 'packed' ? [longest, Math.min(gpu.bert_opt_seqlen, longest)] : bucketsOf(gpu);
  const shapes = [...new Set(lengths)]
    .sort((a, b) => b - a)
    .flatMap((length): readonly (readonly [number, number])[] =>
      batch === 1
        ? [[1, length]]
        : [
            [batch, length],
            [1, length],
          ],
    );
  return { shapes, graphs: gpu.use_graphs ? graphsOf(request) : [] };
}

function graphsOf({ form, batch_size: batch, gpu }: ShapeRequest): readonly (readonly [number, number])[] {
  const longest = gpu.max_seq_length;
  if (form === 'padded') {
    const lengths = bucketsOf(gpu).filter((bucket) => bucket <= Math.max(gpu.graphs_max_seqlen, 1));
    const batches =
      batch <= SMALL_BATCH ? steps(1, batch, 1) : steps(batch / SMALL_BATCH, batch, batch / SMALL_BATCH);
    return lengths.flatMap((length) => batches.map((size) => [Math.round(size), length] as const));
  }
  const specs = graphSpecs(gpu.graph_specs);
  if (specs.length > 0) {
    return specs.flatMap(({ least_tokens, most_tokens, step_tokens }) =>
      steps(Math.max(least_tokens, 1), Math.min(most_tokens, batch * longest), step_tokens).map(
        (tokens) => [Math.min(batch, tokens), tokens] as const,
      ),
    );
  }
  // Single samples in fine steps where batches are small: a sample runs at most three tokens too many.
  const singles =
    batch <= SMALL_BATCH
      ? steps(FINE_TOKENS, longest, FINE_TOKENS).map((tokens) => [1, tokens] as const)
      : [];
  if (batch === 1) return singles;
  const most = batch * Math.min(gpu.graphs_max_seqlen, longest);
  const count = MOST_GRAPHS / 2 - singles.length;
  const step = Math.max(16, Math.ceil(most / Math.max(count, 16) / 16) * 16);
  return [...singles, ...steps(step, most, step).map((tokens) => [batch, tokens] as const)];
}

/** least, least + step, … and most. */
function steps(least: number, most: number, step: number): readonly number[] {
  const values: number[] = [];
  for (let value = least; value < most; value += step) values.push(value);
  return [...values, most];
}

interface GraphSpec {
  readonly least_tokens: number;
  readonly most_tokens: number;
  readonly step_tokens: number;
}

/** `(128, 4, 256, 4), (384, 256, 2048, 16)`: longest sample, least and most tokens of a batch, step. */
export function graphSpecs(text: string): readonly GraphSpec[] {
  return Array.from(text.matchAll(/\((\d+), *(\d+), *(\d+), *(\d+)\)/g), ([, , least, most, step]) => ({
    least_tokens: Number(least),
    most_tokens: Number(most),
    step_tokens: Math.max(1, Number(step)),
  }));
}
