// Why a run cannot be part of an MLPerf submission, in words for people. Follows the rules of the v4.1 round for BERT.

import type { Label, Provenance } from './benchmark-config.js';
import { RULES_MIN_DURATION_MS } from './derive.js';
import { harnessSettingsSchema } from './schema.js';
import type { Selection, SettingKey } from './schema.js';
import type { Scenario } from './test-settings.js';

/** What the rules bound from below only: more is allowed. */
const leastKeys: readonly SettingKey[] = ['min_query_count', 'performance_sample_count_override'];

export interface SubmittableInput {
  readonly selection: Pick<Selection, 'quick' | 'fast'>;
  readonly scenario: Scenario;
  readonly values: ReadonlyMap<SettingKey, Provenance>;
  readonly layers: readonly {
    readonly isRules?: boolean;
    readonly settings: ReadonlyMap<SettingKey, { readonly value: unknown; readonly label?: Label }>;
  }[];
}

/** Every reason there is; empty = nothing in the settings speaks against it. */
export function reasonsNotSubmittable({ selection, scenario, values, layers }: SubmittableInput): string[] {
  const reasons: string[] = [];
  if (selection.quick) reasons.push('--quick run');
  if (selection.fast) reasons.push('--fast run');
  if (scenario === 'MultiStream') reasons.push('BERT has no MultiStream in the rules');
  if (Number(values.get('min_duration_ms')?.value) < RULES_MIN_DURATION_MS) {
    reasons.push(`min_duration_ms is ${String(values.get('min_duration_ms')?.value)}, the rules want 600000`);
  }
  reasons.push(...againstTheRules(values, layers));
  if (values.get('engine')?.value === 'null') reasons.push('the null engine computes nothing');
  if (isDefault(values, 'model')) reasons.push('the model is not the official BERT-Large');
  if (isDefault(values, 'data')) reasons.push('the data set is not the official SQuAD v1.1 development set');
  return reasons;
}

const isDefault = (values: SubmittableInput['values'], key: 'model' | 'data') =>
  values.get(key)?.value === harnessSettingsSchema.shape[key].parse(undefined);

/** Published values that a higher layer has replaced. */
function againstTheRules(values: SubmittableInput['values'], layers: SubmittableInput['layers']): string[] {
  const published = new Map<SettingKey, unknown>();
  for (const { settings, isRules } of layers) {
    if (isRules !== true) continue;
    for (const [key, { value, label }] of settings) {
      if (label === 'published') published.set(key, value);
    }
  }
  published.delete('min_duration_ms'); // has a reason of its own, published or not
  return [...published].flatMap(([key, rule]) => {
    const value = values.get(key)?.value;
    const isAllowed = leastKeys.includes(key) ? Number(value) >= Number(rule) : value === rule;
    return isAllowed ? [] : [`${key} is ${String(value)}, the rules want ${String(rule)}`];
  });
}
