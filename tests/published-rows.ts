// The published configurations of NVIDIA's submissions (v0.7 to v4.1), as the golden file holds them: one row for each
// round, system, scenario and variant.

import { readFileSync } from 'node:fs';

/** A row by column name; an empty cell = the round does not say. */
export type CsvRow = Readonly<Record<string, string>>;

/** All rows of tests/golden/configs/bert-configs.csv. */
export function publishedRows(): readonly CsvRow[] {
  const [head = '', ...lines] = readFileSync('tests/golden/configs/bert-configs.csv', 'utf8')
    .trim()
    .split('\n');
  const columns = head.split(',');
  return lines.map((line) => {
    const cells = cellsOf(line);
    return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
  });
}

/** Cells may be quoted, and hold commas then. */
function cellsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
}

/** Rows in groups, in the order in which each group's first row stands. */
export function groupBy(
  rows: readonly CsvRow[],
  keyOf: (row: CsvRow) => string,
): ReadonlyMap<string, readonly CsvRow[]> {
  const groups = new Map<string, CsvRow[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
}

const rounds = ['v0.7', 'v1.0', 'v1.1', 'v2.0', 'v2.1', 'v3.0', 'v4.1'];

/**
 * The row that counts for each system, scenario and variant: of the rounds whose configuration was published, the last
 * with a submitted result, else the last.
 */
export function rowsThatCount(rows: readonly CsvRow[]): readonly CsvRow[] {
  const byRun = groupBy(rows, (row) => [row['system_id'], row['scenario'], row['config_ver']].join(' '));
  return [...byRun.values()].flatMap((ofRun) => {
    const inOrder = [...ofRun].sort(
      (a, b) => rounds.indexOf(a['round'] ?? '') - rounds.indexOf(b['round'] ?? ''),
    );
    const whole = inOrder.filter((row) => row['precision'] !== '');
    const submitted = whole.filter((row) => row['result'] !== '');
    const last = submitted.at(-1) ?? whole.at(-1) ?? inOrder.at(-1);
    return last === undefined ? [] : [last];
  });
}
