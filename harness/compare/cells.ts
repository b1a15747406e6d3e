// How figures of a comparison are written, in tables and charts alike.

import type { ComparedRow, Group } from './comparison.js';

export const columns = [
  'system',
  'accelerators',
  'precision',
  'model',
  'result',
  'of one',
  'times first',
  'times, of one',
  'p99 ms',
  'F1',
  'verdict',
] as const;

/** One row's cells, by column. */
export function cellsOf({
  run,
  ofOne,
  speedup,
  speedupOfOne,
}: ComparedRow): Readonly<Record<string, string>> {
  const { accelerators, accelerator } = run;
  return {
    system: run.system,
    accelerators: accelerators === 0 ? 'none' : `${accelerators} × ${accelerator}`,
    precision: run.precision,
    model: run.model,
    result: figure(run.metric.value, run.metric.unit),
    'of one': figure(ofOne, run.metric.unit),
    'times first': times(speedup),
    'times, of one': times(speedupOfOne),
    // Offline all samples wait from the start: their latency says nothing.
    'p99 ms': run.p99_ns === undefined || run.scenario === 'Offline' ? '' : rounded(run.p99_ns / 1e6),
    F1: run.f1 === undefined ? '' : run.f1.toFixed(3),
    verdict: run.source.startsWith('submitted') ? run.source : run.isValid ? 'VALID' : 'INVALID',
  };
}

export const titleOf = ({ benchmark, scenario, unit }: Group): string =>
  `${benchmark} ${scenario} (${unit === 'ns' ? 'ms, less is better' : 'samples/s, more is better'})`;

/** What a bar shows: the rate, or the latency in ms. */
export const barValue = (value: number, unit: Group['unit']): number => (unit === 'ns' ? value / 1e6 : value);

export const figure = (value: number, unit: Group['unit']): string =>
  unit === 'ns' ? `${rounded(value / 1e6)} ms` : `${rounded(value)} /s`;

const times = (ratio: number): string => `${Number(ratio.toPrecision(3))} ×`;

/** Four digits are more than two runs agree in. */
const rounded = (value: number): string =>
  value >= 1000 ? Math.round(value).toString() : Number(value.toPrecision(4)).toString();
