// BERT for question answering as an ONNX graph of standard operators: one description for every precision and form of input.
//
// int32 input_ids[…tokens], int32 token_type_ids[…tokens] and what else the form has → float32 logits[…tokens, 2]: start and
// end logit of each token side by side, the form of a LoadGen response. …tokens is [batch, sequence], unless the form says
// otherwise.

import type { Attention } from './attention.js';
import type { BertCheckpoint } from './checkpoint.js';
import { interleaved, type Dense } from './dense.js';
import { headsMadeWider, headsTakenWider, type HeadSizes } from './filled-heads.js';
import { createGraphBuilder, type GraphBuilder, type RealType } from './graph-builder.js';
import { trueLengthForm } from './graph-form.js';
import { OBSERVED, type GraphOptions } from './graph-options.js';
import type { LayerShape } from './layer-shapes.js';
import { gelu, geluByTanh } from './gelu.js';
import { embeddings } from './embeddings.js';
import {
  dynamicLinear,
  explicitLinear,
  realLinear,
  storedFloat16Linear,
  type Linear,
  type LinearForm,
} from './linear.js';
import type { GraphValue, OnnxGraph } from './onnx-writer.js';
import { placeName, type QuantizationPlace } from './quantization-places.js';
import { createQuantizer, type Deviation, type Quantizer } from './quantize.js';
import { amaxOf, rangeAt, type TokenPart } from './ranges.js';

/** Raised whenever the graph of the same checkpoint changes: it is part of an engine's hash. */
export const GRAPH_VERSION = 5;
/** "To the end", for Slice. */
const END = 2 ** 31 - 1;

/** Builds the graph of a checkpoint, which must stay open until the graph has been written. */
export function buildBertGraph(checkpoint: BertCheckpoint, options: GraphOptions): OnnxGraph {
  const { config, layers } = checkpoint;
  const form = options.form ?? trueLengthForm();
  const graph = createGraphBuilder(realTypeOf(options));
  const parts = createParts(graph, checkpoint, options);
  const attention = form.attention(graph);
  const activation = config.hidden_act === 'gelu' && options.gelu !== 'tanh' ? gelu : geluByTanh;

  const embedded = embeddings(graph, checkpoint, options, form);
  let hidden = parts.layerNorm(embedded, 'embeddings.LayerNorm');
  // What goes around a block: its normalised input, or in Megatron's BERT the sum from before.
  const around = (sum: string, normalised: string): string => (checkpoint.normalisesFirst ? sum : normalised);
  let residual = around(embedded, hidden);
  for (const [layer, shape] of layers.entries()) {
    const at = `encoder.layer.${layer}`;
    const heads = headsOf(shape, attention);
    // The 1/√d of the scores goes into Q: with nothing between the product and softmax TensorRT has a faster kernel (int8 attention
    // of 32 × 384 on an H200: 0.11 ms against 0.25). Ranges, found or trained, are those of Q as it is.
    const queryIsScaled = !attention.scalesItself && !options.observe;
    const queryScale = queryIsScaled ? 1 / Math.sqrt(heads.size) : 1;
    const quantized = (x: string, place: QuantizationPlace): string =>
      parts.quantized(x, layer, place, place === 'query' ? { times: queryScale } : {});
    const qkv = parts.linear(layer, 'qkv_input', qkvOf(parts, layer, heads, attention, queryScale));
    const context = attention.add(graph, {
      qkv: qkv(quantized(hidden, 'qkv_input')),
      headCount: shape.head_count,
      headSize: heads.width,
      queryIsScaled,
      quantized,
      amaxAt: (place) => parts.amaxAt(layer, place),
      softmaxInFloat32: graph.real !== 'float32' && options.softmax !== 'fused',
    });
    const project = parts.linear(layer, 'context', [
      headsTakenWider(parts.dense(`${at}.attention.output.dense`), heads),
    ]);
    const projected = project(attention.quantizesContext ? context : quantized(context, 'context'));
    const attended = quantized(projected, 'attention_output');
    const attentionSum = graph.node('Add', [attended, quantized(residual, 'attention_residual')]);
    const mixed = parts.layerNorm(attentionSum, `${at}.attention.output.LayerNorm`);

    const widen = parts.linear(layer, 'ffn_input', [parts.dense(`${at}.intermediate.dense`)]);
    const narrow = parts.linear(layer, 'ffn_gelu', [parts.dense(`${at}.output.dense`)]);
    const feedForward = (x: string, part?: TokenPart): string => {
      const at = (value: string, place: QuantizationPlace): string =>
        parts.quantized(value, layer, place, { part });
      return narrow(at(activation(graph, widen(at(x, 'ffn_input'))), 'ffn_gelu'));
    };
    const outer = isFirstApart(options) ? firstTokenApart(graph, mixed, feedForward) : feedForward(mixed);
    const outerSum = graph.node('Add', [
      quantized(outer, 'ffn_output'),
      quantized(around(attentionSum, mixed), 'ffn_residual'),
    ]);
    hidden = parts.layerNorm(outerSum, `${at}.output.LayerNorm`);
    residual = around(outerSum, hidden);
  }
  // The answer head has two columns: nothing to win by quantising it.
  const head = realLinear(graph, [parts.dense('qa_outputs')]);
  if (graph.real === 'float32') head(hidden, 'logits');
  else graph.cast(head(hidden), 'float32', 'logits');

  return graph.finish({
    name: 'bert-question-answering',
    // 19 is the first whose QuantizeLinear takes float16 and makes E4M3.
    opset:
      parts.quantizer !== undefined && (graph.real !== 'float32' || options.precision === 'fp8') ? 19 : 17,
    inputs: form.inputs,
    outputs: [{ name: 'logits', type: 'float32', shape: [...form.tokens, 2] }, ...parts.observed],
  });
}

