// The packed form of a graph's input: the tokens of all samples behind one another, no padding. TensorRT's attention plugin
// keeps samples apart (plugin nodes are no ONNX operators: only TensorRT's parser knows them).
//
// int32 input_ids, token_type_ids, position_ids [tokens], cu_seqlens [samples + 1] (sums of lengths, from 0), max_seqlen
// [longest] (of which only the length counts) → float32 logits[tokens, 2].

import type { Attention } from './attention.js';
import type { GraphBuilder } from './graph-builder.js';
import type { GraphForm } from './graph-form.js';
import type { Attribute } from './onnx-writer.js';

export type PackedAttention =
  | {
      /** fp16: QKV in half precision. int8: QKV and the context with fixed scales. */
      readonly type: 'fp16' | 'int8';
      /** plugin_version: fp16 "2" or "5", int8 "3" or "6". */
      readonly pluginVersion: string;
    }
  /** TensorRT's own layer, in the graph's real type. */
  | { readonly type: 'layer' };

export function packedForm(attention: PackedAttention): GraphForm {
  const tokens = ['tokens'];
  const perToken = ['input_ids', 'token_type_ids', 'position_ids'].map((name) => ({
    name,
    type: 'int32' as const,
    shape: tokens,
  }));
  const isLayer = attention.type === 'layer';
  return {
    name: isLayer ? 'packed attention layer' : `packed ${attention.type} plugin ${attention.pluginVersion}`,
    tokens,
    inputs: [
      ...perToken,
      { name: 'cu_seqlens', type: 'int32', shape: ['samples_and_one'] },
      // The layer finds the longest by itself.
      ...(isLayer ? [] : [{ name: 'max_seqlen', type: 'int32' as const, shape: ['longest'] }]),
    ],
    positions: (graph, table) => graph.node('Gather', [table, 'position_ids']),
    attention() {
      switch (attention.type) {
        case 'layer':
          return attentionLayer();
        case 'fp16':
          return halfAttention(attention.pluginVersion);
        case 'int8':
          return int8Attention(attention.pluginVersion);
      }
    },
  };
}

/** The attention node itself. */
export function attentionNode(
  graph: GraphBuilder,
  pluginVersion: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>>,
): string {
  return graph.node('CustomQKVToContextPluginDynamic', inputs, {
    plugin_version: { text: pluginVersion },
    plugin_namespace: { text: '' },
    ...attributes,
  });
}

const HALF = 1;

/** The size of head that the plugin has kernels for on every GPU. */
export const PLUGIN_HEAD_SIZE = 64;

/**
 * Reads [tokens, 3E, 1, 1], head by head of each its Q, K and V; the mask's place is taken by cu_seqlens. The plugin fills smaller heads up
 * by itself, and scales their scores by 1/√64 then, where 1/√size is meant (qkvToContextPlugin: setup(S, B, padSize)): here they
 * reach it filled up, so that its scale is a known one and it copies nothing.
 */
function halfAttention(pluginVersion: string): Attention {
  return {
    qkvOrder: 'heads',
    scalesItself: true,
    headWidth: (headSize) => Math.max(headSize, PLUGIN_HEAD_SIZE),
    add(graph, { qkv, headCount, headSize }) {
      const square = graph.ints([2, 3]);
      const context = attentionNode(
        graph,
        pluginVersion,
        [graph.node('Unsqueeze', [qkv, square]), 'cu_seqlens', 'cu_seqlens', 'max_seqlen'],
        {
          type_id: { int: HALF },
          hidden_size: { int: headCount * headSize },
          num_heads: { int: headCount },
          has_mask: { int: 1 },
          var_seqlen: { int: 1 },
        },
      );
      return graph.node('Squeeze', [context, square]);
    },
  };
}

/**
 * Reads int8 [1, 3E, tokens, 1] in slices of 32 channels (kCHW32), all of Q, of K, of V. One scale serves all three; scales
 * are attributes, since an explicitly quantised network has none on its tensors.
 */
function int8Attention(pluginVersion: string): Attention {
  return {
    qkvOrder: 'parts',
    scalesItself: true,
    quantizesContext: true,
    add(graph, { qkv, headCount, headSize, amaxAt }) {
      const qkvScale = Math.max(amaxAt('query'), amaxAt('key'), amaxAt('value')) / 127;
      const contextScale = amaxAt('context') / 127;
      const zero = graph.tensor('int8', [], Int8Array.of(0));
      const transposed = { perm: { ints: [1, 0] } };
      const outer = graph.ints([0, 3]);
      const stored = graph.node('QuantizeLinear', [qkv, graph.scalar(qkvScale), zero]);
      const channels = graph.node('Unsqueeze', [graph.node('Transpose', [stored], transposed), outer]);
      const context = attentionNode(graph, pluginVersion, [channels, 'cu_seqlens', 'max_seqlen'], {
        hidden_size: { int: headCount * headSize },
        num_heads: { int: headCount },
        dq_probs: { float: amaxAt('probabilities') / 127 },
        use_int8_scale_max: { int: 1 },
        use_explicit_int8: { int: 1 },
        input_qkv_scale: { float: qkvScale },
        output_ctx_scale: { float: contextScale },
      });
      const rows = graph.node('Transpose', [graph.node('Squeeze', [context, outer])], transposed);
      return graph.node('DequantizeLinear', [rows, graph.scalar(contextScale), zero]);
    },
  };
}

/**
 * TensorRT's own attention, written as the operator TRT_Attention that its parser documents (onnx-tensorrt,
 * docs/TRT_custom_ops.md): Q, K and V [tokens, heads, size], sums of lengths for both sides, no mask. Tokens behind the last sum
 * belong to no sample.
 */
function attentionLayer(): Attention {
  return {
    qkvOrder: 'parts',
    scalesItself: false,
    add(graph, { qkv, headCount, headSize, queryIsScaled }) {
      const width = headCount * headSize;
      const byHead = graph
        .split(qkv, [width, width, width])
        .map((x) => graph.node('Reshape', [x, graph.ints([0, headCount, headSize])]));
      const noMask = '';
      const noPast = '';
      const context = graph.node(
        'TRT_Attention',
        [...byHead, noMask, noPast, noPast, 'cu_seqlens', 'cu_seqlens'],
        {
          query_form: { text: 'packed_nhd' },
          kv_form: { text: 'packed_nhd' },
          is_causal: { int: 0 },
          scale: { float: queryIsScaled ? 1 : 1 / Math.sqrt(headSize) },
          // Better in several kernels than not at all; the engine's proof tells.
          TRT_decomposable: { int: 1 },
        },
      );
      return graph.node('Reshape', [context, graph.ints([0, width])]);
    },
  };
}
