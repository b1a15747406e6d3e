// An ONNX file as its reader sees it: which node feeds which, and where each constant lies. Follows onnx.proto3 (field
// numbers beside each reader) and ONNX's ExternalData.md. Weights stay in their files until asked for.

import { existsSync, lstatSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { ConfigError } from '../../../configs/errors.js';
import type { TensorDtype } from '../safetensors.js';
import { openByteFile, type ByteFile } from './byte-file.js';
import { protobufFields, readAhead, textOf, varintAt, type ByteSource } from './protobuf.js';

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whole numbers and lists of them; other attributes are left out. */
  readonly numbers: ReadonlyMap<string, readonly number[]>;
}

/** A tensor that the file holds: an initializer or the value of a Constant node. */
export interface OnnxConstant {
  readonly name: string;
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  /** Little-endian, C order. @throws {ConfigError} when it is damaged. */
  readonly read: () => Uint8Array;
}

export interface OnnxModel extends Disposable {
  /** The model and its files of external data. */
  readonly files: readonly string[];
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxConstant>;
}

/** TensorProto.DataType */
const dtypes: ReadonlyMap<number, readonly [TensorDtype, elementBytes: number]> = new Map([
  [1, ['F32', 4]],
  [2, ['U8', 1]],
  [3, ['I8', 1]],
  [5, ['I16', 2]],
  [6, ['I32', 4]],
  [7, ['I64', 8]],
  [9, ['BOOL', 1]],
  [10, ['F16', 2]],
  [11, ['F64', 8]],
  [16, ['BF16', 2]],
]);

type Span = { readonly from: number; readonly to: number };

