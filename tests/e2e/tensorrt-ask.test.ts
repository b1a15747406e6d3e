// Questions to TensorRT plans that were built before. The program is the real one; driver and TensorRT are fakes
// (tests/fakes/native), which answer anything with logits of their own.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadrig, repository, temporaryFolder, type Environment } from '../built.js';
import { gpuMachine } from '../fakes/native/gpu-machine.js';
import { makeParts, missingTools } from '../fakes/native/native-parts.js';
import { tinyTensors, writeTinyBert } from '../fakes/tiny-bert.js';
import { capturedMachine } from '../systems/captured-machines.js';

const why = await missingTools();
const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'who', 'built', 'it', 'ada', 'quill', '?'];
const asking = ['-p', 'Ada Quill built it.', '-q', 'Who built it?', '--max_query_length=8'];

/** A model with a vocabulary, unlike those of other runs. */
function newModel(): string {
  const seed = BigInt(Date.now()) * 1000n + BigInt(Math.floor(Math.random() * 1000));
  const model = writeTinyBert(tinyTensors(seed));
  writeFileSync(join(model, 'vocab.txt'), `${vocabulary.join('\n')}\n`);
  return model;
}

describe.skipIf(why !== undefined)(`a plan${why === undefined ? '' : ` (not tested: ${why})`}`, () => {
  let onH100: Environment;
  const plan = join(temporaryFolder(), 'tiny.plan');
  const kept: string[] = [];
  beforeAll(async () => {
    await makeParts();
    onH100 = gpuMachine({
      nvidiaSmi: capturedMachine('h100').nvidiaSmi,
      device: 'NVIDIA H100 80GB HBM3|9.0|80',
    });
  }, 300_000);
  afterAll(() => {
    for (const folder of kept) rmSync(join(repository, folder), { recursive: true, force: true });
  });
  const ask = (engine: string, more: readonly string[] = [], environment: Environment = {}) =>
    loadrig(['ask', '-e', engine, ...asking, ...more], { ...onH100, ...environment });

  it('with its sidecar answers, for what it was built for', async () => {
    const engines = temporaryFolder();
    const shape = ['-b', '2', '-s', '16', '--fp16', '-o', plan, '--engines_dir', engines];
    const build = ['build', '--engine=tensorrt', '--model', newModel(), ...shape];
    expect((await loadrig(build, onH100)).exitCode).toBe(0);
    const { exitCode, stdout, stderr } = await ask(plan, ['-b', '2']);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('tensorrt fp16, profile batch')]);
    expect(stdout).toContain('Question: Who built it?\nAnswer: ');
    const tooMany = await ask(plan, ['-b', '3']);
    expect([tooMany.exitCode, tooMany.stderr]).toEqual([2, expect.stringMatching(/no profile for batch 3/)]);
  });

  it.each<readonly [string, Environment, RegExp]>([
    ['without a driver', { LD_LIBRARY_PATH: '' }, /CUDA driver was not found.*--engine=onnxruntime/s],
    ['without a GPU', { FAKE_CUDA_DEVICES: 'none' }, /CUDA_ERROR_NO_DEVICE.*nvidia-smi/s],
    ['without TensorRT', { TENSORRT_LIB: '/nowhere' }, /not found in \/nowhere.*TENSORRT_LIB/s],
    [
      'on another GPU',
      { FAKE_CUDA_DEVICES: 'NVIDIA A10|8.6|24' },
      /built for NVIDIA H100.*this is NVIDIA A10/,
    ],
    [
      'with another TensorRT',
      { FAKE_TENSORRT_VERSION: '101700' },
      /with TensorRT 10\.16\.0, this is .*10\.17/,
    ],
  ])('%s is refused with what to do: exit code 3', async (_where, environment, said) => {
    const { exitCode, stderr } = await ask(plan, [], environment);
    expect(stderr).toMatch(said);
    expect(exitCode).toBe(3);
  });

  it('in its folder among the engines answers with the model that it was built from, and no other', async () => {
    const model = newModel();
    const run = [
      '--engine=tensorrt',
      '--scenarios=Offline',
      '--offline_expected_qps=1',
      '--gpu_batch_size=2',
    ];
    const lengths = ['--max_seq_length=24', '--max_query_length=8', '--doc_stride=8', '--precision=fp16'];
    const { stderr: said } = await loadrig(
      ['--action=generate_engines', `--model=${model}`, ...run, ...lengths],
      onH100,
    );
    const folder = /kept in (build\/engines\/\S+)/.exec(said)?.[1] ?? said;
    kept.push(folder);
    const answered = await ask(folder, ['-m', model, '-s', '24']);
    expect([answered.exitCode, answered.stdout]).toEqual([0, expect.stringContaining('Answer: ')]);
    const longer = await ask(folder, ['-m', model, '-s', '32']);
    expect([longer.exitCode, longer.stderr]).toEqual([
      2,
      expect.stringMatching(/at most 24 tokens, got --sequence_length=32/),
    ]);
    const more = await ask(folder, ['-m', model, '-s', '24', '-b', '3']);
    expect([more.exitCode, more.stderr]).toEqual([2, expect.stringMatching(/at most 2, got --batch_size=3/)]);
    const other = await ask(folder, ['-m', newModel()]);
    expect([other.exitCode, other.stderr]).toEqual([2, expect.stringMatching(/other weights than/)]);
  });
});