function realTypeOf({ precision, quantization }: GraphOptions): RealType {
  switch (precision) {
    case 'fp16':
      return 'float16';
    case 'bf16':
      return 'bfloat16';
    case 'int8':
    case 'fp8':
      return quantization?.unquantized ?? 'float32';
    case 'fp32':
    case 'fp16-stored':
    case 'int8-dynamic':
      return 'float32';
  }
}

/** The pieces of a layer in the precision that is asked for. */
interface Parts {
  /** Outputs of an observing graph. */
  readonly observed: readonly GraphValue[];
  readonly quantizer: Quantizer | undefined;
  readonly amaxAt: (layer: number, place: QuantizationPlace) => number;
  readonly quantized: (x: string, layer: number, place: QuantizationPlace, deviation: Deviation) => string;
  /** The linear layers behind a place. */
  linear(layer: number, place: QuantizationPlace, layers: readonly Dense[]): Linear;
  /** A linear layer of the checkpoint, times `scale`; its weights keep the scales of training, where there are any. */
  readonly dense: (name: string, scale?: number) => Dense;
  layerNorm(x: string, name: string): string;
}

function createParts(graph: GraphBuilder, checkpoint: BertCheckpoint, options: GraphOptions): Parts {
  const quantizer = createQuantizer(graph, options);
  const dense = (name: string, scale = 1): Dense => {
    const weightName = `${name}.weight`;
    const [rows = 0, columns = 0] = checkpoint.shapeOf(weightName);
    const amax = options.quantization?.weightAmax?.get(weightName);
    return {
      rows,
      columns,
      weight: () => checkpoint.matrix(weightName),
      bias: checkpoint.vector(`${name}.bias`),
      scale,
      ...(amax === undefined ? {} : { amax }),
    };
  };
  const formAt = (layer: number, place: QuantizationPlace): LinearForm => {
    if (options.precision === 'fp16-stored') return storedFloat16Linear;
    if (quantizer?.isQuantized(layer, place) === true) return explicitLinear(quantizer);
    const isDynamic = options.precision === 'int8-dynamic' && !options.kept?.has(placeName(layer, place));
    return isDynamic ? dynamicLinear(options.storedWeights ?? 'int8') : realLinear;
  };
  const observed: GraphValue[] = [];
  const observe = (x: string, layer: number, place: QuantizationPlace): string => {
    const name = `${OBSERVED}${placeName(layer, place)}`;
    graph.node('Identity', [x], {}, name);
    observed.push({ name, type: graph.real, shape: dimensionsOf(place).map((size) => `${name}.${size}`) });
    return x;
  };
  return {
    quantizer,
    observed,
    amaxAt: (layer, place) =>
      amaxOf(rangeAt(options.quantization?.ranges ?? new Map(), placeName(layer, place))),
    quantized: (x, layer, place, deviation) =>
      options.observe ? observe(x, layer, place) : (quantizer?.quantized(x, layer, place, deviation) ?? x),
    linear: (layer, place, layers) => formAt(layer, place)(graph, layers),
    dense,
    // Its mean and variance are calculated in fp32 whatever comes in: stash_type, 1 by default.
    layerNorm: (x, name) =>
      graph.node(
        'LayerNormalization',
        [
          x,
          graph.vector(checkpoint.vector(`${name}.weight`)),
          graph.vector(checkpoint.vector(`${name}.bias`)),
        ],
        { axis: { int: -1 }, epsilon: { float: checkpoint.config.layer_norm_eps } },
      ),
  };
}

