// BERT for question answering as an ONNX graph of standard operators. Runs at true length: no padding, hence no mask.
//
// int32 input_ids[batch, sequence], int32 token_type_ids[batch, sequence] → float32 logits[batch, sequence, 2]:
// start and end logit of each token side by side, the form of a LoadGen response. All samples of a batch have the same
// length, at least 2 ([CLS] … [SEP]).

import type { BertCheckpoint } from './checkpoint.js';
import { createGraphBuilder, type GraphBuilder } from './graph-builder.js';
import { createLinear, type Dense, type Linear, type Precision } from './linear.js';
import type { OnnxGraph } from './onnx-writer.js';

/** Raised whenever the graph of the same checkpoint changes: it is part of an engine's hash. */
export const GRAPH_VERSION = 2;
const OPSET = 17;
/** "To the end", for Slice. */
const END = 2 ** 31 - 1;

export interface GraphOptions {
  /**
   * Adds the input int32 `attention_mask[batch, sequence]` (1 = token, 0 = padding) for padded batches, as exporters do
   * it: −10000 on the scores of padding. Our engines never pad; the naive way that `make bench` compares with does.
   */
  readonly attentionMask?: boolean;
}

/** Builds the graph of a checkpoint in a precision. */
export function buildBertGraph(
  checkpoint: BertCheckpoint,
  precision: Precision,
  { attentionMask = false }: GraphOptions = {},
): OnnxGraph {
  const { config } = checkpoint;
  const graph = createGraphBuilder();
  const linear = (name: string): Linear => createLinear(graph, precision, [denseOf(checkpoint, name)]);

  const layerNorm = (x: string, name: string): string =>
    graph.node(
      'LayerNormalization',
      [x, graph.vector(checkpoint.vector(`${name}.weight`)), graph.vector(checkpoint.vector(`${name}.bias`))],
      {
        axis: { int: -1 },
        epsilon: { float: config.layer_norm_eps },
      },
    );

  const maskBias = attentionMask ? paddingBias(graph) : undefined;
  let hidden = layerNorm(embeddings(graph, checkpoint, precision), 'embeddings.LayerNorm');
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `encoder.layer.${layer}`;
    const attended = attention(graph, checkpoint, precision, hidden, `${at}.attention.self`, maskBias);
    const projected = linear(`${at}.attention.output.dense`)(attended);
    const mixed = layerNorm(graph.node('Add', [projected, hidden]), `${at}.attention.output.LayerNorm`);
    const widen = linear(`${at}.intermediate.dense`);
    const narrow = linear(`${at}.output.dense`);
    const feedForward = (x: string): string => narrow(gelu(graph, widen(x)));
    const outer = precision === 'int8' ? firstTokenApart(graph, mixed, feedForward) : feedForward(mixed);
    hidden = layerNorm(graph.node('Add', [outer, mixed]), `${at}.output.LayerNorm`);
  }
  // The answer head has two columns: nothing to win by quantising it.
  createLinear(graph, 'fp32', [denseOf(checkpoint, 'qa_outputs')])(hidden, 'logits');

  return graph.finish({
    name: 'bert-question-answering',
    opset: OPSET,
    inputs: [
      { name: 'input_ids', type: 'int32', shape: ['batch', 'sequence'] },
      { name: 'token_type_ids', type: 'int32', shape: ['batch', 'sequence'] },
      ...(attentionMask
        ? [{ name: 'attention_mask', type: 'int32', shape: ['batch', 'sequence'] } as const]
        : []),
    ],
    outputs: [{ name: 'logits', type: 'float32', shape: ['batch', 'sequence', 2] }],
  });
}

function denseOf(checkpoint: BertCheckpoint, name: string, scale = 1): Dense {
  return { weight: checkpoint.matrix(`${name}.weight`), bias: checkpoint.vector(`${name}.bias`), scale };
}

