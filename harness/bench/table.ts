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
  const table = [['what', 'min', 'median', 'max', 'unit', 'aim', 'context'], ...cells];
  const widths = table[0]!.map((_unused, column) => Math.max(...table.map((line) => line[column]!.length)));
  return table
    .map((line) =>
      line
        .map((text, column) =>
          column >= 1 && column <= 3 ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(3)).toString();
}
