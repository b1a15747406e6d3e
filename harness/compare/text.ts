// A comparison as text for the screen, with bars; as Markdown; as CSV.

import { stringify } from 'csv-stringify/sync';
import { tableText } from '../list/tables.js';
import { barValue, cellsOf, columns, figure, titleOf } from './cells.js';
import type { Group } from './comparison.js';

/** Aligned tables, a bar for each run below them. */
export const screenText = (groups: readonly Group[]): string => groups.map(screenGroup).join('\n');

const BAR_CELLS = 40;
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

function screenGroup(group: Group): string {
  const { rows, unit, warnings } = group;
  const most = Math.max(...rows.map(({ ofOne }) => barValue(ofOne, unit)));
  const width = Math.max(...rows.map(({ run }) => run.system.length));
  const bars = rows.map(({ run, ofOne }) => {
    const length = Math.round((barValue(ofOne, unit) / most) * BAR_CELLS * 8);
    const bar = '█'.repeat(Math.floor(length / 8)) + (eighths[length % 8] ?? '');
    return `  ${run.system.padEnd(width)}  ${bar} ${figure(ofOne, unit)}${run.isValid ? '' : ' INVALID'}`;
  });
  return [
    titleOf(group),
    '',
    indented(tableText(rows.map(cellsOf))),
    `of one accelerator:`,
    ...bars,
    ...warnings.map((warning) => `\n${warning}`),
    '',
  ].join('\n');
}

const indented = (text: string) => text.replace(/^(?=.)/gm, '  ');

export function markdownText(groups: readonly Group[]): string {
  return groups
    .map((group) => {
      const rows = group.rows.map((row) => columns.map((column) => cellsOf(row)[column] ?? ''));
      const table = [columns, columns.map(() => '---'), ...rows].map(
        (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
      );
      return [`## ${titleOf(group)}`, '', ...table, '', ...group.warnings.flatMap((text) => [text, '']), ''];
    })
    .flat()
    .join('\n')
    .replace(/\n+$/, '\n');
}

/** Plain numbers, units in the names. */
export const csvText = (groups: readonly Group[]): string =>
  stringify(plainRows(groups), { header: true, cast: { boolean: String } });

/** One object a run, for programs. */
export const plainRows = (groups: readonly Group[]) =>
  groups.flatMap(({ benchmark, scenario, rows }) =>
    rows.map(({ run, ofOne, speedup, speedupOfOne }) => ({
      benchmark,
      scenario,
      system: run.system,
      accelerators: run.accelerators,
      accelerator: run.accelerator,
      precision: run.precision,
      model: run.model,
      samples_per_second: run.metric.unit === 'ns' ? null : run.metric.value,
      latency_ns: run.metric.unit === 'ns' ? run.metric.value : null,
      samples_per_second_of_one: run.metric.unit === 'ns' ? null : ofOne,
      speedup,
      speedup_of_one: speedupOfOne,
      p99_latency_ns: run.p99_ns ?? null,
      f1: run.f1 ?? null,
      is_valid: run.isValid,
      source: run.source,
    })),
  );
