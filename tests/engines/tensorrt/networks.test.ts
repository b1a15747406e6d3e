// The networks for TensorRT, their plugin nodes written out as what they compute, against the fp32 graph: weights, order of
// heads and layouts are right.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '../../../engines/onnxruntime/telemetry-off.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../engines/bert/checkpoint.js';
import { buildBertGraph } from '../../../engines/bert/graph.js';
import { writeOnnxFile } from '../../../engines/bert/onnx-file.js';
import type { OnnxGraph } from '../../../engines/bert/onnx-writer.js';
import { syntheticRanges } from '../../../engines/bert/synthetic-ranges.js';
import { compareLogits } from '../../../engines/logit-check.js';
import type { NetworkChoice } from '../../../engines/tensorrt/choose-network.js';
import { buildNetwork } from '../../../engines/tensorrt/network.js';
import { repository, temporaryFolder } from '../../built.js';
import { expandPlugins } from '../../fakes/expand-plugins.js';
import { writeSyntheticFolder } from '../../fakes/synthetic-folder.js';

const HEADS = 12;
const HEAD_SIZE = 64;
const LENGTH = 24;
// Two layers of BERT-Base's width: the narrowest that all plugins are compiled for.
const modelDir = writeSyntheticFolder(temporaryFolder(), {
  hidden_size: HEADS * HEAD_SIZE,
  num_hidden_layers: 2,
  num_attention_heads: HEADS,
  intermediate_size: 512,
  vocab_size: 100,
  max_position_embeddings: 64,
});
const ids = Int32Array.from({ length: LENGTH }, (_unused, i) => (i * 37) % 100);
const segments = Int32Array.from(ids, (_id, i) => (i < 8 ? 0 : 1));

async function logitsOf(
  graph: OnnxGraph,
  inputs: Readonly<Record<string, Int32Array>>,
  shape: readonly number[],
): Promise<Float32Array> {
  const file = join(mkdtempSync(join(tmpdir(), 'loadrig-network-')), 'model.onnx');
  writeOnnxFile(graph, file, `${file}.data`);
  const session = await InferenceSession.create(file, { logSeverityLevel: 3 });
  const feeds = Object.fromEntries(
    session.inputNames.map((name) => {
      const values = inputs[name]!;
      return [name, new Tensor('int32', values, values.length === LENGTH ? shape : [values.length])];
    }),
  );
  const { logits } = await session.run(feeds);
  await session.release();
  return Float32Array.from(logits!.data as Float32Array);
}

/** The normal numbers of fp16, and zero. */
function fromFloat16(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (half) => {
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    return half >> 15 === 1 ? -magnitude : magnitude;
  });
}

const packedInputs = {
  input_ids: ids,
  token_type_ids: segments,
  position_ids: Int32Array.from(ids, (_id, i) => i),
  cu_seqlens: Int32Array.of(0, LENGTH),
  max_seqlen: new Int32Array(LENGTH + 1),
};

