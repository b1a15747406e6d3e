// How long each question took: a file with every one, and percentiles for people.

import { stringify } from 'csv-stringify/sync';
import { alignColumns } from '../bench/table.js';
import { statisticsOf } from '../perf/percentiles.js';
import { writeWholeFile } from '../write-file.js';
import type { QuestionTimes } from './asker.js';

/** A question by its id in a SQuAD file, or by its own text, and what it took. */
export interface QuestionLatency extends QuestionTimes {
  readonly question: string;
}

const stages = ['tokenize_ms', 'inference_ms', 'project_ms'] as const;
const percents = [50, 90, 99] as const;
type Column = (typeof stages)[number] | 'total_ms';

const totalOf = (times: QuestionTimes): number => stages.reduce((sum, stage) => sum + times[stage], 0);

/** A line for each question, in order. @throws {SetupError} */
export function writeQuestionLatencies(file: string, latencies: readonly QuestionLatency[]): void {
  const rows = latencies.map((latency) => [
    latency.question,
    latency.sampleCount,
    ...[...stages.map((stage) => latency[stage]), totalOf(latency)].map((ms) => ms.toFixed(4)),
  ]);
  writeWholeFile(
    file,
    stringify(rows, { header: true, columns: ['question', 'samples', ...stages, 'total_ms'] }),
  );
}

/** "p50" … "p99" and "max" of each stage and of the whole; empty without questions. */
export function latencyPercentiles(
  times: readonly QuestionTimes[],
): Readonly<Partial<Record<Column, Readonly<Record<string, number>>>>> {
  if (times.length === 0) return {};
  const of = (value: (times: QuestionTimes) => number) => {
    const { percentiles, max } = statisticsOf(Float64Array.from(times, value), percents, 'nearest_rank');
    return { ...percentiles, max };
  };
  return {
    ...Object.fromEntries(stages.map((stage) => [stage, of((each) => each[stage])])),
    total_ms: of(totalOf),
  };
}

/** The percentiles as a table. */
export function latencyText(times: readonly QuestionTimes[]): string {
  const rows = Object.entries(latencyPercentiles(times)).map(([column, values]) => [
    column.replace('_ms', ''),
    ...Object.values(values).map((ms) => ms.toFixed(2)),
  ]);
  if (rows.length === 0) return '';
  const heads = ['ms per question', ...percents.map((percent) => `p${percent}`), 'max'];
  return `${alignColumns([heads, ...rows], [1, 2, 3, 4]).join('\n')}\n`;
}
