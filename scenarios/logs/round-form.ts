// What the logs of a round call a percentile: LoadGen wrote `90th` up to v4.1 and writes `90.0th` since v5.0. The scripts of each
// round read only their own form.

import { percentileLabelDigits, type RulesRound } from '../../configs/rules/rounds.js';
import { formatFixed } from '../c-format.js';

/** A text of today's LoadGen in the form of `round`. */
export function inFormOf(round: RulesRound, text: string): string {
  const digits = percentileLabelDigits(round);
  return text.replaceAll(
    /(\d+\.\d)th (?=percentile|first token percentile)/g,
    (_label, percentile: string) => `${formatFixed(Number(percentile), digits)}th `,
  );
}
