// Settings that are right one by one, but not together.

import type { Provenance } from './benchmark-config.js';
import type { SettingKey } from './schema.js';

/** Every contradiction among merged settings, in words. */
export function contradictions(values: ReadonlyMap<SettingKey, Provenance>): string[] {
  const numberOf = (key: SettingKey) => values.get(key)?.value as number;
  const problems: string[] = [];
  for (const [least, most] of [
    ['min_duration_ms', 'max_duration_ms'],
    ['min_query_count', 'max_query_count'],
  ] as const) {
    if (numberOf(most) > 0 && numberOf(most) < numberOf(least)) {
      problems.push(
        `${most} must be 0 (no limit) or at least ${least} (${numberOf(least)}), got ${numberOf(most)}`,
      );
    }
  }
  if (
    values.get('performance_issue_unique')?.value === true &&
    values.get('performance_issue_same')?.value === true
  ) {
    problems.push('performance_issue_unique and performance_issue_same exclude each other; give one of them');
  }
  // A feature is [CLS] question [SEP] passage [SEP]; some passage must fit beside the longest question.
  const passage = numberOf('max_seq_length') - numberOf('max_query_length') - 3;
  if (passage < 1) {
    problems.push(
      `max_query_length must be at most max_seq_length - 4 (${numberOf('max_seq_length') - 4}), got ${numberOf('max_query_length')}`,
    );
  } else if (numberOf('doc_stride') > passage) {
    problems.push(
      `doc_stride must be at most max_seq_length - max_query_length - 3 (${passage}), or words would be skipped; got ${numberOf('doc_stride')}`,
    );
  }
  return problems;
}
