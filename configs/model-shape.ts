// The shape of a model, as far as memory and published values depend on it. The GPUs' values hold for BERT-Large.

export interface ModelShape {
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly layers: number;
  readonly vocabulary: number;
}

/** The official model of the benchmark, and the one that a model whose shape is not known is taken for: the larger guess is the safer one. */
export const bertLarge: ModelShape = {
  hidden: 1024,
  intermediate: 4096,
  heads: 16,
  layers: 24,
  vocabulary: 30_522,
};

/** The shape that the text of a config.json describes; what it does not say is BERT-Large's. */
export function modelShape(text: string): ModelShape {
  let config: Readonly<Record<string, unknown>>;
  try {
    config = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return bertLarge;
  }
  const number = (key: string, fallback: number) => {
    const value = config[key];
    return typeof value === 'number' && value > 0 ? value : fallback;
  };
  return {
    hidden: number('hidden_size', bertLarge.hidden),
    intermediate: number('intermediate_size', bertLarge.intermediate),
    heads: number('num_attention_heads', bertLarge.heads),
    layers: number('num_hidden_layers', bertLarge.layers),
    vocabulary: number('vocab_size', bertLarge.vocabulary),
  };
}

export const parameterCount = ({ hidden, intermediate, layers, vocabulary }: ModelShape): number =>
  layers * (4 * hidden ** 2 + 2 * hidden * intermediate) + vocabulary * hidden;

/** Whether rates of BERT-Large are those of this model: the vocabulary costs nothing. */
export const isBertLarge = ({ hidden, intermediate, heads, layers }: ModelShape): boolean =>
  hidden === bertLarge.hidden &&
  intermediate === bertLarge.intermediate &&
  heads === bertLarge.heads &&
  layers === bertLarge.layers;

/** `BERT-Large`, or `a model of 6 layers of 384`. */
export const shapeName = (shape: ModelShape): string =>
  isBertLarge(shape) ? 'BERT-Large' : `a model of ${shape.layers} layers of ${shape.hidden}`;
