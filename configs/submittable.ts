// Why a run cannot be part of an MLPerf submission, in words for people. Follows the rules of the round that the run is for.

import type { Provenance } from './benchmark-config.js';
import { publishedRules } from './conf-files/conf-layers.js';
import { roundRulesOfBert, scenariosOfBert } from './rules/rounds.js';
import type { RulesRound } from './rules/rounds.js';
import { harnessSettingsSchema } from './schema.js';
import type { SettingKey } from './schema.js';
import type { Selection } from './selection.js';
import type { Scenario, TestMode } from './test-settings.js';

/** What the rules bound from below only: more is allowed. */
const leastKeys: readonly SettingKey[] = [
  'min_duration_ms',
  'min_query_count',
  'performance_sample_count_override',
];

export interface SubmittableInput {
  readonly selection: Pick<Selection, 'quick' | 'fast'>;
  readonly rules: RulesRound;
  readonly scenario: Scenario;
  readonly benchmark_full: 'bert-99' | 'bert-99.9';
  readonly test_modes: readonly TestMode[];
  readonly values: ReadonlyMap<SettingKey, Provenance>;
}

/** Every reason there is; empty = nothing in the settings speaks against it. */
export function reasonsNotSubmittable(input: SubmittableInput): string[] {
  const { selection, rules, scenario, benchmark_full, test_modes, values } = input;
  const reasons: string[] = [];
  if (selection.quick) reasons.push('--quick run');
  if (selection.fast) reasons.push('--fast run');
  if (!scenariosOfBert(roundRulesOfBert(rules), benchmark_full).includes(scenario))
    reasons.push(`${benchmark_full} has no ${scenario} in the rules of ${rules}`);
  if (test_modes.includes('FindPeakPerformance'))
    reasons.push('FindPeakPerformance searches, it does not prove');
  reasons.push(...againstTheRules(rules, scenario, values));
  if (values.get('engine')?.value === 'null') reasons.push('the null engine computes nothing');
  if (values.get('engine')?.value === 'tensorrt' && values.get('start_from_device')?.value === true)
    reasons.push('start_from_device leaves the copies between host and GPU out of the measured time');
  if (isDefault(values, 'model')) reasons.push('the model is not the official BERT-Large');
  if (isDefault(values, 'data')) reasons.push('the data set is not the official SQuAD v1.1 development set');
  return reasons;
}

const isDefault = (values: SubmittableInput['values'], key: 'model' | 'data') =>
  values.get(key)?.value === harnessSettingsSchema.shape[key].parse(undefined);

/** Rules that a higher layer, or an mlperf.conf of another round, has replaced. */
function againstTheRules(
  rules: RulesRound,
  scenario: Scenario,
  values: SubmittableInput['values'],
): string[] {
  return [...publishedRules(rules, scenario)].flatMap(([key, { value: rule }]) => {
    if (key.startsWith('test05_')) return []; // audits take them
    const value = values.get(key)?.value;
    const isAllowed = leastKeys.includes(key) ? Number(value) >= Number(rule) : value === rule;
    return isAllowed ? [] : [`${key} is ${String(value)}, the rules want ${String(rule)}`];
  });
}
