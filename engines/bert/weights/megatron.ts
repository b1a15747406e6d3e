// BERT of Megatron-LM under our names: as transformers keeps it (MegatronBertForQuestionAnswering), and as NVIDIA's demo/BERT
// does (a pickle of arrays, builder_utils.py of TensorRT 8: Q, K and V as one matrix, ranges of training beside it).
//
// Megatron normalises what goes into each block, and adds the block to what was there before. Each LayerNorm therefore follows
// a sum, as in BERT, and gets the name that BERT has there: that of the embeddings is the first block's, that of a layer's output
// the next layer's, or the encoder's last.

import { ConfigError } from '../../../configs/errors.js';
import type { StoredTensor, WeightSource } from './weight-source.js';

const FUSED = 'attention.self.query_key_value';
const parts = ['query', 'key', 'value'] as const;

/** Whether the names are those of a Megatron BERT. */
export function isMegatron(names: Iterable<string>): boolean {
  for (const name of names) {
    if (name.includes('query_key_value') || /^encoder\.(ln|final_layernorm)\./.test(name)) return true;
  }
  return false;
}

/** Where a tensor's values lie: in one of the source, all of it or some of its rows. */
interface Part extends StoredTensor {
  readonly stored: string;
  /** Of three equal parts, one below the other; undefined: all. */
  readonly third?: number;
}

/** The same weights under our names. @throws {ConfigError} for Megatron-LM's own files, whose order of Q, K and V is not in them. */
export function underBertNames(source: WeightSource): WeightSource {
  const path = source.files[0] ?? '';
  refuseOwnFiles(path, source.tensors.keys());
  const layerCount = countLayers(source.tensors.keys());
  const tensors = new Map<string, Part>();
  for (const [stored, tensor] of source.tensors) {
    for (const [name, part] of partsOf(bertName(stored, layerCount), stored, tensor)) {
      if (tensors.has(name)) throw new ConfigError(`${path}: two tensors are named "${name}"; one must go`);
      tensors.set(name, part);
    }
  }
  return {
    kind: source.kind,
    files: source.files,
    tensors,
    normalisesFirst: true,
    read(name) {
      const { stored, third } = tensors.get(name)!; // callers take names from `tensors`
      const bytes = source.read(stored);
      const size = bytes.length / 3;
      return third === undefined ? bytes : bytes.slice(third * size, (third + 1) * size);
    },
    [Symbol.dispose]: () => source[Symbol.dispose](),
  };
}

function refuseOwnFiles(path: string, names: Iterable<string>): void {
  for (const name of names) {
    if (!name.includes('dense_h_to_4h')) continue;
    throw new ConfigError(
      `${path}: saved by Megatron-LM itself. In which order Q, K and V lie in it depends on a version and a number of heads that are no ` +
        'tensors. Convert it with transformers (convert_megatron_bert_checkpoint.py); what comes out is read.',
    );
  }
}

function countLayers(names: Iterable<string>): number {
  let count = 0;
  for (const name of names)
    count = Math.max(count, 1 + Number(/^encoder\.layers?\.(\d+)\./.exec(name)?.[1] ?? -1));
  return count;
}

/** NVIDIA's and transformers' names; those that are BERT's already stay. */
function bertName(stored: string, layerCount: number): string {
  const name = stored
    .replace(/^embedding\./, 'embeddings.')
    .replace(/\.tokentype_embeddings\./, '.token_type_embeddings.')
    .replace(/^encoder\.layers\./, 'encoder.layer.')
    .replace(/\.layernorm\./i, '.LayerNorm.')
    .replace(/^(?:\w+\.)*qa\w*\.(weight|bias)$/, 'qa_outputs.$1');
  const last = /^encoder\.ln\.(.+)$/.exec(name);
  if (last !== null) return `encoder.layer.${layerCount - 1}.output.LayerNorm.${last[1]}`;
  const [, layer, rest = ''] = /^encoder\.layer\.(\d+)\.(.+)$/.exec(name) ?? [];
  if (layer === undefined) return name;
  const at = `encoder.layer.${layer}`;
  const before = Number(layer) === 0 ? 'embeddings' : `encoder.layer.${Number(layer) - 1}.output`;
  if (rest.startsWith('attention.ln.')) return `${before}.LayerNorm.${rest.slice('attention.ln.'.length)}`;
  if (rest.startsWith('ln.')) return `${at}.attention.output.LayerNorm.${rest.slice('ln.'.length)}`;
  return `${at}.${rest.replace(/^attention\.(?=query_key_value|qv_|av_|matmul_)/, 'attention.self.')}`;
}

/** Q, K and V of a matrix of all three. Its input has one range; its weights one, or one for each row. */
function* partsOf(name: string, stored: string, tensor: StoredTensor): Generator<readonly [string, Part]> {
  const at = name.indexOf(`${FUSED}.`);
  if (at < 0) {
    yield [name, { ...tensor, stored }];
    return;
  }
  const [rows = 1, ...columns] = tensor.shape;
  const isWhole = name.endsWith('._amax') && rows === 1;
  for (const [third, part] of parts.entries()) {
    const own = name.replace(FUSED, `attention.self.${part}`);
    yield [
      own,
      isWhole ? { ...tensor, stored } : { ...tensor, stored, third, shape: [rows / 3, ...columns] },
    ];
  }
}
