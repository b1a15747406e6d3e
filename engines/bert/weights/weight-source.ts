// What every kind of weight file is to the checkpoint: named tensors, read one at a time.

import { ConfigError } from '../../../configs/errors.js';
import type { TensorDtype } from '../safetensors.js';

export type WeightKind = 'safetensors' | 'pytorch' | 'tensorflow' | 'onnx' | 'pickle' | 'synthetic';

export interface StoredTensor {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
}

/** Open weights; disposing them closes their files. */
export interface WeightSource extends Disposable {
  readonly kind: WeightKind;
  /** Every file that the weights come from; the first names the model in messages. */
  readonly files: readonly string[];
  /** LayerNorm stands before each block, as in Megatron-LM, not behind its sum, as in BERT. Default: behind. */
  readonly normalisesFirst?: boolean;
  /** By name: Hugging Face's, without `bert.`; matrices `[out, in]`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /**
   * Little-endian values in C order, in a buffer of their own.
   *
   * @throws {ConfigError} when the tensor is damaged.
   */
  read(name: string): Uint8Array;
}

/**
 * Hugging Face's present name, without prefix: `module.bert.encoder.layer.0.output.LayerNorm.gamma` →
 * `encoder.layer.0.output.LayerNorm.weight`. Knows the names of old converters (gamma, beta), of wrapped models (`module.`,
 * `model.bert.`) and of NVIDIA's (`dense_act`).
 */
export function plainName(name: string): string {
  return name
    .replace(/^module\./, '')
    .replace(/^(?:\w+\.)*?bert\./, '')
    .replace(/^(?:\w+\.)*qa_outputs\./, 'qa_outputs.')
    .replace(/(LayerNorm)\.gamma$/, '$1.weight')
    .replace(/(LayerNorm)\.beta$/, '$1.bias')
    .replace('.dense_act.', '.dense.');
}

/** The same tensors under their plain names; @throws {ConfigError} when two get the same one. */
export function underPlainNames<T>(path: string, tensors: Iterable<readonly [string, T]>): Map<string, T> {
  const result = new Map<string, T>();
  for (const [name, tensor] of tensors) {
    const plain = plainName(name);
    if (result.has(plain)) throw new ConfigError(`${path}: two tensors are named "${plain}"; one must go`);
    result.set(plain, tensor);
  }
  return result;
}

/** A matrix [rows, columns] of elements of some bytes → [columns, rows]. */
export function transposed(
  bytes: Uint8Array,
  rows: number,
  columns: number,
  elementBytes: number,
): Uint8Array {
  const result = new Uint8Array(bytes.length);
  if (elementBytes === 4) {
    moveElements(new Uint32Array(bytes.buffer), new Uint32Array(result.buffer), rows, columns);
  } else if (elementBytes === 2) {
    moveElements(new Uint16Array(bytes.buffer), new Uint16Array(result.buffer), rows, columns);
  } else {
    const width = columns * elementBytes;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const from = row * width + column * elementBytes;
        result.set(bytes.subarray(from, from + elementBytes), (column * rows + row) * elementBytes);
      }
    }
  }
  return result;
}

function moveElements(
  from: Uint32Array | Uint16Array,
  to: Uint32Array | Uint16Array,
  rows: number,
  columns: number,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column]!;
  }
}
