// The text of --dry_run: every setting of every run, its value, origin and what it rests on.

import type { BenchmarkConfig, Provenance } from './benchmark-config.js';
import { roundRulesOfBert, scenariosOfBert } from './rules/rounds.js';
import { findSetting, settingTable } from './setting-table.js';

/** Aligned lines, one block per run; ends with a newline. */
export function dryRunText(configs: readonly BenchmarkConfig[]): string {
  return configs.map((config) => `${heading(config)}\n${table(rowsOf(config))}`).join('\n');
}

function heading(config: BenchmarkConfig): string {
  const verdict = config.submittable
    ? 'submittable'
    : `not submittable: ${config.not_submittable_because.join('; ')}`;
  return [
    `${config.system_name} ${config.benchmark_full} ${config.scenario} (config_ver ${config.config_ver})`,
    ...(config.accelerator === undefined
      ? []
      : [`  GPUs: ${config.accelerators_per_node ?? 1} × ${config.accelerator}`]),
    `  modes: ${config.test_modes.join(', then ')}; accuracy: at least ${config.accuracy_target} of the reference F1`,
    `  ${rulesText(config)}`,
    `  ${verdict}`,
    '',
  ].join('\n');
}

/** What the round says of BERT as a whole. */
function rulesText({ rules, benchmark_full }: BenchmarkConfig): string {
  const bert = roundRulesOfBert(rules);
  const scenarios = scenariosOfBert(bert, benchmark_full).join(', ');
  return `rules of ${rules}: ${benchmark_full} in ${scenarios}; audits ${bert.tests.join(', ')}`;
}

type Row = readonly [key: string, value: string, origin: string, label: string];

/** Settings of other scenarios and engines have no effect and are left out. */
function rowsOf(config: BenchmarkConfig): Row[] {
  const { engine } = config.settings;
  return settingTable
    .filter(
      ({ scope, scenario, engines }) =>
        scope === 'setting' &&
        (scenario ?? config.scenario) === config.scenario &&
        (engines?.includes(engine) ?? true),
    )
    .map(({ key }) => {
      const entry = config.provenance[key];
      if (entry === undefined) return unsaid(config, key);
      const unit = findSetting(key)?.unit;
      const label = [entry.label, entry.note].filter((part) => part !== undefined).join(': ');
      return [key, `${String(entry.value)}${unit === undefined ? '' : ` ${unit}`}`, entry.origin, label];
    });
}

/** A target that a probe will find; else a setting that is younger than the saved file, at its default. */
function unsaid({ settings, loadgen, needs_probe }: BenchmarkConfig, key: string): Row {
  const value = ({ ...loadgen, ...settings } as Readonly<Record<string, Provenance['value']>>)[key];
  return value === undefined || needs_probe.some((each) => each === key)
    ? [key, '(to be measured)', 'probe', '']
    : [key, String(value), 'default', ''];
}

function table(rows: readonly Row[]): string {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((line) => `  ${line.trimEnd()}\n`).join('');
}
