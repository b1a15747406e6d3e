// What the GPUs did during a run: gpu_samples.csv beside its logs, and a summary for metadata.json.

import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import type { GpuSample } from '../engines/contract.js';
import { writeWholeFile } from './write-file.js';

const columns = [
  'sm_clock_mhz',
  'memory_clock_mhz',
  'power_w',
  'temperature_c',
  'utilization_percent',
  'memory_used_bytes',
] as const;

/** Of one value over a run; null where the GPU does not tell. */
export interface SampleRange {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

/** One GPU over a run. */
export interface GpuSummary {
  readonly gpu: number;
  readonly samples: number;
  readonly values: Readonly<Record<(typeof columns)[number], SampleRange | null>>;
  /** Reason → share of the samples in which clocks were held back by it. */
  readonly throttled: Readonly<Record<string, number>>;
}

/** Writes the samples of a run and summarises them. @throws {SetupError} when the disk refuses. */
export function saveGpuSamples(folder: string, samples: readonly GpuSample[]): readonly GpuSummary[] {
  const rows = samples.map((sample) => [
    sample.at_ns,
    sample.device,
    ...columns.map((column) => sample[column]),
    sample.throttle_reasons.join(' '),
  ]);
  writeWholeFile(
    join(folder, 'gpu_samples.csv'),
    stringify([['at_ns', 'gpu', ...columns, 'throttle_reasons'], ...rows]),
  );
  return summarizeGpus(samples);
}

export function summarizeGpus(samples: readonly GpuSample[]): readonly GpuSummary[] {
  const gpus = [...new Set(samples.map(({ device }) => device))].sort((a, b) => a - b);
  return gpus.map((gpu) => {
    const own = samples.filter(({ device }) => device === gpu);
    const names = [...new Set(own.flatMap(({ throttle_reasons }) => throttle_reasons))].sort();
    const shareOf = (name: string): number =>
      own.filter(({ throttle_reasons }) => throttle_reasons.includes(name)).length / own.length;
    return {
      gpu,
      samples: own.length,
      values: Object.fromEntries(
        columns.map((column) => [column, rangeOf(own.map((sample) => sample[column]))]),
      ) as GpuSummary['values'], // one entry per column
      throttled: Object.fromEntries(names.map((name) => [name, Number(shareOf(name).toFixed(4))])),
    };
  });
}

function rangeOf(values: readonly number[]): SampleRange | null {
  const told = values.filter((value) => value >= 0);
  if (told.length === 0) return null;
  const mean = told.reduce((sum, value) => sum + value, 0) / told.length;
  const extremes = told.reduce(
    ({ min, max }, value) => ({ min: Math.min(min, value), max: Math.max(max, value) }),
    { min: Infinity, max: -Infinity },
  );
  return { ...extremes, mean: Number(mean.toPrecision(6)) };
}
