// The shape of each layer, as its weights have it, and every tensor that a BERT for question answering needs.

import type { BertConfig } from './bert-config.js';
import type { StoredTensor } from './weights/weight-source.js';

/** Heads or columns may have been pruned: layers need not be alike. */
export interface LayerShape {
  readonly head_count: number;
  /** Values of one head: hidden_size / num_attention_heads of the configuration. */
  readonly head_size: number;
  readonly intermediate_size: number;
}

/** Problems found, in sentences; empty for a model that fits its configuration. */
export interface LayerReading {
  readonly layers: readonly LayerShape[];
  readonly problems: readonly string[];
}

type Tensors = ReadonlyMap<string, StoredTensor>;

/** What the weights say, checked against the configuration: a pruned layer may be narrower, never wider. */
export function readLayers(tensors: Tensors, config: BertConfig): LayerReading {
  const head_size = config.hidden_size / config.num_attention_heads;
  const problems: string[] = [];
  const layers = Array.from({ length: config.num_hidden_layers }, (_unused, index): LayerShape => {
    const at = `encoder.layer.${index}`;
    const pruned = new Set(config.pruned_heads?.[`${index}`]).size;
    const expectedHeads = config.num_attention_heads - pruned;
    const queryRows = rowsOf(tensors, `${at}.attention.self.query.weight`);
    const innerRows = rowsOf(tensors, `${at}.intermediate.dense.weight`);
    const head_count = queryRows === undefined ? expectedHeads : queryRows / head_size;
    const headsFit =
      pruned > 0 ? head_count === expectedHeads : Number.isInteger(head_count) && head_count <= expectedHeads;
    if (!headsFit || head_count < 1) {
      problems.push(
        `  ${at}.attention.self.query.weight has ${queryRows ?? 0} rows; ` +
          `${expectedHeads} heads of ${head_size} need ${expectedHeads * head_size}`,
      );
    }
    const intermediate_size = innerRows ?? config.intermediate_size;
    if (intermediate_size > config.intermediate_size || intermediate_size < 1) {
      problems.push(
        `  ${at}.intermediate.dense.weight has ${intermediate_size} rows, intermediate_size is ${config.intermediate_size}`,
      );
    }
    return { head_count, head_size, intermediate_size };
  });
  const extra = `encoder.layer.${config.num_hidden_layers}.`;
  if ([...tensors.keys()].some((name) => name.startsWith(extra))) {
    problems.push(`  ${extra}* exists, but num_hidden_layers is ${config.num_hidden_layers}`);
  }
  // All layers alike and narrower than configured is no pruning but another model's configuration.
  const widths = new Set(layers.map(({ intermediate_size }) => intermediate_size));
  const [width] = widths;
  if (layers.length > 1 && widths.size === 1 && width !== undefined && width < config.intermediate_size) {
    problems.push(
      `  intermediate_size is ${config.intermediate_size}, every layer of the weights has ${width}`,
    );
  }
  return { layers, problems };
}

function rowsOf(tensors: Tensors, name: string): number | undefined {
  return tensors.get(name)?.shape[0];
}

/** Every tensor of the model with its shape. */
export function expectedTensors(
  config: BertConfig,
  layers: readonly LayerShape[],
): readonly (readonly [string, readonly number[]])[] {
  const { hidden_size: hidden } = config;
  const linear = (name: string, out: number, from: number) =>
    [
      [`${name}.weight`, [out, from]],
      [`${name}.bias`, [out]],
    ] as const;
  const norm = (name: string) =>
    [
      [`${name}.weight`, [hidden]],
      [`${name}.bias`, [hidden]],
    ] as const;
  const layer = ({ head_count, head_size, intermediate_size }: LayerShape, index: number) => {
    const at = `encoder.layer.${index}`;
    const attended = head_count * head_size;
    return [
      ...linear(`${at}.attention.self.query`, attended, hidden),
      ...linear(`${at}.attention.self.key`, attended, hidden),
      ...linear(`${at}.attention.self.value`, attended, hidden),
      ...linear(`${at}.attention.output.dense`, hidden, attended),
      ...norm(`${at}.attention.output.LayerNorm`),
      ...linear(`${at}.intermediate.dense`, intermediate_size, hidden),
      ...linear(`${at}.output.dense`, hidden, intermediate_size),
      ...norm(`${at}.output.LayerNorm`),
    ];
  };
  return [
    ['embeddings.word_embeddings.weight', [config.vocab_size, hidden]],
    ['embeddings.position_embeddings.weight', [config.max_position_embeddings, hidden]],
    ['embeddings.token_type_embeddings.weight', [config.type_vocab_size, hidden]],
    ...norm('embeddings.LayerNorm'),
    ...layers.flatMap(layer),
    ...linear('qa_outputs', 2, hidden),
  ];
}
