// What follows from the GPUs of a run: streams from their number, batches from their memory, lengths from the data set; and
// what of a GPU engine's settings contradicts the rest.

import type { Provenance } from './benchmark-config.js';
import { largestBatch } from './feasible.js';
import type { GpusForConfigs } from './gpu-layers.js';
import { numbersOf } from './gpu-settings.js';
import type { Values } from './layers.js';
import { isBertLarge, shapeName } from './model-shape.js';
import type { ModelShape } from './model-shape.js';
import { targetKeys } from './schema.js';
import type { SettingKey } from './schema.js';

/** Adds the streams of all GPUs, and fits what stands in for this machine to it; what a flag says stays. */
export function addGpuDerived(values: Values, gpus: GpusForConfigs, shape: ModelShape): void {
  const { accelerators_per_node: count } = gpus;
  const streams = count * numberOf(values, 'gpu_inference_streams');
  set(values, 'instances', streams, `${count} × gpu_inference_streams`);
  set(values, 'threads_per_instance', 1, 'one per stream');

  const threads = numberOf(values, 'server_num_issue_query_threads');
  if (threads > 0 && streams % threads !== 0 && isOpen(values, 'server_num_issue_query_threads')) {
    const most = greatestDivisor(streams, threads);
    set(
      values,
      'server_num_issue_query_threads',
      most,
      `most up to ${threads} that share ${streams} streams`,
    );
  }
  const longest = numberOf(values, 'max_seq_length');
  for (const key of ['bert_opt_seqlen', 'graphs_max_seqlen'] as const) {
    if (numberOf(values, key) > longest && isOpen(values, key)) set(values, key, longest, 'max_seq_length');
  }
  fitBatch(values, gpus, shape);
  if (!isBertLarge(shape)) doubtTargets(values, shape);
}

/** Where another GPU's batch stands in, one that this GPU's memory holds. */
function fitBatch(values: Values, gpus: GpusForConfigs, shape: ModelShape): void {
  if (gpus.match === 'known' || !isOpen(values, 'batch_size')) return;
  const batch = numberOf(values, 'batch_size');
  const most = largestBatch(values, gpus, shape);
  if (most === 0 || most >= batch) return;
  set(values, 'batch_size', most, `most that the memory holds; ${gpus.accelerator} takes ${batch}`);
}

/** The targets of BERT-Large are guesses for another model: a run measures them first. */
function doubtTargets(values: Values, shape: ModelShape): void {
  for (const key of Object.values(targetKeys)) {
    const target = values.get(key);
    if (target?.label === undefined) continue;
    const note = `for BERT-Large, and this is ${shapeName(shape)}${target.note === undefined ? '' : `; ${target.note}`}`;
    values.set(key, { ...target, label: 'guessed', note });
  }
}

/** Every contradiction among a GPU engine's settings, in words, with what to use. */
export function gpuContradictions(values: Values): string[] {
  const number = (key: SettingKey) => numberOf(values, key);
  const problems: string[] = [];
  if (
    values.get('enable_interleaved')?.value === true &&
    values.get('use_small_tile_gemm_plugin')?.value === true
  ) {
    problems.push(
      'enable_interleaved and use_small_tile_gemm_plugin exclude each other; switch one of them off',
    );
  }
  const streams = number('instances');
  const threads = number('server_num_issue_query_threads');
  if (threads > 0 && streams % threads !== 0) {
    problems.push(
      `server_num_issue_query_threads must divide the ${streams} streams of all GPUs, got ${threads}; use ${greatestDivisor(streams, threads)}, or 0`,
    );
  }
  const longest = number('max_seq_length');
  for (const key of ['bert_opt_seqlen', 'graphs_max_seqlen'] as const) {
    if (number(key) > longest)
      problems.push(`${key} must be at most max_seq_length (${longest}), got ${number(key)}`);
  }
  const buckets = numbersOf(String(values.get('length_buckets')?.value));
  if (buckets.length > 0 && buckets.at(-1) !== longest) {
    problems.push(
      `length_buckets must end with max_seq_length (${longest}), or some samples had no place; got ${buckets.join(',')}`,
    );
  }
  const preferred = numbersOf(String(values.get('preferred_batch_size')?.value)).at(-1) ?? 0;
  if (preferred > number('batch_size')) {
    problems.push(
      `preferred_batch_size must be at most batch_size (${number('batch_size')}), got ${preferred}`,
    );
  }
  return problems;
}

const numberOf = (values: Values, key: SettingKey) => Number(values.get(key)?.value ?? 0);

/** Whether nobody who runs it has said the value. */
const isOpen = (values: Values, key: SettingKey) => values.get(key)?.origin !== 'flag';

function set(values: Values, key: SettingKey, value: Provenance['value'], note: string): void {
  values.set(key, { value, origin: 'detected', label: 'derived', note });
}

function greatestDivisor(of: number, upTo: number): number {
  for (let divisor = Math.min(of, upTo); divisor > 1; divisor--) if (of % divisor === 0) return divisor;
  return 1;
}
