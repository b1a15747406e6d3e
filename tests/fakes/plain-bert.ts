// BERT's forward pass in plain loops, to compare the built graph with. Slow and obvious.

import { tinyConfig, type TinyTensors } from './tiny-bert.js';

type Rows = readonly (readonly number[])[];

/** Logits of each token, start and end side by side. */
export function plainBert(
  tensors: TinyTensors,
  ids: readonly number[],
  segmentStart: number,
): readonly number[] {
  const tensor = (name: string): Float32Array => tensors.get(name)!.values;
  const row = (name: string, index: number): readonly number[] =>
    Array.from(tensor(name).subarray(index * tinyConfig.hidden_size, (index + 1) * tinyConfig.hidden_size));
  const linear = (x: Rows, name: string): Rows => {
    const weight = tensor(`${name}.weight`);
    const bias = tensor(`${name}.bias`);
    const size = x[0]!.length;
    return x.map((values) =>
      Array.from(bias, (start, out) =>
        values.reduce((sum, value, i) => sum + value * weight[out * size + i]!, start),
      ),
    );
  };
  const norm = (x: Rows, name: string): Rows => {
    const weight = tensor(`${name}.weight`);
    const bias = tensor(`${name}.bias`);
    return x.map((values) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      return values.map(
        (value, i) =>
          ((value - mean) / Math.sqrt(variance + tinyConfig.layer_norm_eps)) * weight[i]! + bias[i]!,
      );
    });
  };
  const add = (x: Rows, y: Rows): Rows => x.map((values, i) => values.map((value, j) => value + y[i]![j]!));

  const at = 'bert.embeddings';
  let hidden = norm(
    ids.map((id, place) => {
      const position = row(`${at}.position_embeddings.weight`, place);
      const segment = row(`${at}.token_type_embeddings.weight`, place < segmentStart ? 0 : 1);
      return row(`${at}.word_embeddings.weight`, id).map((value, i) => value + position[i]! + segment[i]!);
    }),
    `${at}.LayerNorm`,
  );
  for (let layer = 0; layer < tinyConfig.num_hidden_layers; layer++) {
    const name = `bert.encoder.layer.${layer}`;
    const [query, key, value] = ['query', 'key', 'value'].map((part) =>
      linear(hidden, `${name}.attention.self.${part}`),
    );
    const attended = attention(query!, key!, value!);
    const mixed = norm(
      add(linear(attended, `${name}.attention.output.dense`), hidden),
      `${name}.attention.output.LayerNorm`,
    );
    const inner = linear(mixed, `${name}.intermediate.dense`).map((values) =>
      values.map((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
    );
    hidden = norm(add(linear(inner, `${name}.output.dense`), mixed), `${name}.output.LayerNorm`);
  }
  return linear(hidden, 'qa_outputs').flat();
}

function attention(query: Rows, key: Rows, value: Rows): Rows {
  const heads = tinyConfig.num_attention_heads;
  const size = tinyConfig.hidden_size / heads;
  return query.map((queries) =>
    Array.from({ length: heads }, (_unused, head) => {
      const part = (values: readonly number[]): readonly number[] =>
        values.slice(head * size, (head + 1) * size);
      const scores = key.map(
        (keys) => part(queries).reduce((sum, q, i) => sum + q * part(keys)[i]!, 0) / Math.sqrt(size),
      );
      const largest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - largest));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return Array.from({ length: size }, (_none, i) =>
        value.reduce((sum, values, token) => sum + (weights[token]! / total) * part(values)[i]!, 0),
      );
    }).flat(),
  );
}

/** Error function by its series; exact enough for |x| < 4. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
