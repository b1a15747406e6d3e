// `loadrig ask` from its arguments on: answers of the default model, and what bad input is told.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { run } from '../../../harness/ask/command.js';
import { callCommand } from '../../call-command.js';

const folder = mkdtempSync(join(tmpdir(), 'loadrig-ask-'));
const inFolder = (name: string) => join(folder, name);
const small = 'tests/fixtures/squad/small.json';

/** What the command prints, and its exit code. */
const ask = (...argv: readonly string[]) => callCommand(run, argv);

afterEach(() => {
  vi.restoreAllMocks();
});

const demoPassage =
  'TensorRT is a high performance deep learning inference platform that delivers low latency and high throughput for apps such as recommenders, speech and image/video on NVIDIA GPUs. ' +
  'It includes parsers to import models, and plugins to support novel ops and layers before applying optimizations for inference. ' +
  'Today NVIDIA is open-sourcing parsers and plugins in TensorRT so that the deep learning community can customize and extend these components to take advantage of powerful TensorRT optimizations for your apps.';

interface Printed {
  readonly answers: readonly {
    readonly answer: string;
    readonly probability: number;
    readonly n_best: readonly { readonly text: string }[];
  }[];
}

describe('the two questions of the TensorRT BERT demo', () => {
  it.each(['fp32', 'int8'])('get the golden answers of the default model in %s', async (precision) => {
    const { code, text } = await ask(
      ...['-p', demoPassage, '-q', 'What is TensorRT?', '-q', 'What is included in TensorRT?'],
      ...['--precision', precision, '--threads', '1', '--json'],
    );
    const { answers } = JSON.parse(text) as Printed;
    expect(code).toBe(0);
    expect(answers.map(({ answer }) => answer)).toEqual([
      'high performance deep learning inference platform',
      'parsers',
    ]);
    expect(answers[0]!.n_best[1]!.text).toBe('a high performance deep learning inference platform');
    expect(answers[1]!.n_best[1]!.text).toBe('parsers to import models, and plugins');
    expect(answers[1]!.probability).toBeCloseTo(0.83, 1);
  });
});