/** @throws {ConfigError | SetupError} when it is damaged, or external data is missing or lies elsewhere. */
export function openOnnxModel(path: string): OnnxModel {
  const open = new Map<string, ByteFile>();
  const dispose = (): void => {
    for (const file of open.values()) file[Symbol.dispose]();
  };
  const fileAt = (at: string): ByteFile => {
    const file = open.get(at) ?? openByteFile(at);
    open.set(at, file);
    return file;
  };
  try {
    const file = fileAt(path);
    const reader: Reader = {
      source: readAhead(file),
      whole: file,
      externalFile: (name) => fileAt(beside(path, name)),
    };
    const nodes: OnnxNode[] = [];
    const constants = new Map<string, OnnxConstant>();
    const add = (constant: OnnxConstant | undefined): void => {
      if (constant === undefined) return;
      if (constants.has(constant.name)) {
        throw new ConfigError(`${path}: two tensors are named "${constant.name}"; one must go`);
      }
      constants.set(constant.name, constant);
    };
    // ModelProto: 7 graph. GraphProto: 1 node, 5 initializer.
    for (const graph of messages(reader.source, { from: 0, to: file.sizeBytes }, 7)) {
      for (const field of protobufFields(reader.source, graph.from, graph.to)) {
        if (field.wire !== 'bytes') continue;
        if (field.number === 1) nodes.push(readNode(reader, field, add));
        if (field.number === 5) add(readTensor(reader, field));
      }
    }
    if (constants.size === 0) throw new ConfigError(`${path}: no ONNX model, or one without weights`);
    return { files: [...open.keys()], nodes, constants, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

interface Reader {
  readonly source: ByteSource;
  /** Unbuffered, for what is long. */
  readonly whole: ByteSource;
  readonly externalFile: (name: string) => ByteFile;
}

/** External data may lie beside the model or below it, and nowhere else. @throws {ConfigError} */
function beside(path: string, name: string): string {
  const plain = normalize(name);
  if (
    name === '' ||
    isAbsolute(name) ||
    name.includes('\0') ||
    plain === '..' ||
    plain.startsWith(`..${sep}`)
  ) {
    throw new ConfigError(`${path}: its external data "${name}" must be a file in the same folder`);
  }
  const at = join(dirname(path), plain);
  if (!existsSync(at)) {
    throw new ConfigError(`${path}: incomplete: its weights are in ${plain}, which is missing. Copy it too.`);
  }
  if (lstatSync(at).isSymbolicLink()) {
    throw new ConfigError(`${path}: its external data ${plain} is a link; put the file itself there`);
  }
  return at;
}

function* messages(source: ByteSource, { from, to }: Span, number: number): Generator<Span> {
  for (const field of protobufFields(source, from, to)) {
    if (field.wire === 'bytes' && field.number === number) yield field;
  }
}

/** NodeProto: 1 input, 2 output, 4 op_type, 5 attribute. */
function readNode(
  reader: Reader,
  node: Span,
  addConstant: (constant: OnnxConstant | undefined) => void,
): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const numbers = new Map<string, readonly number[]>();
  const attributes: Span[] = [];
  let op = '';
  for (const field of protobufFields(reader.source, node.from, node.to)) {
    if (field.wire !== 'bytes') continue;
    if (field.number === 1) inputs.push(textOf(reader.source, field));
    if (field.number === 2) outputs.push(textOf(reader.source, field));
    if (field.number === 4) op = textOf(reader.source, field);
    if (field.number === 5) attributes.push(field);
  }
  for (const attribute of attributes) readAttribute(attribute);
  return { op, inputs, outputs, numbers };

  /** AttributeProto: 1 name, 3 i, 5 t, 8 ints. */
  function readAttribute({ from, to }: Span): void {
    let name = '';
    const values: number[] = [];
    for (const field of protobufFields(reader.source, from, to)) {
      if (field.wire === 'bytes' && field.number === 1) name = textOf(reader.source, field);
      if (field.wire === 'varint' && (field.number === 3 || field.number === 8))
        values.push(signed(field.value));
      if (field.wire === 'bytes' && field.number === 8) values.push(...packedNumbers(reader.source, field));
      if (field.wire === 'bytes' && field.number === 5 && op === 'Constant')
        addConstant(readTensor(reader, field, outputs[0]));
    }
    if (values.length > 0) numbers.set(name, values);
  }
}

const signed = (value: bigint): number => Number(BigInt.asIntN(64, value));

function packedNumbers(source: ByteSource, { from, to }: Span): readonly number[] {
  const bytes = source.read(from, to - from);
  const values: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const [value, length] = varintAt(bytes, at) ?? [];
    if (value === undefined || length === undefined) {
      throw new ConfigError(`${source.path}: damaged at byte ${from + at}: a number has no end`);
    }
    values.push(signed(value));
    at += length;
  }
  return values;
}

/**
 * TensorProto: 1 dims, 2 data_type, 4 float_data, 5 int32_data, 8 name, 9 raw_data, 13 external_data, 14 data_location.
 * Undefined for text and other types that hold no weights.
 */
function readTensor(reader: Reader, tensor: Span, nameOfConstant?: string): OnnxConstant | undefined {
  const { source } = reader;
  const shape: number[] = [];
  const external = new Map<string, string>();
  let name = nameOfConstant ?? '';
  let type = 0;
  let isExternal = false;
  let raw: Span | undefined;
  let floats: Span | undefined;
  let integers: Span | undefined;
  for (const field of protobufFields(source, tensor.from, tensor.to)) {
    if (field.wire === 'varint') {
      if (field.number === 1) shape.push(signed(field.value));
      if (field.number === 2) type = Number(field.value);
      if (field.number === 14) isExternal = field.value === 1n;
    } else if (field.wire === 'bytes') {
      if (field.number === 1) shape.push(...packedNumbers(source, field));
      if (field.number === 4) floats = field;
      if (field.number === 5) integers = field;
      if (field.number === 8) name = nameOfConstant ?? textOf(source, field);
      if (field.number === 9) raw = field;
      if (field.number === 13) external.set(...readEntry(source, field));
    }
  }
  const [dtype, elementBytes] = dtypes.get(type) ?? [];
  if (dtype === undefined || elementBytes === undefined) return undefined;
  const wanted = shape.reduce((product, size) => product * size, elementBytes);
  const check = (bytes: number): void => {
    if (bytes === wanted && shape.every((size) => size >= 0)) return;
    throw new ConfigError(
      `${source.path}: "${name}" has ${bytes} bytes, its shape [${shape.join(', ')}] wants ${wanted}`,
    );
  };
  if (isExternal) {
    const file = reader.externalFile(external.get('location') ?? '');
    const from = Number(external.get('offset') ?? '0');
    const bytes = Number(external.get('length') ?? `${file.sizeBytes - from}`);
    check(bytes);
    if (!(from >= 0) || from + bytes > file.sizeBytes) {
      throw new ConfigError(
        `${file.path}: incomplete: "${name}" ends at byte ${from + bytes}, it has ${file.sizeBytes}. Copy or download it again.`,
      );
    }
    return { name, dtype, shape, read: () => file.read(from, bytes) };
  }
  const inline = raw ?? (dtype === 'F32' ? floats : undefined);
  if (inline !== undefined) {
    check(inline.to - inline.from);
    return { name, dtype, shape, read: () => reader.whole.read(inline.from, inline.to - inline.from) };
  }
  // Small types may be spelled as whole numbers, one a value.
  const values = integers === undefined ? [] : packedNumbers(source, integers);
  const bytes = new Uint8Array(values.length * elementBytes);
  for (const [place, value] of values.entries()) {
    for (let i = 0; i < elementBytes; i++) bytes[place * elementBytes + i] = (value >> (8 * i)) & 255;
  }
  check(bytes.length);
  return { name, dtype, shape, read: () => bytes.slice() };
}

/** StringStringEntryProto: 1 key, 2 value. */
function readEntry(source: ByteSource, { from, to }: Span): readonly [string, string] {
  const parts = ['', ''];
  for (const field of protobufFields(source, from, to)) {
    if (field.wire === 'bytes' && (field.number === 1 || field.number === 2))
      parts[field.number - 1] = textOf(source, field);
  }
  return [parts[0] ?? '', parts[1] ?? ''];
}
