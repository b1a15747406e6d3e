// Word, position and segment embeddings, added.

import type { BertCheckpoint } from './checkpoint.js';
import type { GraphBuilder } from './graph-builder.js';
import type { GraphForm } from './graph-form.js';
import type { GraphOptions } from './graph-options.js';

/** real[…tokens, hidden], before their LayerNorm. */
export function embeddings(
  graph: GraphBuilder,
  checkpoint: BertCheckpoint,
  options: GraphOptions,
  form: GraphForm,
): string {
  const { config } = checkpoint;
  const table = (part: string, rows: number): string =>
    graph.reals([rows, config.hidden_size], () => checkpoint.vector(`embeddings.${part}_embeddings.weight`));
  const word = isRowwise(options)
    ? (rowwiseWords(graph, checkpoint) ??
      graph.node('Gather', [table('word', config.vocab_size), 'input_ids']))
    : graph.node('Gather', [table('word', config.vocab_size), 'input_ids']);
  const segment = graph.node('Gather', [table('token_type', config.type_vocab_size), 'token_type_ids']);
  const position = form.positions(graph, table('position', config.max_position_embeddings));
  return graph.node('Add', [graph.node('Add', [word, segment]), position]);
}

/** Small forms for CPUs keep int8 rows as they are stored. */
function isRowwise({ precision, quantization }: GraphOptions): boolean {
  return (
    precision === 'int8-dynamic' ||
    precision === 'fp16-stored' ||
    (precision === 'int8' && (quantization?.weights ?? 'in-graph') !== 'in-graph')
  );
}

/** A quarter of the memory, and exactly the same values: only the rows that are looked up are multiplied out. */
function rowwiseWords(graph: GraphBuilder, checkpoint: BertCheckpoint): string | undefined {
  const words = checkpoint.matrix('embeddings.word_embeddings.weight');
  if (words.kind !== 'int8') return undefined;
  const stored = graph.tensor('int8', [words.rows, words.columns], words.values);
  const rows = graph.node('Gather', [stored, 'input_ids']);
  const scales = graph.node('Gather', [
    graph.tensor('float32', [words.rows, 1], words.rowScales),
    'input_ids',
  ]);
  return graph.node('Mul', [graph.cast(rows, 'float32'), scales]);
}
