// A bench's figures as rows: minimum, median and maximum of its repetitions, what was aimed at, what others reach.

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface BenchRow extends Spread {
  readonly what: string;
  readonly unit: string;
  readonly aim: string;
  /** Published figures beside ours; not measured in this run. */
  readonly context: string;
}

/** Minimum, median and maximum. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    min: sorted[0] ?? NaN,
    median: sorted[Math.floor(sorted.length / 2)] ?? NaN,
    max: sorted.at(-1) ?? NaN,
  };
}

/** Top over bottom, round by round. */
export function ratios(top: readonly number[], bottom: readonly number[]): readonly number[] {
  return top.map((value, round) => value / bottom[round]!);
}

/** An aligned table for people. */
export function formatTable(rows: readonly BenchRow[]): string {
  const cells = rows.map((row) => [
    row.what,
    figure(row.min),
    figure(row.median),
    figure(row.max),
    row.unit,
    row.aim,
    row.context,
  ]);
  return alignColumns([['what', 'min', 'median', 'max', 'unit', 'aim', 'context'], ...cells], [1, 2, 3]).join(
    '\n',
  );
}

/** Lines of equal columns; those named in `right` end at the same place, the others begin there. */
export function alignColumns(
  table: readonly (readonly string[])[],
  right: readonly number[],
): readonly string[] {
  const columns = Math.max(...table.map((line) => line.length));
  const widths = Array.from({ length: columns }, (_unused, column) =>
    Math.max(...table.map((line) => (line[column] ?? '').length)),
  );
  return table.map((line) =>
    line
      .map((text, column) =>
        right.includes(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** Three significant digits, or whole with thousands. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(3)).toString();
}
