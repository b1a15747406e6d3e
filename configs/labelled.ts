// The values of a run that rest on something: by label for the screen, by key for metadata.json.

import { labels } from './benchmark-config.js';
import type { BenchmarkConfig, Label, Provenance } from './benchmark-config.js';
import { findSetting } from './setting-table.js';

/** One labelled value. */
export interface Labelled {
  readonly value: Provenance['value'];
  readonly label: Label;
  readonly note?: string;
}

/** Every labelled value of a run that has an effect on it, by key. */
export function labelledValues(config: BenchmarkConfig): Readonly<Record<string, Labelled>> {
  const entries = Object.entries(config.provenance).flatMap(([key, { value, label, note }]) => {
    const setting = findSetting(key);
    const isUsed =
      (setting?.scenario ?? config.scenario) === config.scenario &&
      (setting?.engines?.includes(config.settings.engine) ?? true);
    if (label === undefined || !isUsed) return [];
    return [[key, { value, label, ...(note === undefined ? {} : { note }) }] as const];
  });
  return Object.fromEntries(entries);
}

/** What runs, then one line for each label: `  derived: instances 2, threads_per_instance 1`; seeds are left to the log. */
export function labelledLines(config: BenchmarkConfig): readonly string[] {
  const { engine, precision, batch_size } = config.settings;
  const values = Object.entries(labelledValues(config));
  const lines = labels.flatMap((label) => {
    const of = values.filter(([key, each]) => each.label === label && !key.endsWith('_rng_seed'));
    return of.length === 0
      ? []
      : [`  ${label}: ${of.map(([key, { value }]) => `${key} ${String(value)}`).join(', ')}`];
  });
  return [
    `${config.scenario}, config_ver ${config.config_ver}: engine ${engine}, precision ${precision}, batch_size ${batch_size}`,
    ...lines,
  ];
}
