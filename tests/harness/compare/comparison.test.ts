// Runs against the first of their group, what was submitted, and how both are shown.

import { XMLParser } from 'fast-xml-parser';
import { describe, expect, test } from 'vitest';
import { compare } from '../../../harness/compare/comparison.js';
import { publishedRuns } from '../../../harness/compare/published-runs.js';
import { svgChart } from '../../../harness/compare/svg-chart.js';
import { csvText, markdownText, screenText } from '../../../harness/compare/text.js';
import { openCatalogue } from '../../../harness/gpu-systems.js';
import { aRun } from './runs.js';

const a100 = {
  ...aRun,
  system: 'A100-PCIex2',
  accelerators: 2,
  accelerator: 'A100-PCIe-40GB',
  metric: { value: 5800, unit: 'samples/s' as const },
};
const latency = (value: number) => ({
  ...aRun,
  scenario: 'SingleStream' as const,
  metric: { value, unit: 'ns' as const },
});

describe('a group', () => {
  test('holds the runs of one benchmark and scenario, in the order of the rules', () => {
    const groups = compare([
      { ...aRun, benchmark: 'bert-99.9' },
      aRun,
      { ...aRun, scenario: 'Server' },
      latency(6e6),
    ]);
    expect(groups.map(({ benchmark, scenario }) => `${benchmark} ${scenario}`)).toEqual([
      'bert-99 SingleStream',
      'bert-99 Server',
      'bert-99 Offline',
      'bert-99.9 Offline',
    ]);
  });

  test('compares rates with its first, whole machines and one accelerator of each', () => {
    const [group] = compare([aRun, a100]);
    expect(group?.rows.map(({ ofOne }) => ofOne)).toEqual([437.5, 2900]);
    expect(group?.rows[1]?.speedup).toBeCloseTo(5800 / 3500, 12);
    expect(group?.rows[1]?.speedupOfOne).toBeCloseTo(2900 / 437.5, 12);
  });

  test('calls half the latency twice as fast, whatever the number of accelerators', () => {
    const [group] = compare([latency(6e6), { ...latency(3e6), accelerators: 1 }]);
    expect(group?.rows[1]).toMatchObject({ speedup: 2, speedupOfOne: 2, ofOne: 3e6 });
  });

  test('warns of other models and of runs that prove nothing', () => {
    const [group] = compare([
      { ...aRun, model: 'BERT-Large' },
      { ...a100, model: 'minilm-qa 14b92349', isValid: false },
    ]);
    expect(group?.warnings).toEqual([
      'The models differ (BERT-Large, minilm-qa 14b92349): these rates are not of the same work.',
      '1 of 2 runs are INVALID: their figures prove nothing.',
    ]);
  });
});

test('what was submitted is the best of each GPU, each once', () => {
  const runs = publishedRuns(openCatalogue('.'));
  const keys = runs.map((run) => `${run.accelerator} ${run.benchmark} ${run.scenario}`);
  expect(new Set(keys).size).toBe(keys.length);
  // Of the published table: per GPU and, in brackets, the round.
  const offline = (accelerator: string, benchmark = 'bert-99') =>
    runs.find(
      (run) => run.accelerator === accelerator && run.scenario === 'Offline' && run.benchmark === benchmark,
    );
  expect(offline('H100-SXM-80GB')?.metric.value).toBeCloseTo(9369.12, 1);
  expect(offline('H100-SXM-80GB')?.source).toBe('submitted in v3.0');
  expect((offline('T4')?.metric.value ?? 0) / 20).toBeCloseTo(444.9, 0);
  expect((offline('A30', 'bert-99.9')?.metric.value ?? 0) / 8).toBeCloseTo(830.4, 0);
});

const groups = compare([
  { ...aRun, f1: 90.4, p99_ns: 5e9 },
  { ...a100, system: 'A<100>"&|', isValid: false },
  latency(6_459_832),
]);

test('the screen shows a table with bars', () => {
  expect(screenText(groups)).toMatchInlineSnapshot(`
    "bert-99 SingleStream (ms, less is better)

      system  accelerators  precision  model  result   of one   times first  times, of one  p99 ms  F1  verdict
      T4x8    8 × T4        int8              6.46 ms  6.46 ms  1 ×          1 ×                        VALID

    of one accelerator:
      T4x8  ████████████████████████████████████████ 6.46 ms

    bert-99 Offline (samples/s, more is better)

      system     accelerators        precision  model  result   of one    times first  times, of one  p99 ms  F1      verdict
      T4x8       8 × T4              int8              3500 /s  437.5 /s  1 ×          1 ×                    90.400  VALID
      A<100>"&|  2 × A100-PCIe-40GB  int8              5800 /s  2900 /s   1.66 ×       6.63 ×                         INVALID

    of one accelerator:
      T4x8       ██████ 437.5 /s
      A<100>"&|  ████████████████████████████████████████ 2900 /s INVALID

    1 of 2 runs are INVALID: their figures prove nothing.
    "
  `);
});

test('Markdown keeps its columns, whatever a system is called', () => {
  const lines = markdownText(groups)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  expect(new Set(lines.map((line) => line.replaceAll('\\|', '').split('|').length)).size).toBe(1);
  expect(markdownText(groups)).toContain('A<100>"&\\|');
});

test('CSV has plain numbers', () => {
  const [head, first, second] = csvText(groups).split('\n');
  expect(head).toMatch(/^benchmark,scenario,system,accelerators,/);
  expect(first).toBe('bert-99,SingleStream,T4x8,8,T4,int8,,,6459832,,1,1,,,true,logs/a');
  expect(second).toBe('bert-99,Offline,T4x8,8,T4,int8,,3500,,437.5,1,1,5000000000,90.4,true,logs/a');
});

test('the picture has a bar for each run, with names and figures', () => {
  const svg = svgChart(groups);
  const { svg: drawn } = new XMLParser({ ignoreAttributes: false }).parse(svg) as {
    readonly svg: { readonly rect: readonly unknown[] };
  };
  expect(drawn.rect).toHaveLength(1 + 3); // the ground, and a bar each
  expect(svg).toContain('A&lt;100&gt;&quot;&amp;|');
  expect(svg).toContain('2900 /s INVALID');
});