const isInAttention: ReadonlySet<QuantizationPlace> = new Set(['query', 'key', 'value', 'probabilities']);
const dimensionsOf = (place: QuantizationPlace): readonly string[] =>
  isInAttention.has(place) ? ['batch', 'heads', 'rows', 'columns'] : ['batch', 'sequence', 'width'];

function headsOf({ head_count, head_size }: LayerShape, { headWidth }: Attention): HeadSizes {
  return { count: head_count, size: head_size, width: headWidth?.(head_size) ?? head_size };
}

/** Q, K and V as one product, in the order that the attention wants. */
function qkvOf(
  { dense }: Parts,
  layer: number,
  heads: HeadSizes,
  { qkvOrder, scalesItself }: Attention,
  queryScale: number,
): readonly Dense[] {
  const at = `encoder.layer.${layer}.attention.self`;
  // An attention that scales by itself takes filled heads for heads of their width.
  const ownScale = scalesItself ? Math.sqrt(heads.width / heads.size) : 1;
  const qkv = [dense(`${at}.query`, queryScale * ownScale), dense(`${at}.key`), dense(`${at}.value`)].map(
    (each) => headsMadeWider(each, heads),
  );
  return qkvOrder === 'parts' ? qkv : [interleaved(qkv, heads.count, heads.width)];
}

const isFirstApart = ({ precision, quantization }: GraphOptions): boolean =>
  precision === 'int8-dynamic' || (quantization?.firstTokenApart ?? false);

/**
 * Applies `block` to the first token, [CLS], and to all others separately, so that each has its own quantisation scale.
 * In the feed-forward blocks [CLS] alone holds values up to nine times as large as any other token's (default model: 29
 * against 3.6 at their inputs, 22 against 3.3 after Gelu, medians of the others), and with one scale the others would be
 * left with a few of the 256 steps. Root mean square error of int8 logits against fp32: 0.156 with one scale, 0.074 so,
 * for 1 % of the speed. (Early attention output projections in fp32 instead: 0.160, and 6 % slower.)
 */
function firstTokenApart(
  graph: GraphBuilder,
  x: string,
  block: (x: string, part: TokenPart) => string,
): string {
  const tokens = (from: number, to: number): string =>
    graph.node('Slice', [x, graph.ints([from]), graph.ints([to]), graph.ints([1])]);
  return graph.node('Concat', [block(tokens(0, 1), 'first'), block(tokens(1, END), 'others')], {
    axis: { int: 1 },
  });
}
