// Megatron's BERT, as transformers and as NVIDIA's demo keep it, against what transformers computes with it.

import { cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { ConfigError } from '../../../configs/errors.js';
import { openCheckpoint } from '../../../engines/bert/checkpoint.js';
import { placements, type GraphOptions } from '../../../engines/bert/graph-options.js';
import { buildBertGraph } from '../../../engines/bert/graph.js';
import { symmetricRanges } from '../../../engines/bert/ranges.js';
import { underBertNames } from '../../../engines/bert/weights/megatron.js';
import type { StoredTensor } from '../../../engines/bert/weights/weight-source.js';
import { openGraphSession } from '../../../engines/calibration/graph-session.js';
import { temporaryFolder } from '../../built.js';
import { tokenizedSamples } from '../../fakes/tokenized-samples.js';

const folder = 'tests/fixtures/checkpoints';
const { input_ids } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  readonly input_ids: readonly number[];
};
const { start_logits, end_logits, ranges } = JSON.parse(
  readFileSync(join(folder, 'expected_megatron.json'), 'utf8'),
) as {
  readonly start_logits: readonly number[];
  readonly end_logits: readonly number[];
  readonly ranges: Readonly<Record<string, number>>;
};
const pickles = [2, 4, 5].map((protocol) => `megatron-pickle/weights-${protocol}.pkl`);

const samples = tokenizedSamples([{ ids: input_ids, segmentStart: 4 }]);

async function differenceOf(model: string, optionsOf: () => GraphOptions): Promise<number> {
  using checkpoint = openCheckpoint(join(folder, model));
  await using session = await openGraphSession(buildBertGraph(checkpoint, optionsOf()), {
    threads: 1,
    emulateQuantization: true,
  });
  const { logits = new Float32Array() } = await session.run(samples, 0, ['logits']);
  const expected = start_logits.flatMap((start, token) => [start, end_logits[token]!]);
  expect(logits).toHaveLength(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(logits[i]! - value)));
}

describe("Megatron's BERT", () => {
  it.each(['megatron', ...pickles])('%s gives the logits of transformers', async (model) => {
    expect(await differenceOf(model, () => ({ precision: 'fp32' }))).toBeLessThan(1e-5);
  });

  it.each<readonly [string, number, () => GraphOptions]>([
    ['fp16', 0.01, () => ({ precision: 'fp16' })],
    ['dynamic int8', 0.1, () => ({ precision: 'int8-dynamic', storedWeights: 'uint8' })],
    [
      'int8',
      0.4,
      () => ({
        precision: 'int8',
        quantization: {
          ranges: symmetricRanges(
            new Map(Object.keys(ranges).map((place) => [place, place.endsWith('probabilities') ? 1 : 6])),
          ),
          placement: placements.everywhere,
        },
      }),
    ],
  ])('in %s stays within %d of fp32', async (_name, tolerance, optionsOf) => {
    const difference = await differenceOf('megatron', optionsOf);
    expect(difference).toBeLessThan(tolerance);
    expect(difference).toBeGreaterThan(1e-6);
  });

  it.each(pickles)('%s keeps the ranges of training bit for bit', (model) => {
    using checkpoint = openCheckpoint(join(folder, model));
    expect(checkpoint).toMatchObject({ kind: 'pickle', normalisesFirst: true });
    expect(Object.fromEntries(checkpoint.quantization?.activations ?? [])).toEqual(ranges);
    const weights = checkpoint.quantization?.weights;
    for (const part of ['query', 'key', 'value']) {
      const name = `encoder.layer.1.attention.self.${part}.weight`;
      const { values, columns } = checkpoint.matrix(name);
      const rows = Array.from({ length: 16 }, (_unused, row) =>
        Math.max(...Array.from(values.subarray(row * columns, (row + 1) * columns), Math.abs)),
      );
      expect(weights?.get(name), name).toEqual(Float32Array.from(rows));
    }
    expect(weights?.get('encoder.layer.0.output.dense.weight')).toHaveLength(1);
  });

  it('is refused where config.json says megatron-bert and the weights are those of a BERT', () => {
    const copy = temporaryFolder();
    cpSync(join(folder, 'safetensors-sharded'), copy, { recursive: true });
    const config = JSON.parse(readFileSync(join(copy, 'config.json'), 'utf8')) as object;
    writeFileSync(join(copy, 'config.json'), JSON.stringify({ ...config, model_type: 'megatron-bert' }));
    expect(() => openCheckpoint(copy)).toThrow(/model_type is megatron-bert, the names of the weights are/);
  });

  it("in Megatron-LM's own file is refused, with how to convert it", () => {
    const tensor: StoredTensor = { dtype: 'F32', shape: [1] };
    const source = {
      kind: 'pytorch' as const,
      files: ['model_optim_rng.pt'],
      tensors: new Map([['encoder.layers.0.mlp.dense_h_to_4h.weight', tensor]]),
      read: () => new Uint8Array(4),
      [Symbol.dispose]: () => undefined,
    };
    expect(() => underBertNames(source)).toThrow(/convert_megatron_bert_checkpoint/);
  });
});

describe('a pickle of arrays', () => {
  const [, whole = ''] = pickles;
  const bytes = readFileSync(join(folder, whole));
  const copyWith = (content: Buffer): string => {
    const copy = temporaryFolder();
    cpSync(join(folder, 'megatron-pickle/bert_config.json'), join(copy, 'bert_config.json'));
    writeFileSync(join(copy, 'weights.pkl'), content);
    return copy;
  };
  const refusal = (content: Buffer): string => {
    try {
      openCheckpoint(copyWith(content));
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as Error).message;
    }
    throw new Error('it was opened');
  };
  const patched = (from: string, to: string): Buffer => {
    expect(to).toHaveLength(from.length);
    const text = bytes.toString('latin1');
    expect(text).toContain(from);
    return Buffer.from(text.replace(from, to), 'latin1');
  };

  it('is found in its folder, and without an ending where it is called a pickle', () => {
    const copy = copyWith(bytes);
    {
      using checkpoint = openCheckpoint(copy);
      expect(checkpoint.kind).toBe('pickle');
    }
    const bare = join(copy, 'bert_pyt_statedict');
    renameSync(join(copy, 'weights.pkl'), bare);
    expect(() => openCheckpoint(bare)).toThrow(/not a kind of weights that can be read/);
    using checkpoint = openCheckpoint(bare, { kind: 'pickle' });
    expect(checkpoint.kind).toBe('pickle');
  });

  it.each([
    [
      'that wants something run',
      patched('numpy._core.multiarray', 'posix................x'),
      /wants posix.*no code was run/,
    ],
    ['cut off', bytes.subarray(0, 10_000), /ends at byte 10000/],
    ['with the highest byte first', patched('\x8c\x01<', '\x8c\x01>'), /highest byte first/],
    ['of another type', patched('f4', 'c8'), /dtype c8; f2, f4/],
    ['of no arrays', Buffer.from('\x80\x02}.', 'latin1'), /no dict of names and numpy arrays/],
  ])('%s is refused', (_what, content, reason) => {
    expect(refusal(content)).toMatch(reason);
  });
});
