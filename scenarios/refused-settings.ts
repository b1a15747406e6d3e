// What no test can run, refused before it begins (loadgen.md 22).

import { ConfigError } from '../configs/errors.js';
import type { TestSettings } from '../configs/test-settings.js';
import type { QuerySampleLibrary } from './contract.js';

/**
 * Refuses a data set without samples, and settings that contradict each other.
 *
 * Differs from LoadGen, which divides by zero, never ends or throws out of its own code there. What only the generated queries
 * show is refused by generateQueries().
 *
 * @throws {ConfigError} with everything that is wrong.
 */
export function refuseImpossible(settings: TestSettings, qsl: QuerySampleLibrary): void {
  const problems: string[] = [];
  for (const key of ['totalSampleCount', 'performanceSampleCount'] as const) {
    const count = qsl[key];
    if (!(Number.isSafeInteger(count) && count > 0))
      problems.push(`${key} of ${qsl.name} must be a whole number of 1 or more, got ${count}`);
  }
  if (
    settings.scenario === 'MultiStream' &&
    settings.performance_issue_unique &&
    settings.sample_concatenate_permutation
  ) {
    problems.push(
      'performance_issue_unique and sample_concatenate_permutation exclude each other in MultiStream: there are fewer queries of different samples than one permutation asks for; give one of them',
    );
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
}
