// `loadrig perf`: what it prints and writes, on a GPU, a driver and a TensorRT that are fakes (tests/fakes/native). Nothing is said
// of speed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { importBuilt, loadrig, repository, temporaryFolder, type Environment } from '../built.js';
import { writeAnswers, writeAnswersTo } from '../fakes/native/answers.js';
import { gpuMachine } from '../fakes/native/gpu-machine.js';
import { makeParts, missingTools } from '../fakes/native/native-parts.js';
import { capturedMachine } from '../systems/captured-machines.js';
import { readJson } from './run-files.js';

const why = await missingTools();
const data = 'tests/fixtures/squad/small.json';
const model = 'data/models/minilm-qa';
const LENGTH = 64;
const madeUp = join(temporaryFolder(), 'made-up');
const ofData = join(temporaryFolder(), 'of-data');
const onH100 = (answers: string): Environment => ({
  ...gpuMachine({ nvidiaSmi: capturedMachine('h100').nvidiaSmi, device: 'NVIDIA H100 80GB HBM3|9.0|80' }),
  FAKE_TENSORRT_ANSWERS: answers,
});
const short = ['--duration=0.05', '--warm_up=1', '--rounds=2'];
const perf = (answers: string, ...flags: readonly string[]): ReturnType<typeof loadrig> =>
  loadrig(['perf', `--model=${model}`, '--precision=fp16', ...short, ...flags], onH100(answers));

/** A CSV file as one record per row. */
function recordsOf(file: string): readonly Readonly<Record<string, string>>[] {
  const [head = [], ...rows] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  return rows.map((cells) =>
    Object.fromEntries(cells.map((cell, place): readonly [string, string] => [head[place]!, cell])),
  );
}

describe.skipIf(why !== undefined)(`perf${why === undefined ? '' : ` (not tested: ${why})`}`, () => {
  beforeAll(async () => {
    await makeParts();
    const { madeUpSamples } = await importBuilt<typeof import('../../engines/made-up-samples.js')>(
      'engines/made-up-samples.js',
    );
    const { vocab_size } = readJson(join(model, 'config.json'));
    await writeAnswers(madeUp, model, madeUpSamples(Number(vocab_size), LENGTH));
    await writeAnswersTo(data, ofData, model);
  }, 300_000);

  it('of fixed shapes builds for each alone, and writes its table, every query and every layer', async () => {
    const out = temporaryFolder();
    const files = {
      csv: join(out, 'table.csv'),
      times: join(out, 'times.csv'),
      profile: join(out, 'layers.json'),
    };
    const { exitCode, stdout, stderr } = await perf(
      madeUp,
      ...['-b', '1,2', '-s', String(LENGTH), '--use_graph', '--no_variable_length'],
      ...[`--csv=${files.csv}`, `--export_times=${files.times}`, `--export_profile=${files.profile}`],
    );
    expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
    const line = (batch: number): RegExp =>
      new RegExp(
        `^${batch} × ${LENGTH}: [\\d.]+ samples/s, \\d+ queries; median ms: enqueue .* latency .*p99`,
        'm',
      );
    expect(stdout).toMatch(line(1));
    expect(stdout).toMatch(line(2));
    const rows = recordsOf(files.csv);
    expect(rows.map(({ batch_size, sequence_length }) => [batch_size, sequence_length])).toEqual([
      ['1', '64'],
      ['2', '64'],
    ]);
    for (const row of rows) {
      expect(Number(row['compute_median_ms'])).toBeGreaterThan(0);
      expect(Number(row['latency_p99_ms'])).toBeGreaterThanOrEqual(Number(row['latency_median_ms']));
    }
    const times = recordsOf(files.times);
    expect(times).toHaveLength(Number(rows[0]?.['queries']));
    for (const { h2d_ms, compute_ms, d2h_ms, latency_ms } of times)
      expect(Number(latency_ms)).toBeCloseTo(Number(h2d_ms) + Number(compute_ms) + Number(d2h_ms), 3);
    const { engine, layers } = readJson(files.profile) as {
      readonly engine: string;
      readonly layers: unknown[];
    };
    expect(layers.length).toBeGreaterThan(0);
    const { built_from } = readJson(join(repository, 'build', 'engines', engine, 'engine.json')) as {
      readonly built_from: { readonly options: { readonly profiles: readonly (readonly object[])[] } };
    };
    const shape = [1, LENGTH];
    expect(built_from.options.profiles).toEqual([
      ['input_ids', 'token_type_ids', 'attention_mask'].map((tensor) => ({
        tensor,
        min: shape,
        opt: shape,
        max: shape,
      })),
    ]);
  });

  it.each([
    [
      'SingleStream',
      madeUp,
      ['-b', '1', '-s', String(LENGTH), '--no_variable_length'],
      'single_stream_p50_us',
    ],
    ['Offline', ofData, ['-b', '4', `--data=${data}`], 'offline_samples_per_second'],
  ] as const)(
    'compares with LoadGen’s %s, by turns on the open engine',
    async (scenario, answers, flags, column) => {
      const csv = join(temporaryFolder(), 'table.csv');
      const { exitCode, stdout, stderr } = await perf(answers, ...flags, '--loadgen', `--csv=${csv}`);
      expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
      expect(stdout).toMatch(new RegExp(`LoadGen ${scenario} .* 2 rounds by turns`));
      const [row] = recordsOf(csv);
      expect(row?.['loadgen_rounds']).toBe('2');
      const [median, least, most] = ['', '_min', '_max'].map((end) => Number(row?.[`${column}${end}`]));
      expect(least).toBeGreaterThan(0);
      expect(median).toBeGreaterThanOrEqual(least!);
      expect(most).toBeGreaterThanOrEqual(median!);
    },
  );

  it('prints JSON alone where that is asked for', async () => {
    const { stdout } = await perf(madeUp, '-b', '1', '-s', String(LENGTH), '--no_variable_length', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      percentile_method: 'trtexec',
      engine: { engine: 'tensorrt', precision: 'fp16' },
      rows: [{ batch_size: 1, sequence_length: LENGTH, times: { compute_ms: { percentiles: {} } } }],
    });
  });

  it.each([
    ['batches beside SingleStream', ['-b', '4', '--loadgen'], /one sample at a time: --batch_size=1, got 4/],
    ['no batch', ['-b', '0'], /--batch_size must be positive numbers/],
  ] as const)('of %s is refused with what to do', async (_what, flags, said) => {
    const { exitCode, stderr } = await perf(madeUp, ...flags);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(said)]);
  });
});
