// Is a folder a whole model? Every file that is missing is named.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** What a model of these files (paths in `folder`) lacks, one sentence each; none if it is whole. */
export function missingFromModel(folder: string, names: readonly string[]): readonly string[] {
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (names.includes('synthetic.json')) return has(/^vocab\.txt$/) ? [] : ['vocab.txt'];
  return [
    ...(has(/^(bert_)?config\.json$/) ? [] : ['config.json (or bert_config.json)']),
    ...(has(/^vocab\.txt$/) ? [] : ['vocab.txt']),
    ...missingWeights(folder, names),
  ];
}

function missingWeights(folder: string, names: readonly string[]): readonly string[] {
  const missing = [
    ...names
      .filter((name) => name.endsWith('.index.json'))
      .flatMap((index) => missingShards(folder, index, names)),
    ...names
      .filter((name) => /\.ckpt[^/]*\.(index|data-\d+-of-\d+)$/.test(name))
      .flatMap((part) => missingParts(part, names)),
  ];
  const isThere = names.some(
    (name) => /\.(safetensors|bin|pt|pth|onnx)$/.test(name) || /\.ckpt[^/]*\.index$/.test(name),
  );
  const isPromised = names.some((name) => name.endsWith('.index.json'));
  if (isThere || isPromised || missing.length > 0) return [...new Set(missing)];
  return [
    'weights: one of model.safetensors (or its .index.json with all shards), pytorch_model.bin, <name>.ckpt.index with .data and .meta, <name>.onnx',
  ];
}

function missingShards(folder: string, index: string, names: readonly string[]): readonly string[] {
  try {
    const { weight_map } = indexSchema.parse(JSON.parse(readFileSync(join(folder, index), 'utf8')));
    return [...new Set(Object.values(weight_map))]
      .filter((shard) => !names.includes(shard))
      .map((shard) => `${shard} (named in ${index})`);
  } catch {
    return [`a readable ${index} ({"weight_map": {…}})`];
  }
}

/** A TensorFlow checkpoint: <prefix>.index, every <prefix>.data-00000-of-0000N; .meta holds the graph, which is not needed. */
function missingParts(part: string, names: readonly string[]): readonly string[] {
  const prefix = part.replace(/\.(index|data-\d+-of-\d+)$/, '');
  const data = names.filter((name) => name.startsWith(`${prefix}.data-`));
  const count = Number(/-of-(\d+)$/.exec(data[0] ?? '')?.[1] ?? 1);
  const wanted = Array.from({ length: count }, (_, i) => `${prefix}.data-${pad(i)}-of-${pad(count)}`);
  return [`${prefix}.index`, ...wanted].filter((name) => !names.includes(name));
}

const pad = (value: number): string => String(value).padStart(5, '0');
