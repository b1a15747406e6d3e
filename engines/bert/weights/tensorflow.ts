// TensorFlow 1 checkpoints, format V2: X.index (a sorted table of BundleEntryProto) and X.data-0000k-of-0000n. Follows
// tensorflow/core/protobuf/tensor_bundle.proto and util/tensor_bundle. Names are Google's and NVIDIA's BERT's.

import { existsSync } from 'node:fs';
import { ConfigError } from '../../../configs/errors.js';
import type { TensorDtype } from '../safetensors.js';
import { openByteFile, type ByteFile } from './byte-file.js';
import { maskedCrc32c } from './crc32c.js';
import { bytesInMemory, protobufFields, type ByteSource } from './protobuf.js';
import { readSortedTable } from './sstable.js';
import { transposed, underPlainNames, type StoredTensor, type WeightSource } from './weight-source.js';

/** DataType of tensorflow/core/framework/types.proto. */
const dtypes: ReadonlyMap<number, readonly [TensorDtype, elementBytes: number]> = new Map([
  [1, ['F32', 4]],
  [2, ['F64', 8]],
  [3, ['I32', 4]],
  [4, ['U8', 1]],
  [5, ['I16', 2]],
  [6, ['I8', 1]],
  [9, ['I64', 8]],
  [10, ['BOOL', 1]],
  [14, ['BF16', 2]],
  [19, ['F16', 2]],
]);

interface BundleEntry extends StoredTensor {
  readonly tensorFlowName: string;
  readonly elementBytes: number;
  readonly shard: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly maskedCrc: number;
  /** A dense layer's kernel is [in, out]. */
  readonly isKernel: boolean;
}

/**
 * Opens `X` by its index file `X.index`.
 *
 * @throws {ConfigError} when the index is damaged or a shard is missing.
 */
export function openTensorFlow(indexPath: string): WeightSource {
  const table = readSortedTable(indexPath);
  const shardCount = readHeader(indexPath, table.get(''));
  const basename = indexPath.replace(/\.index$/, '');
  const paths = Array.from(
    { length: shardCount },
    (_unused, k) => `${basename}.data-${fiveDigits(k)}-of-${fiveDigits(shardCount)}`,
  );
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length > 0) {
    throw new ConfigError(
      `${indexPath} names ${shardCount} data shards; missing: ${missing.join(', ')}. Copy them too.`,
    );
  }
  const found: (readonly [string, BundleEntry])[] = [];
  for (const [tensorFlowName, value] of table) {
    const name = huggingFaceName(tensorFlowName);
    const entry = name === undefined ? undefined : readEntry(indexPath, tensorFlowName, value);
    if (name !== undefined && entry !== undefined) found.push([name, entry]);
  }
  const tensors = underPlainNames(indexPath, found);
  const shards: ByteFile[] = [];
  const dispose = (): void => {
    for (const shard of shards) shard[Symbol.dispose]();
  };
  try {
    for (const path of paths) shards.push(openByteFile(path));
    for (const [, { tensorFlowName, shard, offset, sizeBytes }] of found) {
      const file = shards[shard];
      if (file === undefined)
        throw new ConfigError(`${indexPath}: "${tensorFlowName}" is in shard ${shard} of ${shardCount}`);
      if (offset + sizeBytes > file.sizeBytes) {
        throw new ConfigError(
          `${file.path}: incomplete: "${tensorFlowName}" ends at byte ${offset + sizeBytes}, it has ${file.sizeBytes}. ` +
            'Copy or download it again.',
        );
      }
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    kind: 'tensorflow',
    files: [indexPath, ...paths],
    tensors,
    read: (name) => readTensor(shards, tensors.get(name)!), // callers take names from `tensors`
    [Symbol.dispose]: dispose,
  };
}

const fiveDigits = (value: number): string => `${value}`.padStart(5, '0');

/**
 * `bert/encoder/layer_0/attention/self/query/kernel` → `encoder.layer.0.attention.self.query.weight`. Undefined for what is
 * not the model: an optimiser's slots, counters, other heads.
 */
