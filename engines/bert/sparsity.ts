// 2:4 sparsity: of four weights in a row (along a product's inputs) at least two are zero, which sparse tensor cores need.

import { dequantized, type BertCheckpoint } from './checkpoint.js';

export interface SparseMatrix {
  readonly name: string;
  /** Groups of four with more than two weights. */
  readonly denseGroupCount: number;
  readonly groupCount: number;
}

/** The products of every layer: the matrices that sparse kernels can take. */
const products = [
  'attention.self.query',
  'attention.self.key',
  'attention.self.value',
  'attention.output.dense',
  'intermediate.dense',
  'output.dense',
];

/** Counts the groups of every layer's matrices; a matrix whose rows are no multiple of 4 long has all groups dense. */
export function sparsityOf(checkpoint: BertCheckpoint): readonly SparseMatrix[] {
  return checkpoint.layers.flatMap((_layer, index) =>
    products.map((product) => {
      const name = `encoder.layer.${index}.${product}.weight`;
      const matrix = checkpoint.matrix(name);
      // Integers are zero where their multiples are, too.
      const values = matrix.kind === 'int8' ? matrix.values : dequantized(matrix);
      const groupCount = Math.ceil(values.length / 4);
      if (matrix.columns % 4 !== 0) return { name, denseGroupCount: groupCount, groupCount };
      let denseGroupCount = 0;
      for (let at = 0; at < values.length; at += 4) {
        let weights = 0;
        for (let i = at; i < at + 4; i++) if (values[i] !== 0) weights++;
        if (weights > 2) denseGroupCount++;
      }
      return { name, denseGroupCount, groupCount };
    }),
  );
}