describe('the network of packed tokens', () => {
  it.each([
    ['plugin_fp16', 'fp16', '2', 'erf', 0.9999],
    ['plugin_fp16', 'int8', '5', 'erf', 0.98],
    ['plugin_fp16', 'fp16', '2', 'tanh', 0.9999],
    ['plugin_int8', 'int8', '3', 'erf', 0.98],
    ['plugin_int8_interleaved', 'int8', '3', 'tanh', 0.9999],
  ] as const)(
    '%s in %s answers as the fp32 graph does (plugin %s, %s)',
    async (attention, precision, attentionVersion, gelu, least) => {
      using checkpoint = openCheckpoint(modelDir);
      const expected = await logitsOf(
        buildBertGraph(checkpoint, { precision: 'fp32' }),
        { input_ids: ids, token_type_ids: segments },
        [1, LENGTH],
      );
      const choice: NetworkChoice = { form: 'packed', attention, attentionVersion, gelu, because: 'a test' };
      const known = { ranges: syntheticRanges(checkpoint.layers, HEADS * HEAD_SIZE), source: 'a test' };
      const { graph, tensorRanges } = buildNetwork({ checkpoint, precision, choice, known });
      const names = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
      for (const name of Object.keys(tensorRanges ?? {})) expect(names.has(name)).toBe(true);
      const got = await logitsOf(expandPlugins(graph, HEADS, HEAD_SIZE), packedInputs, [LENGTH]);
      expect(compareLogits('fp32', [expected], [got]).cosine).toBeGreaterThan(least);
    },
  );

  describe('of heads of 32, filled up to the size of the kernels', () => {
    const choice: NetworkChoice = {
      form: 'packed',
      attention: 'plugin_fp16',
      attentionVersion: '2',
      gelu: 'erf',
      because: 'a test',
    };
    /** Cosine of the logits with those of the fp32 graph, scores scaled by `scale` in the plugin. */
    async function cosineWith(
      folder: string,
      precision: 'fp16' | 'int8',
      scale = 1 / Math.sqrt(HEAD_SIZE),
    ): Promise<number> {
      using checkpoint = openCheckpoint(folder);
      const inputs = { input_ids: ids, token_type_ids: segments };
      const expected = await logitsOf(buildBertGraph(checkpoint, { precision: 'fp32' }), inputs, [1, LENGTH]);
      const known = {
        ranges: syntheticRanges(checkpoint.layers, checkpoint.config.hidden_size),
        source: 'a test',
      };
      const { graph } = buildNetwork({ checkpoint, precision, choice, known });
      const plain = expandPlugins(graph, HEADS, HEAD_SIZE, scale);
      return compareLogits('fp32', [expected], [await logitsOf(plain, packedInputs, [LENGTH])]).cosine;
    }

    it('answers as the fp32 graph does, with scores scaled for heads of 32', async () => {
      // Trained weights: those made at random give scores so flat that their scale does not show.
      const folder = join(repository, 'data/models/minilm-qa');
      expect(await cosineWith(folder, 'fp16')).toBeGreaterThan(0.9999);
      expect(await cosineWith(folder, 'fp16', 1 / Math.sqrt(2 * HEAD_SIZE))).toBeLessThan(0.99);
    });

    it('answers the same by TensorRT’s own attention layer, with its heads as they are', async () => {
      using checkpoint = openCheckpoint(join(repository, 'data/models/minilm-qa'));
      const inputs = { input_ids: ids, token_type_ids: segments };
      const expected = await logitsOf(buildBertGraph(checkpoint, { precision: 'fp32' }), inputs, [1, LENGTH]);
      const layer: NetworkChoice = {
        form: 'packed',
        attention: 'attention_layer',
        gelu: 'erf',
        because: 'a test',
      };
      const { graph } = buildNetwork({ checkpoint, precision: 'fp16', choice: layer, known: undefined });
      expect(graph.inputs.map(({ name }) => name)).not.toContain('max_seqlen');
      const got = await logitsOf(expandPlugins(graph, HEADS, 32), packedInputs, [LENGTH]);
      expect(compareLogits('fp32', [expected], [got]).cosine).toBeGreaterThan(0.9999);
    });

    it('answers in int8 as well: rows of zeros have a scale', async () => {
      const folder = writeSyntheticFolder(temporaryFolder(), {
        hidden_size: HEADS * 32,
        num_hidden_layers: 2,
        num_attention_heads: HEADS,
        intermediate_size: 256,
        vocab_size: 100,
        max_position_embeddings: 64,
      });
      expect(await cosineWith(folder, 'int8')).toBeGreaterThan(0.98);
    });
  });

  it('of an encoder that is int8 throughout has a range for every input of a product and a plugin', () => {
    using checkpoint = openCheckpoint(modelDir);
    const choice: NetworkChoice = {
      form: 'packed',
      attention: 'plugin_int8_interleaved',
      gelu: 'tanh',
      because: 'a test',
    };
    const known = { ranges: syntheticRanges(checkpoint.layers, HEADS * HEAD_SIZE), source: 'a test' };
    const { graph, tensorRanges } = buildNetwork({ checkpoint, precision: 'int8', choice, known });
    for (const { op, inputs } of graph.nodes) {
      if (op === 'Conv') expect(tensorRanges).toHaveProperty(inputs[0]!);
      if (op === 'CustomSkipLayerNormPluginDynamic')
        for (const input of inputs) expect(tensorRanges).toHaveProperty(input);
    }
    // Per layer: qkv, context, attention output, LayerNorm, Gelu, feed-forward output, LayerNorm; and the embeddings.
    expect(Object.keys(tensorRanges ?? {})).toHaveLength(2 * 7 + 1);
  });

  it('of an encoder that is int8 throughout has the weights that training rounded, clipped where it clipped them', () => {
    using checkpoint = openCheckpoint(modelDir);
    const name = 'encoder.layer.0.intermediate.dense.weight';
    const [rows = 0, columns = 0] = checkpoint.shapeOf(name);
    const amax = Float32Array.from({ length: rows }, (_unused, row) => (row === 0 ? 0.01 : 0.1));
    const known = { ranges: syntheticRanges(checkpoint.layers, HEADS * HEAD_SIZE), source: 'a test' };
    const weightsOf = (weightAmax: ReadonlyMap<string, Float32Array>): Float32Array => {
      const choice: NetworkChoice = {
        form: 'packed',
        attention: 'plugin_int8_interleaved',
        gelu: 'tanh',
        because: 'a test',
      };
      const { graph } = buildNetwork({
        checkpoint,
        precision: 'int8',
        choice,
        known: { ...known, weightAmax },
      });
      // The only one of its shape in the first layer.
      const found = graph.initializers.find(({ shape }) => shape[0] === rows && shape[1] === columns)!;
      const bytes = found.bytes();
      return fromFloat16(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2));
    };
    const plain = weightsOf(new Map());
    const trained = weightsOf(new Map([[name, amax]]));
    for (const row of [0, 1]) {
      const step = amax[row]! / 127;
      for (let i = row * columns; i < (row + 1) * columns; i++) {
        const clipped = Math.max(-amax[row]!, Math.min(amax[row]!, plain[i]!));
        expect(Math.abs(trained[i]! - clipped)).toBeLessThan(step * 0.6);
        expect(Math.abs(trained[i]! / step - Math.round(trained[i]! / step))).toBeLessThan(0.07);
      }
    }
    // What TensorRT finds as the scale of a clipped row is training's.
    const first = trained.subarray(0, columns).map(Math.abs);
    expect(Math.max(...first)).toBeCloseTo(0.01, 4);
  });
});
