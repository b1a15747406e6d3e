// Two sides of a comparison as rows: the median of each, the median and the range of their ratio.

import { alignColumns, figure, type Spread } from '../table.js';

export interface PeerRow {
  readonly contest: string;
  readonly what: string;
  readonly unit: string;
  readonly ours: Spread;
  readonly theirs: Spread;
  /** Ours ÷ theirs, round by round. */
  readonly ratio: Spread;
  /** Of the ratio, or with a unit of our own figure. */
  readonly aim: string;
}

const HEAD = ['what', 'ours', 'theirs', 'unit', 'ours ÷ theirs', '(min – max)', 'aim'];

/** An aligned table for people; a line above the rows of each contest. */
export function formatPeerTable(rows: readonly PeerRow[]): string {
  const cells = rows.map(({ what, unit, ours, theirs, ratio, aim }) => [
    `  ${what}`,
    figure(ours.median),
    figure(theirs.median),
    unit,
    figure(ratio.median),
    `(${figure(ratio.min)} – ${figure(ratio.max)})`,
    aim,
  ]);
  const lines = alignColumns([HEAD, ...cells], [1, 2, 4]);
  return [
    lines[0]!,
    ...rows.flatMap(({ contest }, place) => [
      ...(contest === rows[place - 1]?.contest ? [] : [contest]),
      lines[place + 1]!,
    ]),
  ].join('\n');
}
