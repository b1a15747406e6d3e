// Whether scores are good enough: in percent, or as a share of another model's F1.

import { ConfigError } from '../../configs/errors.js';
import type { AskFlags } from './flags.js';

/** Both in percent. */
export interface Scores {
  readonly exact_match: number;
  readonly f1: number;
}

export interface Check {
  readonly passed: boolean;
  /** `F1 71.9 is at least 71.2 (99% of 71.9): PASSED` */
  readonly line: string;
}

export type Requirements = Pick<AskFlags, 'min_f1' | 'min_em' | 'tolerance' | 'at_least' | 'relative_to'>;

/** A share as 99%, 99.9% or 0.99. @throws {ConfigError} */
export function readShare(text: string): number {
  const [, digits, sign] = /^(\d+\.?\d*)\s*(%?)$/u.exec(text.trim()) ?? [];
  const share = Number(digits) / (sign === '%' ? 100 : 1);
  if (share > 0 && share <= 1) return share;
  throw new ConfigError(
    `--at_least must be a share of more than 0% and at most 100%, got "${text}"; for example 99%`,
  );
}

/** @throws {ConfigError} for requirements that cannot be meant. */
export function checkRequirements({ min_f1, min_em, tolerance, at_least, relative_to }: Requirements): void {
  const problems: string[] = [];
  for (const [name, value] of Object.entries({ min_f1, min_em, tolerance })) {
    if (value !== undefined && !(value >= 0 && value <= 100))
      problems.push(`--${name} must be 0 to 100, got ${value}`);
  }
  if (at_least !== undefined && relative_to === undefined)
    problems.push('--at_least needs --relative_to=FILE, the predictions to compare with');
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  if (at_least !== undefined) readShare(at_least);
}

/** One check per requirement; none where nothing is required. */
export function checkScores(
  scores: Scores,
  { min_f1, min_em, tolerance = 0, at_least = '99%' }: Requirements,
  reference: Scores | undefined,
): readonly Check[] {
  const check = (name: string, value: number, least: number, why: string): Check => {
    const passed = value >= least;
    const word = passed ? 'PASSED' : 'FAILED';
    return {
      passed,
      line: `${word}: ${name} ${value.toFixed(3)}, at least ${least.toFixed(3)} wanted${why}`,
    };
  };
  const why = tolerance === 0 ? '' : ` (tolerance ${tolerance})`;
  return [
    ...(min_f1 === undefined ? [] : [check('F1', scores.f1, min_f1 - tolerance, why)]),
    ...(min_em === undefined ? [] : [check('exact match', scores.exact_match, min_em - tolerance, why)]),
    ...(reference === undefined
      ? []
      : [
          check(
            'F1',
            scores.f1,
            reference.f1 * readShare(at_least),
            ` (${at_least} of ${reference.f1.toFixed(3)})`,
          ),
        ]),
  ];
}
