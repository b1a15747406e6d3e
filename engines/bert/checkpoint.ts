// A Hugging Face BertForQuestionAnswering folder: config.json, model.safetensors; weights as float32 or int8 rows.

import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../configs/errors.js';
import { openSafetensors, type SafetensorsFile } from './safetensors.js';

const configSchema = z.object({
  architectures: z.array(z.string()).optional(),
  model_type: z.literal('bert', 'only model_type "bert" is supported').default('bert'),
  hidden_size: z.int().positive(),
  num_hidden_layers: z.int().positive(),
  num_attention_heads: z.int().positive(),
  intermediate_size: z.int().positive(),
  vocab_size: z.int().positive(),
  max_position_embeddings: z.int().positive(),
  type_vocab_size: z.int().positive().default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_act: z.literal('gelu', 'only hidden_act "gelu" is supported').default('gelu'),
  position_embedding_type: z
    .literal('absolute', 'only position_embedding_type "absolute" is supported')
    .default('absolute'),
});
export type BertConfig = Readonly<z.output<typeof configSchema>>;

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

/** An open model; disposing it closes its file. */
export interface BertCheckpoint extends Disposable {
  readonly config: BertConfig;
  /** SHA-256 of model.safetensors, hex. */
  readonly model_sha256: string;
  /** A vector or table under its Hugging Face name, without the `bert.` prefix. */
  vector(name: string): Float32Array;
  matrix(name: string): Matrix;
}

/**
 * Opens a model folder and checks that every tensor is there in its right shape; all that is wrong is named at once.
 *
 * @throws {ConfigError | SetupError}
 */
export function openCheckpoint(modelDir: string): BertCheckpoint {
  const config = readConfig(join(modelDir, 'config.json'));
  const path = join(modelDir, 'model.safetensors');
  const file = openSafetensors(path);
  const prefix = [...file.tensors.keys()].some((name) => name.startsWith('bert.')) ? 'bert.' : '';
  const fullName = (name: string): string => (name.startsWith('qa_outputs') ? name : `${prefix}${name}`);
  const problems = expectedTensors(config).flatMap(([name, shape]) =>
    problemWith(file, fullName(name), shape),
  );
  if (problems.length > 0) {
    file[Symbol.dispose]();
    throw new ConfigError(`${path} is not the model that config.json describes:\n${problems.join('\n')}`);
  }
  const model_sha256 = sha256OfFile(path);
  return {
    config,
    model_sha256,
    vector: (name) => readFloat32(file, fullName(name)),
    matrix: (name) => readMatrix(file, fullName(name)),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

function readConfig(path: string): BertConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SetupError(
      `cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        '--model wants a folder with config.json, model.safetensors and vocab.txt.',
      { cause },
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${path}: not JSON`, { cause });
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success)
    throw new ConfigError(`${path}: not a BERT configuration\n${z.prettifyError(parsed.error)}`);
  const config = parsed.data;
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw new ConfigError(
      `${path}: hidden_size (${config.hidden_size}) must be a multiple of num_attention_heads (${config.num_attention_heads})`,
    );
  }
  return config;
}

/** Every tensor of the model with its shape. */
function expectedTensors(config: BertConfig): readonly (readonly [string, readonly number[]])[] {
  const { hidden_size: hidden, intermediate_size: inner } = config;
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
  const layer = (index: number) => {
    const at = `encoder.layer.${index}`;
    return [
      ...linear(`${at}.attention.self.query`, hidden, hidden),
      ...linear(`${at}.attention.self.key`, hidden, hidden),
      ...linear(`${at}.attention.self.value`, hidden, hidden),
      ...linear(`${at}.attention.output.dense`, hidden, hidden),
      ...norm(`${at}.attention.output.LayerNorm`),
      ...linear(`${at}.intermediate.dense`, inner, hidden),
      ...linear(`${at}.output.dense`, hidden, inner),
      ...norm(`${at}.output.LayerNorm`),
    ];
  };
  return [
    ['embeddings.word_embeddings.weight', [config.vocab_size, hidden]],
    ['embeddings.position_embeddings.weight', [config.max_position_embeddings, hidden]],
    ['embeddings.token_type_embeddings.weight', [config.type_vocab_size, hidden]],
    ...norm('embeddings.LayerNorm'),
    ...Array.from({ length: config.num_hidden_layers }, (_unused, index) => layer(index)).flat(),
    ...linear('qa_outputs', 2, hidden),
  ];
}

function problemWith(file: SafetensorsFile, name: string, shape: readonly number[]): readonly string[] {
  const entry = file.tensors.get(name);
  const wanted = `[${shape.join(', ')}]`;
  if (entry === undefined) return [`  ${name} ${wanted} is missing`];
  const problems: string[] = [];
  if (entry.shape.join() !== shape.join())
    problems.push(`  ${name} is [${entry.shape.join(', ')}], not ${wanted}`);
  if (entry.dtype === 'I8' && shape.length === 2) {
    const scale = file.tensors.get(`${name}_scale`);
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

function readMatrix(file: SafetensorsFile, name: string): Matrix {
  const { dtype, shape } = file.tensors.get(name)!; // checked when the file was opened
  const [rows = 0, columns = 0] = shape;
  if (dtype !== 'I8') return { kind: 'float32', rows, columns, values: readFloat32(file, name) };
  const values = new Int8Array(file.read(name).buffer);
  return { kind: 'int8', rows, columns, values, rowScales: readFloat32(file, `${name}_scale`) };
}

/** A tensor as float32; int8 rows are multiplied out. */
function readFloat32(file: SafetensorsFile, name: string): Float32Array {
  const { dtype } = file.tensors.get(name)!; // checked when the file was opened
  const bytes = file.read(name);
  if (dtype === 'F32') return new Float32Array(bytes.buffer);
  if (dtype === 'F16') return Float32Array.from(new Uint16Array(bytes.buffer), float16ToNumber);
  if (dtype === 'BF16') {
    return new Float32Array(Uint32Array.from(new Uint16Array(bytes.buffer), (half) => half << 16).buffer);
  }
  return dequantized(readMatrix(file, name)); // I8, the only other type that passed the check
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

/** In pieces: the file may be larger than one buffer can be. */
function sha256OfFile(path: string): string {
  const hash = createHash('sha256');
  const piece = new Uint8Array(1 << 22);
  const fd = openSync(path, 'r');
  try {
    for (let count; (count = readSync(fd, piece)) > 0;) hash.update(piece.subarray(0, count));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}
