// A BertForQuestionAnswering: config.json and weights of any kind we read; weights as float32 or int8 rows.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../configs/errors.js';
import { readBertConfig, type BertConfig } from './bert-config.js';
import { expectedTensors, readLayers, type LayerShape } from './layer-shapes.js';
import { qatRanges, type QuantizationRanges } from './qat-ranges.js';
import { readSynthetic } from './synthetic.js';
import { sha256OfFiles } from './weights/byte-file.js';
import { findWeights, openWeights } from './weights/open-weights.js';
import type { WeightKind, WeightSource } from './weights/weight-source.js';

export type { BertConfig } from './bert-config.js';

/** A matrix [rows, columns] of weights: float32, or int8 rows with a scale each (weight = int8 × scale of its row). */
export type Matrix =
  | {
      readonly kind: 'float32';
      readonly rows: number;
      readonly columns: number;
      readonly values: Float32Array;
    }
  | {
      readonly kind: 'int8';
      readonly rows: number;
      readonly columns: number;
      readonly values: Int8Array;
      /** float32[rows] */
      readonly rowScales: Float32Array;
    };

/** An open model; disposing it closes its files. Weights are read each time they are asked for, and not kept. */
export interface BertCheckpoint extends Disposable {
  readonly config: BertConfig;
  /** What the weights are; pruned layers differ from the configuration. */
  readonly layers: readonly LayerShape[];
  readonly kind: WeightKind;
  /** LayerNorm stands before each block, as in Megatron-LM, not behind its sum, as in BERT. */
  readonly normalisesFirst: boolean;
  /** Every file the weights come from. */
  readonly files: readonly string[];
  /** Hex: SHA-256 of the one file, or of the lines `<file name> <SHA-256>\n` of several, sorted; computed when first asked for. */
  readonly model_sha256: string;
  /** Weights of the model, counted; unused tensors (the pooler, an optimiser's) are not among them. */
  readonly parameterCount: number;
  /** Ranges of quantisation-aware training, where the checkpoint has them. */
  readonly quantization?: QuantizationRanges;
  /** [rows, columns] of a matrix, [size] of a vector. */
  shapeOf(name: string): readonly number[];
  /**
   * A vector or table under its Hugging Face name, without the `bert.` prefix.
   *
   * @throws {ConfigError} when it is damaged or holds NaN or infinite values.
   */
  vector(name: string): Float32Array;
  /** @throws {ConfigError} as `vector` does. */
  matrix(name: string): Matrix;
}

export interface CheckpointOptions {
  /** Of the kinds of weights in a folder, the one to take; default: the first of safetensors, PyTorch, TensorFlow, ONNX. */
  readonly kind?: WeightKind;
  /** Folder of config.json or bert_config.json, where it does not lie beside the weights. */
  readonly configDir?: string;
}

/** What is known of a model before its weights are opened. */
export interface FoundModel {
  readonly config: BertConfig;
  readonly kind: WeightKind;
  /** The file that names the weights. */
  readonly path: string;
  /** Where vocab.txt is looked for. */
  readonly folder: string;
}

/** Finds a model's weights and reads its configuration. @throws {ConfigError | SetupError} */
export function findModel(source: string, { kind, configDir }: CheckpointOptions = {}): FoundModel {
  const found = findWeights(source, kind);
  const folder = configDir ?? found.folder;
  return {
    config: found.kind === 'synthetic' ? readSynthetic(found.path).config : readConfigIn(folder),
    kind: found.kind,
    path: found.path,
    folder: configDir !== undefined && existsSync(join(configDir, 'vocab.txt')) ? configDir : found.folder,
  };
}

/**
 * Opens a model, a folder or the file of its weights (config.json or bert_config.json lies beside it), and checks that every
 * tensor is there in its right shape; all that is wrong is named at once.
 *
 * @throws {ConfigError | SetupError}
 */
export function openCheckpoint(source: string, options: CheckpointOptions = {}): BertCheckpoint {
  const found = findModel(source, options);
  const weights = openWeights(found);
  try {
    return checkpointOf(found.config, weights, found.path, found.folder);
  } catch (error) {
    weights[Symbol.dispose]();
    throw error;
  }
}

function readConfigIn(folder: string): BertConfig {
  const google = join(folder, 'bert_config.json');
  const huggingFace = join(folder, 'config.json');
  return readBertConfig(!existsSync(huggingFace) && existsSync(google) ? google : huggingFace);
}

function checkpointOf(
  config: BertConfig,
  weights: WeightSource,
  path: string,
  folder: string,
): BertCheckpoint {
  const { layers, problems: layerProblems } = readLayers(weights.tensors, config);
  const expected = expectedTensors(config, layers);
  const isNamedMegatron = config.model_type === 'megatron-bert' && weights.normalisesFirst !== true;
  const problems = [
    ...(isNamedMegatron
      ? ['  model_type is megatron-bert, the names of the weights are those of a BERT']
      : []),
    ...vocabularyProblems(folder, config),
    ...layerProblems,
    ...expected.flatMap(([name, shape]) => problemWith(weights, name, shape)),
  ];
  if (problems.length > 0) {
    throw new ConfigError(`${path} is not the model that config.json describes:\n${problems.join('\n')}`);
  }
  const quantization = qatRanges(weights.tensors.keys(), (name) => readRange(weights, path, name));
  let hash: string | undefined;
  return {
    config,
    layers,
    kind: weights.kind,
    normalisesFirst: weights.normalisesFirst ?? false,
    files: weights.files,
    get model_sha256() {
      hash ??= sha256OfFiles(weights.files);
      return hash;
    },
    parameterCount: expected.reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0),
    ...(quantization === undefined ? {} : { quantization }),
    shapeOf: (name) => entryOf(weights, path, name).shape,
    vector: (name) => readFloat32(weights, path, name),
    matrix: (name) => readMatrix(weights, path, name),
    [Symbol.dispose]: () => weights[Symbol.dispose](),
  };
}