function huggingFaceName(name: string): string | undefined {
  if (name === 'cls/squad/output_weights') return 'qa_outputs.weight';
  if (name === 'cls/squad/output_bias') return 'qa_outputs.bias';
  if (!name.startsWith('bert/') || /\/(adam_[mv]|LAMB\w*|Adam\w*|Momentum)$/.test(name)) return undefined;
  return name
    .slice('bert/'.length)
    .replaceAll('/layer_', '/layer/')
    .replaceAll('/', '.')
    .replace(/^(embeddings\.\w+_embeddings)$/, '$1.weight')
    .replace(/\.(kernel|gamma)$/, '.weight')
    .replace(/\.beta$/, '.bias');
}

/** BundleHeaderProto: 1 num_shards, 2 endianness (0 little). */
function readHeader(path: string, bytes: Uint8Array | undefined): number {
  if (bytes === undefined)
    throw new ConfigError(`${path}: a table without a header: not a TensorFlow checkpoint`);
  let shardCount = 0;
  for (const field of protobufFields(bytesInMemory(path, bytes), 0, bytes.length)) {
    if (field.wire !== 'varint') continue;
    if (field.number === 1) shardCount = Number(field.value);
    if (field.number === 2 && field.value !== 0n) {
      throw new ConfigError(`${path}: its byte order is big-endian; only little-endian can be read`);
    }
  }
  if (shardCount < 1 || shardCount > 99_999)
    throw new ConfigError(`${path}: claims ${shardCount} data shards`);
  return shardCount;
}

/** BundleEntryProto: 1 dtype, 2 shape, 3 shard_id, 4 offset, 5 size, 6 crc32c, 7 slices. */
function readEntry(path: string, tensorFlowName: string, bytes: Uint8Array): BundleEntry {
  const source = bytesInMemory(path, bytes);
  const numbers = new Map<number, number>();
  let shape: readonly number[] = [];
  let maskedCrc = 0;
  for (const field of protobufFields(source, 0, bytes.length)) {
    if (field.number === 7) {
      throw new ConfigError(`${path}: "${tensorFlowName}" is saved in slices; save it from one device`);
    }
    if (field.wire === 'varint') numbers.set(field.number, Number(field.value));
    else if (field.wire === 'bytes' && field.number === 2) shape = shapeIn(source, field.from, field.to);
    else if (field.wire === 'fixed' && field.number === 6 && field.bytes.length === 4) {
      maskedCrc = new DataView(field.bytes.buffer).getUint32(0, true);
    }
  }
  const type = numbers.get(1) ?? 0;
  const [dtype, elementBytes] = dtypes.get(type) ?? [];
  if (dtype === undefined || elementBytes === undefined) {
    throw new ConfigError(
      `${path}: "${tensorFlowName}" has TensorFlow's type number ${type}, which holds no weights`,
    );
  }
  const sizeBytes = numbers.get(5) ?? 0;
  const wanted = shape.reduce((product, size) => product * size, elementBytes);
  if (sizeBytes !== wanted) {
    throw new ConfigError(
      `${path}: "${tensorFlowName}" has ${sizeBytes} bytes, its shape [${shape.join(', ')}] wants ${wanted}`,
    );
  }
  const isKernel = tensorFlowName.endsWith('/kernel') && shape.length === 2;
  return {
    tensorFlowName,
    dtype,
    elementBytes,
    shape: isKernel ? [...shape].reverse() : shape,
    shard: numbers.get(3) ?? 0,
    offset: numbers.get(4) ?? 0,
    sizeBytes,
    maskedCrc,
    isKernel,
  };
}

/** TensorShapeProto: 2 dim { 1 size }. */
function shapeIn(source: ByteSource, from: number, to: number): readonly number[] {
  const shape: number[] = [];
  for (const dim of protobufFields(source, from, to)) {
    if (dim.number !== 2 || dim.wire !== 'bytes') continue;
    let size = 0;
    for (const field of protobufFields(source, dim.from, dim.to)) {
      if (field.number === 1 && field.wire === 'varint') size = Number(field.value);
    }
    shape.push(size);
  }
  return shape;
}

function readTensor(shards: readonly ByteFile[], entry: BundleEntry): Uint8Array {
  const file = shards[entry.shard]!; // checked when it was opened
  const bytes = file.read(entry.offset, entry.sizeBytes);
  if (maskedCrc32c(bytes) !== entry.maskedCrc) {
    throw new ConfigError(
      `${file.path}: "${entry.tensorFlowName}" has a wrong checksum. Copy or download it again.`,
    );
  }
  const [out = 0, from = 0] = entry.shape;
  return entry.isKernel ? transposed(bytes, from, out, entry.elementBytes) : bytes;
}
