// What `loadrig list` shows: the systems, scenarios and variants there are, as rows.

import type { GpuConfigFile, PublishedRows } from '../../configs/config-file.js';
import { accuracyOf } from '../../configs/derive.js';
import { targetKeys } from '../../configs/schema.js';
import { defaultScenarios } from '../../configs/selection.js';
import { scenarios } from '../../configs/test-settings.js';
import { allConfigVers, configVers, variantOf } from '../../configs/variants.js';
import type { SystemCatalogue } from '../gpu-systems.js';

/** Rows of one shape: column → value. */
export type Table = readonly Readonly<Record<string, string | number | boolean>>[];

/** Every system of systems/, with where its values stand. */
export function systemTable({ systems }: SystemCatalogue): Table {
  return [...systems.values()].map(({ description, configs }) => {
    const rows = configs.blocks.flatMap(({ published }) => rowsOf(published));
    return {
      system_id: description.system_id,
      accelerator: description.accelerator ?? 'none',
      accelerators_per_node: description.accelerators_per_node ?? 0,
      host: description.architecture ?? 'any',
      scenarios: configs.blocks.map(({ scenario }) => scenario).join(', '),
      variants: new Set(configs.blocks.flatMap(({ published }) => Object.keys(published))).size,
      rounds: [...new Set(rows.map(({ round }) => round))].sort().join(', '),
      submitted: rows.filter((row) => resultOf(row) !== undefined).length,
      note: description.note ?? '',
    };
  });
}

const rowsOf = (published: PublishedRows) => Object.values(published);

/** The submitted result of a row, whatever its unit. */
export function resultOf(row: NonNullable<PublishedRows[keyof PublishedRows]>): number | undefined {
  return row.samples_per_second ?? row.scheduled_samples_per_second ?? row.p90_latency_ns;
}

/** LoadGen's four scenarios, and what sizes each. */
export function scenarioTable(gpuConfigs: readonly GpuConfigFile[]): Table {
  return scenarios.map((scenario) => ({
    scenario,
    target: targetKeys[scenario],
    by_default: defaultScenarios.some((each) => each === scenario),
    gpus: gpuConfigs.find((file) => file.scenario === scenario)?.gpus.size ?? 0,
    note: notes[scenario],
  }));
}

const notes = {
  SingleStream: 'one query at a time; the 90th percentile of the latency counts',
  MultiStream: '8 samples a query; BERT is never submitted so',
  Server: 'queries at random times; 99 % must be answered within 130 ms',
  Offline: 'one query with all samples; the throughput counts',
} as const;

/** The values of --config_ver and what they are made of. */
export function variantTable({ systems }: SystemCatalogue): Table {
  const files = [...systems.values()].map(({ configs }) => configs);
  return configVers.map((config_ver) => ({
    config_ver,
    benchmark: accuracyOf(config_ver).benchmark_full,
    ...variantOf(config_ver),
    in_all: allConfigVers.some((ver) => ver === config_ver),
    systems: files.filter(({ blocks }) => blocks.some(({ published }) => published[config_ver] !== undefined))
      .length,
  }));
}

/** A table as aligned text: a line of column names, then one line a row; ends with a newline. */
export function tableText(table: Table): string {
  const columns = Object.keys(table[0] ?? {});
  const cells = [columns, ...table.map((row) => columns.map((column) => textOf(row[column] ?? '')))];
  const widths = columns.map((_, place) => Math.max(...cells.map((line) => (line[place] ?? '').length)));
  const isNumber = (place: number) => typeof table[0]?.[columns[place] ?? ''] === 'number';
  return cells
    .map((line) =>
      line
        .map((cell, place) =>
          isNumber(place) ? cell.padStart(widths[place] ?? 0) : cell.padEnd(widths[place] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
    .concat('\n');
}

const textOf = (value: string | number | boolean) =>
  typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
