// `loadrig build` from its arguments on, and `ask` with what it built.

import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { run as runAsk } from '../../../harness/ask/command.js';
import { run as runBuild } from '../../../harness/build/command.js';
import { callCommand } from '../../call-command.js';
import { loadrig, temporaryFolder } from '../../built.js';
import { tinyTensors, writeTinyBert } from '../../fakes/tiny-bert.js';

const checkpoints = 'tests/fixtures/checkpoints';
let folder = '';
let output = '';
let enginesDir = '';
let said = '';

beforeEach(() => {
  folder = temporaryFolder();
  output = join(folder, 'bert.engine');
  enginesDir = temporaryFolder();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** What a command prints and returns; what it says beside goes to `said`. */
function call(command: (argv: readonly string[]) => Promise<number>, argv: readonly string[]) {
  said = '';
  return callCommand(command, argv, (chunk) => (said += chunk));
}
const build = (...argv: readonly string[]) =>
  call(runBuild, [...argv, '-o', output, '--engines_dir', enginesDir]);
const ask = (...argv: readonly string[]) => call(runAsk, argv);

interface Printed {
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  readonly precision: string;
  readonly model: Readonly<Record<string, unknown>>;
  readonly profiles: readonly unknown[];
  readonly accepted_without_effect: readonly { readonly flag: string }[];
  readonly build: { readonly command: readonly string[]; readonly seconds: Record<string, number> };
}

describe('a build', () => {
  it.each([
    ['-m', 'tensorflow/model.ckpt-8144', 'tensorflow'],
    ['-x', 'onnx/model.onnx', 'onnx'],
    ['-pt', 'pytorch/pytorch_model.bin', 'pytorch'],
    ['--safetensors', 'safetensors-sharded', 'safetensors'],
    ['--model', 'pytorch-pruned', 'pytorch'],
  ])('takes %s %s', async (flag, source, kind) => {
    const { code, text } = await build(flag, join(checkpoints, source), '-s', '32', '--json');
    expect(code).toBe(0);
    const sidecar = JSON.parse(text) as Printed;
    expect(sidecar.model).toMatchObject({ kind, is_synthetic: false });
    expect(sidecar.files.map(({ name }) => name)).toEqual(['bert.engine']);
    expect(Object.keys(sidecar.build.seconds)).toEqual([
      'read the model',
      'write the graph',
      'optimise it',
      'hash the files',
      'place the engine',
    ]);
    expect(readdirSync(folder).sort()).toEqual(['bert.engine', 'bert.engine.json']);
  });

  it('takes a configuration that lies elsewhere', async () => {
    const elsewhere = join(folder, 'config');
    mkdirSync(elsewhere);
    for (const name of ['bert_config.json']) copyFileSync(join(checkpoints, 'tensorflow', name), join(elsewhere, name));
    const weights = join(folder, 'weights');
    cpSync(join(checkpoints, 'tensorflow'), weights, { recursive: true });
    rmSync(join(weights, 'bert_config.json'));
    await build('-m', join(weights, 'model.ckpt-8144'), '-c', elsewhere, '-s', '32');
    expect(readdirSync(folder)).toContain('bert.engine');
  });

  it('accepts every flag of builder.py and explains once what has no meaning here', async () => {
    const flags = '-b 1 -b 2 -s 16 -s 32 -f -i -t -w 1000 -j train.json -v vocab.txt -n 100 -p cache -g -iln -imh -tcf timing';
    const { text } = await build('-x', join(checkpoints, 'onnx-qat'), ...flags.split(' '), '--json');
    const sidecar = JSON.parse(text) as Printed;
    expect(sidecar.precision).toBe('int8');
    expect(sidecar.profiles).toHaveLength(4);
    const names = sidecar.accepted_without_effect.map(({ flag }) => flag);
    expect(names).toEqual(expect.arrayContaining(['--workspace_size', '--force_fc2_gemm', '--timing_cache_file']));
    for (const name of names) expect(said.split(`${name} changes nothing here`)).toHaveLength(2);
    expect(said).toContain('ranges of quantisation-aware training for 24 places');
  });

  it('of an unchanged model is not done twice; a changed file is replaced', async () => {
    const argv = ['--model', join(checkpoints, 'pytorch'), '-s', '32'];
    await build(...argv);
    const sidecar = readFileSync(`${output}.json`, 'utf8');
    expect((await build(...argv)).text).toContain('there already, unchanged');
    expect(readFileSync(`${output}.json`, 'utf8')).toBe(sidecar);
    appendFileSync(output, 'x');
    expect((await build(...argv)).text).toContain('from the engines built before');
    expect((await build(...argv)).text).toContain('there already, unchanged');
    expect((await build(...argv, '-b', '4')).text).toContain('from the engines built before');
  });

  it('tells what may be left, once another of its kind was built', async () => {
    const argv = ['--model', join(checkpoints, 'pytorch'), '-s', '32'];
    await build(...argv);
    expect(said).not.toContain('left');
    const file = join(enginesDir, 'build-times.json');
    const times = JSON.parse(readFileSync(file, 'utf8')) as { readonly seconds: Record<string, number> }[];
    expect(Object.keys(times[0]!.seconds)).toContain('optimise it');
    times[0]!.seconds['optimise it'] = 50;
    writeFileSync(file, JSON.stringify(times));
    await build('--model', join(checkpoints, 'safetensors-sharded'), '-s', '32');
    expect(said).toMatch(/optimise it \(about 5\d s left, estimated from an earlier build\)/);
  });

  it('waits for nobody who is gone, and leaves nothing of a build that was killed', async () => {
    writeFileSync(`${output}.lock`, `${hostname()} ${spawnSync('true').pid}`);
    writeFileSync(`${output}.tmp`, 'half an engi');
    await build('--model', join(checkpoints, 'pytorch'), '-s', '32');
    expect(readdirSync(folder).sort()).toEqual(['bert.engine', 'bert.engine.json']);
  });

  it('done twice at once is done in turn', async () => {
    const argv = ['build', '--model', join(checkpoints, 'onnx'), '-s', '16', '-o', output, '--engines_dir', enginesDir];
    const results = await Promise.all([loadrig(argv), loadrig(argv)]);
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const unchanged = results.filter(({ stdout }) => stdout.includes('there already, unchanged'));
    expect(unchanged).toHaveLength(1);
    expect(readdirSync(folder).sort()).toEqual(['bert.engine', 'bert.engine.json']);
  });
});

describe('a build is refused', () => {
  const pytorch = ['--model', join(checkpoints, 'pytorch')];
  it.each<readonly [string, readonly string[], string, RegExp]>([
    ['two sources', ['-m', 'a', '-x', 'b'], 'ConfigError', /--ckpt, --onnx: each gives the weights/],
    ['another kind than the flag says', ['-x', join(checkpoints, 'pytorch/pytorch_model.bin')], 'ConfigError', /is a pytorch file, onnx weights are wanted/],
    ['a profile with min > opt', [...pytorch, '-s', '16:8:32'], 'ConfigError', /min \(16\) is greater than opt \(8\)/],
    ['a length the model lacks', [...pytorch, '-s', '64'], 'ConfigError', /32 is the longest this model has/],
    ['two precisions', [...pytorch, '-f', '--precision=fp32'], 'ConfigError', /contradicts --fp16/],
    ['weights that are not sparse', [...pytorch, '-sp', '-s', '32'], 'ConfigError', /not 2:4 sparse: 12 matrices/],
    ['a folder as output', [...pytorch, '-s', '32', '-o', checkpoints], 'ConfigError', /is a folder/],
    ['a folder that cannot be made', [...pytorch, '-s', '32', '-o', '/proc/none/x'], 'SetupError', /cannot make the folder/],
    ['a model that is not there', ['-m', 'nowhere'], 'SetupError', /no such file or folder/],
  ])('%s', async (_what, argv, name, message) => {
    const refused = () => call(runBuild, argv.includes('-o') ? argv : [...argv, '-o', output]);
    await expect(refused()).rejects.toMatchObject({ name });
    await expect(refused()).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual([]);
  });
});

it('a model of NaN weights is refused by the tensor, and nothing is left of the build', async () => {
  const tensors = tinyTensors();
  const name = 'bert.encoder.layer.1.output.dense.weight';
  tensors.get(name)!.values[5] = NaN;
  const model = writeTinyBert(tensors);
  const refused = () => call(runBuild, ['--model', model, '-s', '16', '-o', output, '--engines_dir', enginesDir]);
  await expect(refused()).rejects.toMatchObject({ name: 'ConfigError' });
  await expect(refused()).rejects.toThrow(/encoder\.layer\.1\.output\.dense\.weight" holds 1 NaN or infinite/);
  expect(readdirSync(folder)).toEqual([]);
  expect(readdirSync(enginesDir)).toEqual([]);
});

describe('an engine file', () => {
  const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'who', 'built', 'it', 'ada', 'quill', '?'];
  const asking = ['-p', 'Ada Quill built it.', '-q', 'Who built it?', '--max_query_length=8', '--threads=1'];

  async function tinyEngine(...argv: readonly string[]): Promise<string> {
    const model = writeTinyBert();
    writeFileSync(join(model, 'vocab.txt'), `${vocabulary.join('\n')}\n`);
    await build('--model', model, ...argv);
    return model;
  }

  it('knows its model, its lengths and its vocabulary', async () => {
    await tinyEngine('-b', '1', '-b', '4', '-s', '16', '-s', '32');
    const { code, text } = await ask('-e', output, ...asking, '-b', '2', '-s', '14');
    expect(code).toBe(0);
    expect(text).toContain('Question: Who built it?');
    expect(said).toContain('profile batch 1:4:4, length 1:16:16');
  });

  it('without its sidecar is run as any ONNX model is, with the vocabulary of --model or --vocab_file', async () => {
    const model = await tinyEngine('-s', '32');
    const asked = await ask('-e', output, ...asking, '--json');
    rmSync(`${output}.json`);
    await expect(ask('-e', output, ...asking)).rejects.toThrow(/no vocab\.txt beside it; name its vocabulary/);
    const again = await ask('-e', output, ...asking, '--json', '-m', model);
    expect(said).toContain('input_ids (int32), token_type_ids (int32) → logits');
    const answersOf = (text: string) => (JSON.parse(text) as { readonly answers: unknown }).answers;
    expect(answersOf(again.text)).toEqual(answersOf(asked.text));
    const vocabulary = ['-v', join(model, 'vocab.txt')];
    expect((await ask('-e', output, ...asking, ...vocabulary, '-s', '32')).code).toBe(0);
    await expect(ask('-e', output, ...asking, ...vocabulary, '--precision=fp32')).rejects.toThrow(/run as it is/);
    copyFileSync('tests/fixtures/foreign-onnx/fixed.onnx', output);
    await expect(ask('-e', output, ...asking, ...vocabulary, '-s', '17')).rejects.toThrow(/at most 16/);
    expect(said).toContain('made for batch 2, length 16 alone');
  });

  it('is refused for what it was not built for, and beside flags that contradict it', async () => {
    const model = await tinyEngine('-b', '4', '-s', '16');
    await expect(ask('-e', output, ...asking, '-b', '5')).rejects.toThrow(/no profile for batch 5 and length 16/);
    await expect(ask('-e', output, ...asking, '-s', '17')).rejects.toThrow(/at most 16/);
    await expect(ask('-e', output, ...asking, '-m', model)).rejects.toThrow(/leave out --model/);
    await expect(ask('-e', output, ...asking, '--precision=int8')).rejects.toThrow(/is fp32; leave out/);
  });

  it('that was changed, or belongs to another runtime or processor, is refused before it is loaded', async () => {
    await tinyEngine('-s', '16');
    const sidecar = readFileSync(`${output}.json`, 'utf8');
    const rewrite = (from: RegExp, to: string) => writeFileSync(`${output}.json`, sidecar.replace(from, to));
    rewrite(/onnxruntime-node [\d.]+/, 'onnxruntime-node 1.0.0');
    await expect(ask('-e', output, ...asking)).rejects.toThrow(/built with onnxruntime-node 1\.0\.0, this is/);
    rewrite(/"processor": "[^"]*"/, '"processor": "Another CPU"');
    await expect(ask('-e', output, ...asking)).rejects.toThrow(/built on Another CPU/);
    rewrite(/loadrig-engine 1/, 'something');
    await expect(ask('-e', output, ...asking)).rejects.toThrow(/does not describe an engine/);
    writeFileSync(`${output}.json`, sidecar);
    appendFileSync(output, 'x');
    await expect(ask('-e', output, ...asking)).rejects.toThrow(/bert\.engine has changed since it was built/);
  });
});
