// ONNX models that others have exported: every input gets what its name asks for, and what is not understood is refused.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { ConfigError } from '../../../configs/errors.js';
import { openForeignModel } from '../../../engines/onnxruntime/foreign-model.js';
import { tokenizedSamples } from '../../fakes/tokenized-samples.js';

const fixture = (name: string): string => `tests/fixtures/foreign-onnx/${name}.onnx`;
const plain = [
  { ids: [2, 9, 3, 7, 8, 3], segmentStart: 3 },
  { ids: [2, 4, 4, 3, 5, 3], segmentStart: 4 },
  { ids: [2, 6, 3, 30_000], segmentStart: 2 },
  { ids: [2, 9, 3, 1, 1, 3], segmentStart: 3 },
];
const samples = tokenizedSamples(plain);

test.each([
  ['transformers', 1000, 10_000, 0],
  ['mlperf', 1000, 10_000, 0],
  ['model-zoo', 1000, 10_000, 0],
  ['one-output', 1000, 10_000, 0],
  ['distilbert', 0, 10_000, 0],
  ['positions', 1000, 0, 100_000],
  ['fixed', 1000, 10_000, 0], // filled up to two rows of 16
])(
  '%s: ids, segments, mask and positions reach the inputs of their names',
  async (name, segment, mask, position) => {
    await using model = await openForeignModel(fixture(name), 1, 3);
    const logits = await model.run(samples);
    const expected = plain.map(({ ids, segmentStart }) =>
      Float32Array.from(
        ids.flatMap((id, place) => {
          const start = id + (place >= segmentStart ? segment : 0) + mask;
          return [start, start + (position === 0 ? 0.5 : place * position)];
        }),
      ),
    );
    expect(logits).toEqual(expected);
  },
);

test('a model that PyTorch has exported from transformers gives its logits', async () => {
  const { input_ids, token_type_ids, models } = JSON.parse(
    readFileSync('tests/fixtures/checkpoints/expected.json', 'utf8'),
  ) as {
    readonly input_ids: readonly number[];
    readonly token_type_ids: readonly number[];
    readonly models: Readonly<
      Record<string, { readonly start_logits: readonly number[]; readonly end_logits: readonly number[] }>
    >;
  };
  await using model = await openForeignModel('tests/fixtures/checkpoints/onnx/model.onnx', 1, 1);
  expect(model.interface).toMatchObject({ batch: 1, sequence: 8, hasMask: true });
  const [logits = new Float32Array()] = await model.run(
    tokenizedSamples([{ ids: input_ids, segmentStart: token_type_ids.indexOf(1) }]),
  );
  const { start_logits = [], end_logits = [] } = models['onnx'] ?? {};
  for (const [place, value] of logits.entries())
    expect(value).toBeCloseTo((place % 2 === 0 ? start_logits : end_logits)[place >> 1] ?? NaN, 4);
});

test.each([
  ['fixed-without-mask', /its length is fixed, and it has no mask/],
  ['unknown-input', /nothing is known to give its input "image"[\s\S]*image: float32\[batch, sequence\]/],
  ['no-ids', /it has no input of token ids/],
  ['embeddings', /its outputs are no start and end logits[\s\S]*last_hidden_state: float32/],
])('%s is refused, with what it has and what is understood', async (name, message) => {
  const opened = openForeignModel(fixture(name), 1, 1);
  await expect(opened).rejects.toThrow(ConfigError);
  await expect(opened).rejects.toThrow(message);
  await expect(opened).rejects.toThrow(/Understood are inputs input_ids, .*--model FILE\.onnx/);
});

test('a file that is no model is refused', async () => {
  await expect(openForeignModel('package.json', 1, 1)).rejects.toThrow(
    /package\.json: ONNX Runtime cannot load it/,
  );
});
