// A BERT whose encoder is int8 from end to end, on packed tokens laid out as channels: [1, channels, tokens, 1], which
// TensorRT keeps in slices of 32 channels. Products are 1×1 convolutions; attention, and sum with LayerNorm, are plugins with
// int8 in and out, so that no value of a token leaves int8 between the first layer and the last.
//
// Its quantisation is implicit: the graph is fp16, and ranges are set on its tensors by name when it is built. The plugins
// find their scales there; explicitly quantised networks have none. H100, TensorRT 10.6, BERT-Large, 1,232 features of mean
// length 183, batches of 256: 7,907 samples/s; matrix products with explicit scales and fp16 attention: 6,257.

import { ConfigError } from '../../configs/errors.js';
import { dequantized, type BertCheckpoint, type Matrix } from './checkpoint.js';
import { embeddings } from './embeddings.js';
import { gelu } from './gelu.js';
import { createGraphBuilder, type GraphBuilder } from './graph-builder.js';
import type { OnnxGraph } from './onnx-writer.js';
import { attentionNode, packedForm } from './packed-form.js';
import { placeName, type QuantizationPlace } from './quantization-places.js';
import { amaxOf, OUTPUT_PLACE, rangeAt, type Ranges } from './ranges.js';
import { quantizedRows, rowScales } from './weight-rounding.js';

/** Raised whenever the graph of the same checkpoint changes. */
export const INTERLEAVED_VERSION = 2;
/** The plugin that adds and normalises is compiled for these. */
export const INTERLEAVED_HIDDEN_SIZES: readonly number[] = [768, 1024];

export interface InterleavedOptions {
  readonly ranges: Ranges;
  /** Largest magnitudes of weights, where training left them: by name, one per row or one for all. */
  readonly weightAmax?: ReadonlyMap<string, Float32Array> | undefined;
  /** Exact, or its approximation by tanh, whose layers are fused into the product before them. */
  readonly gelu: 'erf' | 'tanh';
}

/** An fp16 graph and the largest magnitudes of those of its tensors that are to be int8. */
export interface InterleavedGraph {
  readonly graph: OnnxGraph;
  readonly tensorRanges: Readonly<Record<string, number>>;
}

/** plugin_version of the nodes: those that read their scales off their tensors. */
const ATTENTION_VERSION = '3';
const LAYER_NORM_VERSION = '3';

/** @throws {ConfigError} for a hidden size that the plugins are not compiled for, or where ranges are missing. */
export function buildInterleavedGraph(
  checkpoint: BertCheckpoint,
  options: InterleavedOptions,
): InterleavedGraph {
  const { config, layers } = checkpoint;
  const { ranges } = options;
  if (!INTERLEAVED_HIDDEN_SIZES.includes(config.hidden_size)) {
    throw new ConfigError(
      `the interleaved int8 network is compiled for hidden sizes ${INTERLEAVED_HIDDEN_SIZES.join(' and ')}, this model has ${config.hidden_size}`,
    );
  }
  const graph = createGraphBuilder('float16');
  const form = packedForm({ type: 'int8', pluginVersion: ATTENTION_VERSION });
  const convolution = createConvolutions(graph, checkpoint, options.weightAmax);
  const activation = options.gelu === 'erf' && config.hidden_act === 'gelu' ? gelu : fusedGelu;
  const outer = graph.ints([0, 3]);
  const turned = { perm: { ints: [1, 0] } };
  const tensorRanges: Record<string, number> = {};
  const ranged = (name: string, amax: number): string => {
    tensorRanges[name] = amax;
    return name;
  };
  const amaxAt = (layer: number, ...places: readonly QuantizationPlace[]): number =>
    Math.max(...places.map((place) => amaxOf(rangeAt(ranges, placeName(layer, place)))));
  const inputAmax = (layer: number): number => amaxAt(layer, 'qkv_input', 'attention_residual');
  const layerNorm = (x: string, name: string): string =>
    graph.node(
      'LayerNormalization',
      [x, graph.vector(checkpoint.vector(`${name}.weight`)), graph.vector(checkpoint.vector(`${name}.bias`))],
      { axis: { int: -1 }, epsilon: { float: config.layer_norm_eps } },
    );
  const addAndNormalise = (x: string, skip: string, name: string, amax: number): string =>
    ranged(
      graph.node('CustomSkipLayerNormPluginDynamic', [x, skip], {
        plugin_version: { text: LAYER_NORM_VERSION },
        plugin_namespace: { text: '' },
        beta: { floats: checkpoint.vector(`${name}.bias`) },
        gamma: { floats: checkpoint.vector(`${name}.weight`) },
      }),
      amax,
    );
  const toRows = (x: string): string => graph.node('Transpose', [graph.node('Squeeze', [x, outer])], turned);

  const words = layerNorm(embeddings(graph, checkpoint, { precision: 'fp16' }, form), 'embeddings.LayerNorm');
  const channels = graph.node('Unsqueeze', [graph.node('Transpose', [words], turned), outer]);
  let hidden = ranged(channels, inputAmax(0));
  let output = '';
  for (const [layer, { head_count, head_size }] of layers.entries()) {
    const at = `encoder.layer.${layer}`;
    const self = `${at}.attention.self`;
    const qkv = convolution(hidden, [`${self}.query`, `${self}.key`, `${self}.value`]);
    const context = attentionNode(
      graph,
      ATTENTION_VERSION,
      [ranged(qkv, amaxAt(layer, 'query', 'key', 'value')), 'cu_seqlens', 'max_seqlen'],
      {
        hidden_size: { int: head_count * head_size },
        num_heads: { int: head_count },
        dq_probs: { float: amaxAt(layer, 'probabilities') / 127 },
        use_int8_scale_max: { int: 1 },
      },
    );
    const attended = convolution(ranged(context, amaxAt(layer, 'context')), [`${at}.attention.output.dense`]);
    const mixed = addAndNormalise(
      ranged(attended, amaxAt(layer, 'attention_output')),
      hidden,
      `${at}.attention.output.LayerNorm`,
      amaxAt(layer, 'ffn_input', 'ffn_residual'),
    );
    const inner = activation(graph, convolution(mixed, [`${at}.intermediate.dense`]));
    const narrowed = convolution(ranged(inner, amaxAt(layer, 'ffn_gelu')), [`${at}.output.dense`]);
    const isLast = layer === layers.length - 1;
    const outputRange = ranges.get(OUTPUT_PLACE);
    if (isLast && outputRange === undefined) {
      // Nobody knows the range of the last LayerNorm: it stays fp16.
      output = layerNorm(toRows(graph.node('Add', [narrowed, mixed])), `${at}.output.LayerNorm`);
      break;
    }
    const amax = isLast && outputRange !== undefined ? amaxOf(outputRange) : inputAmax(layer + 1);
    ranged(narrowed, amaxAt(layer, 'ffn_output'));
    hidden = addAndNormalise(narrowed, mixed, `${at}.output.LayerNorm`, amax);
  }
  const logits =
    output === ''
      ? toRows(convolution(hidden, ['qa_outputs']))
      : graph.node('Add', [
          graph.node('MatMul', [output, headWeights(graph, checkpoint)]),
          graph.vector(checkpoint.vector('qa_outputs.bias')),
        ]);
  graph.cast(logits, 'float32', 'logits');
  return {
    graph: graph.finish({
      name: 'bert-question-answering-interleaved',
      opset: 17,
      inputs: form.inputs,
      outputs: [{ name: 'logits', type: 'float32', shape: [...form.tokens, 2] }],
    }),
    tensorRanges,
  };
}

