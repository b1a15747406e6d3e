// The default model in its lower precisions against the reference logits, and in batches.

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { openCheckpoint } from '../../../engines/bert/checkpoint.js';
import { buildBertGraph } from '../../../engines/bert/graph.js';
import type { GraphPrecision } from '../../../engines/bert/graph-options.js';
import { encodeModel } from '../../../engines/bert/onnx-writer.js';
import { storedWeightsFor } from '../../../engines/onnxruntime/processor.js';
import { sessionOptions } from '../../../engines/onnxruntime/session-options.js';

interface Feature {
  readonly input_ids: readonly number[];
  readonly segment_ids: readonly number[];
  readonly start_logits: readonly number[];
  readonly end_logits: readonly number[];
}

const { features } = JSON.parse(readFileSync('data/models/minilm-qa/golden.json', 'utf8')) as {
  readonly features: readonly Feature[];
};

const createSession = (precision: GraphPrecision): Promise<InferenceSession> => {
  using checkpoint = openCheckpoint('data/models/minilm-qa');
  const model = Buffer.concat(
    encodeModel(buildBertGraph(checkpoint, { precision, storedWeights: storedWeightsFor() }), 'test'),
  );
  return InferenceSession.create(model, sessionOptions({ threads: 1, optimize: true }));
};

/** float32[batch, length, 2] of features of one length. */
async function logitsOf(session: InferenceSession, batch: readonly Feature[]): Promise<Float32Array> {
  const shape = [batch.length, batch[0]!.input_ids.length];
  const tensor = (values: readonly number[]): Tensor => new Tensor('int32', Int32Array.from(values), shape);
  const { logits } = await session.run({
    input_ids: tensor(batch.flatMap(({ input_ids }) => input_ids)),
    token_type_ids: tensor(batch.flatMap(({ segment_ids }) => segment_ids)),
  });
  return logits!.data as Float32Array; // the graph's only output
}

/** Root mean square difference from the reference, and the cosine of the angle between both. */
async function closeness(
  session: InferenceSession,
): Promise<{ readonly rms: number; readonly cosine: number }> {
  const sums = { error: 0, product: 0, got: 0, wanted: 0, count: 0 };
  for (const feature of features) {
    const got = await logitsOf(session, [feature]);
    for (const [i, value] of got.entries()) {
      const wanted = (i % 2 === 0 ? feature.start_logits : feature.end_logits)[i >> 1]!;
      sums.error += (value - wanted) ** 2;
      sums.product += value * wanted;
      sums.got += value ** 2;
      sums.wanted += wanted ** 2;
      sums.count++;
    }
  }
  return {
    rms: Math.sqrt(sums.error / sums.count),
    cosine: sums.product / Math.sqrt(sums.got * sums.wanted),
  };
}

describe('the default model', () => {
  it('in fp16 differs from the reference by rounding only', async () => {
    const { rms } = await closeness(await createSession('fp16-stored'));
    expect(rms).toBeLessThan(0.005);
  });

  describe('in int8', () => {
    let session: InferenceSession;
    beforeAll(async () => {
      session = await createSession('int8-dynamic');
    });

    it('stays closer to the reference than one scale for [CLS] and all other tokens allows', async () => {
      const { rms, cosine } = await closeness(session);
      // 0.077 with VNNI, 0.11 without (7-bit weights); 0.172 and 0.19 with one scale for all.
      expect(rms).toBeLessThan(0.13);
      expect(cosine).toBeGreaterThan(0.999);
    });

    it('is not thrown off by a second sample in the batch', async () => {
      const [feature] = features;
      const logits = await logitsOf(session, [feature!, feature!]);
      const alone = await logitsOf(session, [feature!]);
      expect(logits).toEqual(Float32Array.from([...alone, ...alone]));
    });
  });
});
