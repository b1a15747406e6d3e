// Reads mlperf_log_summary.txt, of ours and of the official LoadGen of any round: what was measured, and the verdict.

import { scenarios } from '../../configs/test-settings.js';
import type { Scenario } from '../../configs/test-settings.js';

/** The figure that a scenario is judged by. */
export interface Metric {
  /** Samples per second, or the judged percentile of the latency in ns. */
  readonly value: number;
  readonly unit: 'samples/s' | 'ns';
}

export interface Summary {
  readonly scenario: Scenario;
  readonly mode: string;
  readonly metric: Metric | undefined;
  readonly isValid: boolean;
  readonly p50_ns: number | undefined;
  readonly p99_ns: number | undefined;
}

/** The content of a summary; undefined where the text is none (a log that ends early, another file). */
export function readSummary(text: string): Summary | undefined {
  const lines = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^\s*(.+?)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    // The first of each counts: the parameters below repeat some words.
    if (key !== undefined && value !== undefined && !lines.has(key)) lines.set(key, value);
  }
  const scenario = scenarioOf(lines.get('Scenario'));
  const verdict = lines.get('Result is');
  if (scenario === undefined || verdict === undefined) return undefined;
  const number = (key: string) => {
    const value = Number(lines.get(key) ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const metric = metricOf(scenario, number, [...lines.keys()]);
  return {
    scenario,
    mode: lines.get('Mode') ?? '',
    metric,
    isValid: verdict === 'VALID',
    p50_ns: number('50.00 percentile latency (ns)'),
    p99_ns: number('99.00 percentile latency (ns)'),
  };
}

/** Rounds before v1.1 write them in words: Single Stream. */
const scenarioOf = (text = ''): Scenario | undefined =>
  scenarios.find((each) => each.toLowerCase() === text.toLowerCase().replace(/[\s-]/g, ''));

function metricOf(
  scenario: Scenario,
  number: (key: string) => number | undefined,
  keys: readonly string[],
): Metric | undefined {
  const rate = (...names: readonly string[]): Metric | undefined => {
    const value = names.map(number).find((each) => each !== undefined);
    return value === undefined ? undefined : { value, unit: 'samples/s' };
  };
  switch (scenario) {
    case 'Offline':
      return rate('Samples per second');
    case 'Server':
      // What was completed, where the round tells it; older ones judge the rate of the schedule.
      return rate('Completed samples per second', 'Scheduled samples per second');
    case 'SingleStream':
    case 'MultiStream': {
      const key = keys.find((each) => /^\d+(\.\d+)?th percentile latency \(ns\)$/.test(each));
      const value = key === undefined ? undefined : number(key);
      return value === undefined ? undefined : { value, unit: 'ns' };
    }
  }
}
