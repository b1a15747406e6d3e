// Runs side by side: one group for each benchmark and scenario, every run against the first of its group. Pure.

import { scenarios } from '../../configs/test-settings.js';
import type { Scenario } from '../../configs/test-settings.js';
import type { ComparedRun } from './find-runs.js';
import { speedOfOne } from './published-runs.js';

export interface ComparedRow {
  readonly run: ComparedRun;
  /** The rate of one accelerator; the latency itself, which more of them do not shorten. */
  readonly ofOne: number;
  /** How many times as fast as the group's first run, all accelerators together. */
  readonly speedup: number;
  /** The same, of one accelerator. */
  readonly speedupOfOne: number;
}

export interface Group {
  readonly benchmark: string;
  readonly scenario: Scenario;
  readonly unit: 'samples/s' | 'ns';
  readonly rows: readonly ComparedRow[];
  /** What keeps the runs from being alike, for people. */
  readonly warnings: readonly string[];
}

/** Groups in the order bert-99, bert-99.9, then LoadGen's order of scenarios; rows as given. */
export function compare(runs: readonly ComparedRun[]): readonly Group[] {
  const benchmarks = [...new Set(runs.map(({ benchmark }) => benchmark))].sort();
  return benchmarks.flatMap((benchmark) =>
    scenarios.flatMap((scenario) => {
      const alike = runs.filter((run) => run.benchmark === benchmark && run.scenario === scenario);
      const [first] = alike;
      if (first === undefined) return [];
      const rows = alike.map((run) => ({
        run,
        ofOne: run.metric.unit === 'ns' ? run.metric.value : speedOfOne(run),
        speedup: speed(run) / speed(first),
        speedupOfOne: speedOfOne(run) / speedOfOne(first),
      }));
      return [{ benchmark, scenario, unit: first.metric.unit, rows, warnings: warningsOf(alike) }];
    }),
  );
}

const speed = ({ metric }: ComparedRun) => (metric.unit === 'ns' ? 1 / metric.value : metric.value);

function warningsOf(runs: readonly ComparedRun[]): readonly string[] {
  const distinct = (texts: readonly string[]) => [...new Set(texts.filter((text) => text !== ''))];
  const models = distinct(runs.map(({ model }) => model));
  const invalid = runs.filter(({ isValid }) => !isValid).length;
  return [
    ...(models.length < 2
      ? []
      : [`The models differ (${models.join(', ')}): these rates are not of the same work.`]),
    ...(invalid === 0 ? [] : [`${invalid} of ${runs.length} runs are INVALID: their figures prove nothing.`]),
  ];
}