/** Word, position and segment embeddings, added. */
function embeddings(graph: GraphBuilder, checkpoint: BertCheckpoint, precision: Precision): string {
  const { config } = checkpoint;
  const words = checkpoint.matrix('embeddings.word_embeddings.weight');
  const ids = 'input_ids';
  const word = wordEmbeddings();

  const positions = graph.tensor(
    'float32',
    [config.max_position_embeddings, config.hidden_size],
    checkpoint.vector('embeddings.position_embeddings.weight'),
  );
  const length = graph.node('Slice', [graph.node('Shape', [ids]), graph.ints([1]), graph.ints([2])]);
  const position = graph.node('Slice', [positions, graph.ints([0]), length, graph.ints([0])]);
  const segments = graph.tensor(
    'float32',
    [config.type_vocab_size, config.hidden_size],
    checkpoint.vector('embeddings.token_type_embeddings.weight'),
  );
  const segment = graph.node('Gather', [segments, 'token_type_ids']);
  return graph.node('Add', [graph.node('Add', [word, segment]), position]);

  function wordEmbeddings(): string {
    if (words.kind === 'float32' || precision === 'fp32') {
      const table = checkpoint.vector('embeddings.word_embeddings.weight');
      return graph.node('Gather', [graph.tensor('float32', [words.rows, words.columns], table), ids]);
    }
    // A quarter of the memory, and exactly the same values: only the rows that are looked up are multiplied out.
    const rows = graph.node('Gather', [graph.tensor('int8', [words.rows, words.columns], words.values), ids]);
    const scales = graph.node('Gather', [graph.tensor('float32', [words.rows, 1], words.rowScales), ids]);
    return graph.node('Mul', [graph.cast(rows, 'float32'), scales]);
  }
}

/**
 * Self-attention: one matrix product for Q, K and V; the 1/√d of the scores is folded into Q's weights. Its core is fp32 in
 * every precision: in int8 it was 4 to 6 % faster (AVX-512 VNNI) and doubled the error of the logits (0.074 to 0.155).
 */
function attention(
  graph: GraphBuilder,
  checkpoint: BertCheckpoint,
  precision: Precision,
  hidden: string,
  name: string,
  maskBias: string | undefined,
): string {
  const { hidden_size, num_attention_heads: heads } = checkpoint.config;
  const headSize = hidden_size / heads;
  const all = createLinear(graph, precision, [
    denseOf(checkpoint, `${name}.query`, 1 / Math.sqrt(headSize)),
    denseOf(checkpoint, `${name}.key`),
    denseOf(checkpoint, `${name}.value`),
  ])(hidden);
  const [query, key, value] = graph.split(all, [hidden_size, hidden_size, hidden_size]);
  const byHead = (x: string | undefined, permutation: readonly number[]): string =>
    graph.node('Transpose', [graph.node('Reshape', [x ?? '', graph.ints([0, 0, heads, headSize])])], {
      perm: { ints: permutation },
    });
  const scores = graph.node('MatMul', [byHead(query, [0, 2, 1, 3]), byHead(key, [0, 2, 3, 1])]);
  const masked = maskBias === undefined ? scores : graph.node('Add', [scores, maskBias]);
  const weights = graph.node('Softmax', [masked], { axis: { int: -1 } });
  const context = graph.node('MatMul', [weights, byHead(value, [0, 2, 1, 3])]);
  const joined = graph.node('Transpose', [context], { perm: { ints: [0, 2, 1, 3] } });
  return graph.node('Reshape', [joined, graph.ints([0, 0, hidden_size])]);
}

/** float32[batch, 1, 1, sequence]: 0 for tokens, −10000 for padding. */
function paddingBias(graph: GraphBuilder): string {
  const isPadding = graph.node('Sub', [graph.scalar(1), graph.cast('attention_mask', 'float32')]);
  return graph.node('Unsqueeze', [graph.node('Mul', [isPadding, graph.scalar(-10_000)]), graph.ints([1, 2])]);
}

/**
 * Applies `block` to the first token, [CLS], and to all others separately, so that each has its own quantisation scale.
 * In the feed-forward blocks [CLS] alone holds values up to nine times as large as any other token's (default model: 29
 * against 3.6 at their inputs, 22 against 3.3 after Gelu, medians of the others), and with one scale the others would be
 * left with a few of the 256 steps. Root mean square error of int8 logits against fp32: 0.156 with one scale, 0.074 so,
 * for 1 % of the speed. (Early attention output projections in fp32 instead: 0.160, and 6 % slower.)
 */
function firstTokenApart(graph: GraphBuilder, x: string, block: (x: string) => string): string {
  const tokens = (from: number, to: number): string =>
    graph.node('Slice', [x, graph.ints([from]), graph.ints([to]), graph.ints([1])]);
  return graph.node('Concat', [block(tokens(0, 1)), block(tokens(1, END))], { axis: { int: 1 } });
}

/** x · ½ (1 + erf(x / √2)), in the form that ONNX Runtime fuses. */
function gelu(graph: GraphBuilder, x: string): string {
  const erf = graph.node('Erf', [graph.node('Div', [x, graph.scalar(Math.SQRT2)])]);
  const gate = graph.node('Add', [erf, graph.scalar(1)]);
  return graph.node('Mul', [graph.node('Mul', [x, gate]), graph.scalar(0.5)]);
}
