// Forms of a graph's input: true length, or padded with a mask. A form says what the inputs are, how tokens find their
// positions, and how attention keeps samples apart; all else works token by token and is the same for every form.

import { standardAttention, type Attention } from './attention.js';
import type { GraphBuilder } from './graph-builder.js';
import type { GraphValue } from './onnx-writer.js';

export interface GraphForm {
  /** Part of an engine's hash. */
  readonly name: string;
  /** Dimensions of one value per token. The logits are float32[…tokens, 2]. */
  readonly tokens: readonly (number | string)[];
  /** int32 inputs; `input_ids` and `token_type_ids`, both […tokens], are among them. */
  readonly inputs: readonly GraphValue[];
  /** Rows of `table`, real[position, hidden], in a shape that can be added to real[…tokens, hidden]. */
  positions(graph: GraphBuilder, table: string): string;
  /** Called once; the result serves every layer. */
  attention(graph: GraphBuilder): Attention;
}

type Size = number | string;

/** Sizes of the batch and of the sequence, fixed where they are numbers. */
export interface RectangleSizes {
  readonly batch?: Size;
  readonly sequence?: Size;
}

/** All samples of a batch have one length, at least 2 ([CLS] … [SEP]): no padding, hence no mask. */
export function trueLengthForm({ batch = 'batch', sequence = 'sequence' }: RectangleSizes = {}): GraphForm {
  const tokens = [batch, sequence];
  return {
    name: `true-length ${batch}x${sequence}`,
    tokens,
    inputs: idInputs(tokens),
    positions: firstPositions,
    attention: () => standardAttention(undefined),
  };
}

/**
 * Adds the input int32 `attention_mask[batch, sequence]`: 1 = token, 0 = padding, whose scores get −10000, as exporters do it
 * (a number that fp16 has, too).
 */
export function paddedForm({ batch = 'batch', sequence = 'sequence' }: RectangleSizes = {}): GraphForm {
  const tokens = [batch, sequence];
  return {
    name: `padded ${batch}x${sequence}`,
    tokens,
    inputs: [...idInputs(tokens), { name: 'attention_mask', type: 'int32', shape: tokens }],
    positions: firstPositions,
    attention: (graph) => standardAttention(paddingBias(graph)),
  };
}

function idInputs(tokens: readonly Size[]): readonly GraphValue[] {
  return [
    { name: 'input_ids', type: 'int32', shape: tokens },
    { name: 'token_type_ids', type: 'int32', shape: tokens },
  ];
}

/** The table's first rows, as many as the sequence is long. */
function firstPositions(graph: GraphBuilder, table: string): string {
  const length = graph.node('Slice', [graph.node('Shape', ['input_ids']), graph.ints([1]), graph.ints([2])]);
  return graph.node('Slice', [table, graph.ints([0]), length, graph.ints([0])]);
}

/** real[batch, 1, 1, sequence]: 0 for tokens, −10000 for padding. */
function paddingBias(graph: GraphBuilder): string {
  const isPadding = graph.node('Sub', [graph.scalar(1), graph.cast('attention_mask', graph.real)]);
  return graph.node('Unsqueeze', [graph.node('Mul', [isPadding, graph.scalar(-10_000)]), graph.ints([1, 2])]);
}