/**
 * x · (½ (1 + tanh(√(2/π) (x + 0.044715 x³)))): in this order of operators and with constants of four dimensions TensorRT
 * makes one kernel of it and the convolution before it.
 */
function fusedGelu(graph: GraphBuilder, x: string): string {
  const constant = (value: number): string => graph.reals([1, 1, 1, 1], () => Float32Array.of(value));
  const cube = graph.node('Mul', [graph.node('Pow', [x, constant(3)]), constant(0.044715)]);
  const inner = graph.node('Mul', [graph.node('Add', [x, cube]), constant(Math.sqrt(2 / Math.PI))]);
  const gate = graph.node('Add', [graph.node('Tanh', [inner]), constant(1)]);
  return graph.node('Mul', [graph.node('Mul', [gate, constant(0.5)]), x]);
}

/** Linear layers with the same input as one 1×1 convolution: real[1, out, tokens, 1]. */
function createConvolutions(
  graph: GraphBuilder,
  checkpoint: BertCheckpoint,
  weightAmax: InterleavedOptions['weightAmax'],
): (x: string, names: readonly string[]) => string {
  return (x, names) => {
    const shapes = names.map((name) => checkpoint.shapeOf(`${name}.weight`));
    const rows = shapes.reduce((sum, [count = 0]) => sum + count, 0);
    const weights = graph.reals([rows, shapes[0]?.[1] ?? 0, 1, 1], () =>
      joined(
        names.map((name) =>
          inTrainedSteps(checkpoint.matrix(`${name}.weight`), weightAmax?.get(`${name}.weight`)),
        ),
      ),
    );
    const bias = graph.vector(joined(names.map((name) => checkpoint.vector(`${name}.bias`))));
    return graph.node('Conv', [x, weights, bias], { kernel_shape: { ints: [1, 1] } });
  };
}

/**
 * Weights as training rounded them. TensorRT finds the scales of implicitly quantised weights by itself, from the largest of each
 * row: on values that are whole steps already it loses nothing of them.
 */
function inTrainedSteps(matrix: Matrix, amax: Float32Array | undefined): Float32Array {
  if (amax === undefined) return dequantized(matrix);
  const scales = rowScales(matrix, amax, 8);
  const steps = quantizedRows(matrix, scales, 8);
  return Float32Array.from(steps, (step, i) => step * scales[Math.floor(i / matrix.columns)]!);
}

function headWeights(graph: GraphBuilder, checkpoint: BertCheckpoint): string {
  const [rows = 0, columns = 0] = checkpoint.shapeOf('qa_outputs.weight');
  return graph.reals([columns, rows], () => {
    const values = dequantized(checkpoint.matrix('qa_outputs.weight'));
    return Float32Array.from(
      { length: values.length },
      (_unused, i) => values[(i % rows) * columns + Math.floor(i / rows)]!,
    );
  });
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