/** A vocabulary may be shorter than the embedding, which training code likes to pad; longer, it has tokens without a row. */
function vocabularyProblems(folder: string, config: BertConfig): readonly string[] {
  const path = join(folder, 'vocab.txt');
  if (!existsSync(path)) return [];
  const tokenCount = readFileSync(path, 'utf8').replace(/\n$/, '').split('\n').length;
  if (tokenCount <= config.vocab_size) return [];
  return [`  vocab.txt has ${tokenCount} tokens, vocab_size and the word embedding are ${config.vocab_size}`];
}

function problemWith(weights: WeightSource, name: string, shape: readonly number[]): readonly string[] {
  const entry = weights.tensors.get(name);
  const wanted = `[${shape.join(', ')}]`;
  if (entry === undefined) return [`  ${name} ${wanted} is missing`];
  const problems: string[] = [];
  if (entry.shape.join() !== shape.join())
    problems.push(`  ${name} is [${entry.shape.join(', ')}], not ${wanted}`);
  if (entry.dtype === 'I8' && shape.length === 2) {
    const scale = weights.tensors.get(`${name}_scale`);
    const [rows = 0] = shape;
    if (scale?.dtype !== 'F32' || ![`${rows}`, `${rows},1`].includes(scale.shape.join())) {
      const got = scale === undefined ? 'it is missing' : `got ${scale.dtype} [${scale.shape.join(', ')}]`;
      problems.push(`  ${name} is I8 and needs ${name}_scale in F32, [${rows}, 1]; ${got}`);
    }
  } else if (!['F32', 'F16', 'BF16'].includes(entry.dtype)) {
    problems.push(`  ${name} is ${entry.dtype}; F32, F16, BF16 or, for matrices, I8 with scales can be read`);
  }
  return problems;
}

function readMatrix(weights: WeightSource, path: string, name: string): Matrix {
  const { dtype, shape } = entryOf(weights, path, name);
  const [rows = 0, columns = 0] = shape;
  if (dtype !== 'I8') return { kind: 'float32', rows, columns, values: readFloat32(weights, path, name) };
  const values = new Int8Array(weights.read(name).buffer);
  return { kind: 'int8', rows, columns, values, rowScales: readFloat32(weights, path, `${name}_scale`) };
}

function entryOf(weights: WeightSource, path: string, name: string) {
  const entry = weights.tensors.get(name);
  if (entry === undefined) throw new ConfigError(`${path}: no tensor "${name}"`);
  return entry;
}

/** Doubles hold what is computed from a scale, so that the scale comes back bit for bit. */
function readRange(weights: WeightSource, path: string, name: string): Float32Array | Float64Array {
  return entryOf(weights, path, name).dtype === 'F64'
    ? new Float64Array(weights.read(name).buffer)
    : readFloat32(weights, path, name);
}

/** A tensor as float32; int8 rows are multiplied out. */
function readFloat32(weights: WeightSource, path: string, name: string): Float32Array {
  const { dtype } = entryOf(weights, path, name);
  if (dtype === 'I8') return dequantized(readMatrix(weights, path, name));
  const bytes = weights.read(name);
  const values = toFloat32(bytes, dtype);
  if (values === undefined) {
    throw new ConfigError(`${path}: "${name}" is ${dtype}; F32, F16 or BF16 can be read`);
  }
  checkFinite(path, name, values);
  return values;
}

function toFloat32(bytes: Uint8Array, dtype: string): Float32Array | undefined {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes.buffer);
    case 'F16':
      return mapped(new Uint16Array(bytes.buffer), float16ToNumber);
    case 'BF16':
      return new Float32Array(Uint32Array.from(new Uint16Array(bytes.buffer), (half) => half << 16).buffer);
    default:
      return undefined;
  }
}

/** A plain loop: TypedArray.from with a function costs ten times as much. */
function mapped(halves: Uint16Array, toNumber: (half: number) => number): Float32Array {
  const result = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) result[i] = toNumber(halves[i]!);
  return result;
}

/** @throws {ConfigError} with the number of NaN and infinite values. */
function checkFinite(path: string, name: string, values: Float32Array): void {
  let wrongCount = 0;
  for (const value of values) if (!Number.isFinite(value)) wrongCount++;
  if (wrongCount > 0) {
    throw new ConfigError(
      `${path}: "${name}" holds ${wrongCount} NaN or infinite values among ${values.length}; ` +
        'such a model answers nothing. Take an earlier checkpoint of its training.',
    );
  }
}

/** The float32 values of a matrix, row by row. */
export function dequantized(matrix: Matrix): Float32Array {
  if (matrix.kind === 'float32') return matrix.values;
  const { rows, columns, values, rowScales } = matrix;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const scale = rowScales[row]!;
    for (let i = row * columns; i < (row + 1) * columns; i++) result[i] = values[i]! * scale;
  }
  return result;
}

function float16ToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