describe('a SQuAD file', () => {
  it('becomes predictions and n-best lists, and its score decides the exit code', async () => {
    const out = inFolder('predictions.json');
    const { code, text } = await ask('-sq', small, '-o', out, '--limit=2', '--threads=1', '--min_f1=100');
    const predictions = JSON.parse(readFileSync(out, 'utf8')) as Record<string, string>;
    expect(predictions).toEqual({ 'harbour-opened': '1874', 'lighthouse-builder': 'Ada Quill' });
    const nBest = JSON.parse(readFileSync(inFolder('nbest_predictions.json'), 'utf8')) as Record<
      string,
      readonly { readonly text: string }[]
    >;
    expect(nBest['harbour-opened']![0]!.text).toBe('1874');
    expect(code).toBe(0);
    expect(text).toContain('PASSED: F1 100.000, at least 100.000 wanted');
  });

  it('leaves the times of every question in a file, and prints their percentiles', async () => {
    const file = inFolder('latencies.csv');
    const argv = ['-sq', small, '-o', inFolder('p.json'), '--limit=2', '--threads=1', '--latency_file', file];
    const { text } = await ask(...argv);
    const [head, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(head).toBe('question,samples,tokenize_ms,inference_ms,project_ms,total_ms');
    expect(lines.map((line) => line.split(',')[0])).toEqual(['harbour-opened', 'lighthouse-builder']);
    for (const line of lines) {
      const [, samples, ...times] = line.split(',').map(Number);
      expect(samples).toBe(1);
      const [tokenize = 0, inference = 0, project = 0, total = 0] = times;
      expect(Math.min(tokenize, inference, project)).toBeGreaterThan(0);
      expect(total).toBeCloseTo(tokenize + inference + project, 3);
    }
    expect(text).toMatch(/ms per question +p50 +p90 +p99 +max\ntokenize /u);
    expect(text).toContain(`${file} written`);
  });

  it('of v2.0 gets null odds and the scores of both kinds', async () => {
    const file = inFolder('v2.json');
    const qas = [
      {
        id: 'yes',
        question: 'Who built the lighthouse?',
        is_impossible: false,
        answers: [{ text: 'Ada Quill' }],
      },
      { id: 'no', question: 'What is the depth of the sea?', is_impossible: true, answers: [] },
    ];
    const context = 'Ada Quill built the lighthouse in 1874.';
    writeFileSync(file, JSON.stringify({ version: 'v2.0', data: [{ paragraphs: [{ context, qas }] }] }));
    const argv = ['-sq', file, '-o', inFolder('v2-predictions.json'), '--threads=1', '--json'];
    const { text } = await ask(...argv, '--null_score_diff_threshold=-1e6');
    const { figures } = JSON.parse(text) as { readonly figures: Record<string, number> };
    expect(figures).toMatchObject({ exact: 50, HasAns_total: 1, NoAns_exact: 100, unanswered_count: 0 });
    const odds = JSON.parse(readFileSync(inFolder('null_odds_v2-predictions.json'), 'utf8')) as Record<
      string,
      number
    >;
    expect(Object.keys(odds)).toEqual(['yes', 'no']);
  });

  it('scores a predictions file alone, with exit code 6 below what is required', async () => {
    const file = inFolder('given.json');
    writeFileSync(file, JSON.stringify({ 'harbour-opened': '1874', 'lighthouse-builder': 'nobody' }));
    const argv = ['--score', file, '-sq', small, '--limit=2'];
    expect((await ask(...argv, '--min_em=50.5', '--tolerance=0.5')).code).toBe(0);
    const failed = await ask(...argv, '--min_em=50.5');
    expect(failed.code).toBe(6);
    expect(failed.text).toContain('FAILED: exact match 50.000');
    expect((await ask(...argv, '--relative_to', file, '--at_least=100%')).code).toBe(0);
  });
});

describe('bad input', () => {
  const asking = ['-p', 'Some passage.', '-q', 'What?'];
  const bigVocabulary = inFolder('big-vocab.txt');
  const pieces = ['[UNK]', '[CLS]', '[SEP]', ...Array.from({ length: 30_520 }, (_unused, i) => `w${i}`)];
  writeFileSync(bigVocabulary, pieces.join('\n'));
  writeFileSync(inFolder('not-squad.json'), '{"rows": []}');
  writeFileSync(inFolder('empty.txt'), ' \n');

  it.each<readonly [string, readonly string[], string, RegExp]>([
    ['an unknown flag', ['--pasage=x'], 'ConfigError', /unknown flag --pasage.*did you mean "?--passage/su],
    [
      'a vocabulary that is too large',
      [...asking, '-v', bigVocabulary],
      'ConfigError',
      /30523 pieces.*30522/u,
    ],
    [
      'a sequence longer than the model has',
      [...asking, '-s', '513'],
      'ConfigError',
      /at most 512.*got 513/u,
    ],
    ['a sequence too short for a question', [...asking, '-s', '20'], 'ConfigError', /at least 68/u],
    ['a batch of nothing', [...asking, '-b', '0'], 'ConfigError', /--batch_size must be a whole number/u],
    ['two passages', ['-p', 'a', '-pf', 'b', '-q', 'c'], 'ConfigError', /keep one of them/u],
    ['an empty passage', ['-pf', inFolder('empty.txt'), '-q', 'c'], 'ConfigError', /no passage: .*is empty/u],
    ['an empty question', ['-p', 'a', '-q', ' '], 'ConfigError', /--question number 1 is empty/u],
    [
      'a question file without questions',
      ['-p', 'a', '-qf', inFolder('empty.txt')],
      'ConfigError',
      /no question in it/u,
    ],
    [
      'a passage file that is not there',
      ['-pf', inFolder('none'), '-q', 'c'],
      'SetupError',
      /--passage_file: cannot read/u,
    ],
    [
      'a file that is not SQuAD',
      ['-sq', inFolder('not-squad.json')],
      'ConfigError',
      /not SQuAD v1\.1 or v2\.0/u,
    ],
    ['a SQuAD file that is not there', ['-sq', inFolder('none')], 'SetupError', /--squad-json=FILE/u],
    [
      'an output that cannot be written',
      ['-sq', small, '-o', inFolder('no/such/p.json')],
      'SetupError',
      /cannot write into/u,
    ],
    [
      'a passage beside a SQuAD file',
      ['-sq', small, '-p', 'a'],
      'ConfigError',
      /--passage: not with --squad_json/u,
    ],
    [
      'a file of latencies where nothing is run',
      ['--score', 'p.json', '-sq', small, '--latency_file=l.csv'],
      'ConfigError',
      /--latency_file: not with --score/u,
    ],
    ['a limit without a SQuAD file', [...asking, '--limit=3'], 'ConfigError', /only with --squad_json/u],
    [
      'a null threshold for v1.1',
      ['-sq', small, '-o', inFolder('p'), '--null_score_diff_threshold=1'],
      'ConfigError',
      /v1\.1, where every/u,
    ],
    [
      'a share of nothing',
      ['-sq', small, '--relative_to=x', '--at_least=120%'],
      'ConfigError',
      /--at_least must be a share/u,
    ],
    [
      'an engine file that is not there',
      [...asking, '-e', inFolder('none.onnx')],
      'SetupError',
      /no such file/u,
    ],
    [
      'an engine file that is none',
      [...asking, '-e', small.replace('small', './small')],
      'ConfigError',
      /was not built by .*has no vocab\.txt beside it/u,
    ],
    ['an engine that computes nothing', [...asking, '-e', 'null'], 'ConfigError', /no answers/u],
  ])('%s', async (_what, argv, name, message) => {
    const asked = ask(...argv);
    await expect(asked).rejects.toMatchObject({ name });
    await expect(asked).rejects.toThrow(message);
  });
});
