// A minimal writer of ONNX files: just the protobuf fields a model graph needs, in deterministic bytes.
// Follows onnx.proto3 (field numbers beside each writer) and ONNX's ExternalData.md.

/** ONNX element types that we write. */
export const elementType = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  float16: 10,
  bfloat16: 16,
  float8e4m3fn: 17,
} as const;
export type ElementType = keyof typeof elementType;

const elementBytes: Readonly<Record<ElementType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  float16: 2,
  bfloat16: 2,
  float8e4m3fn: 1,
};

/** An attribute of a node: a whole number, a real one, a text, or a list of whole or real numbers. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: Float32Array };

export interface GraphNode {
  readonly op: string;
  /** Where the operator is defined; absent = ONNX's own. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /**
   * Makes the values: little-endian, C order. Called when they are written, and not kept: a large model never lies in memory
   * whole.
   */
  bytes(): Uint8Array;
}

/** Bytes of a tensor, known before its values are made. */
export function byteLengthOf({ type, shape }: Pick<Initializer, 'type' | 'shape'>): number {
  return shape.reduce((product, size) => product * size, elementBytes[type]);
}

/** An input or output; a text dimension is symbolic. */
export interface GraphValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly opset: number;
  readonly nodes: readonly GraphNode[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

/** The format's version that goes with an opset (Versioning.md of ONNX). */
const irVersion = (opset: number): number => (opset >= 21 ? 10 : opset >= 19 ? 9 : 8);

/** Smaller tensors stay in the model file: mapping a file gives whole pages. */
export const EXTERNAL_BYTES = 64 * 1024;
/** Mapped tensors must start on an allocation unit; Windows has the largest. */
const EXTERNAL_ALIGNMENT = 64 * 1024;

/** Chunks are to be written one after another. */
export interface SplitModel {
  readonly model: readonly Uint8Array[];
  /** Made one tensor at a time, while they are written. */
  readonly data: Iterable<Uint8Array>;
}

/** A whole model, a ModelProto; at most 2 GiB, protobuf's limit. */
export function encodeModel(graph: OnnxGraph, producer: string): readonly Uint8Array[] {
  return encodeSplitModel(graph, producer, undefined).model;
}

/**
 * The same with its large tensors in `dataFile`, a file beside the model: no limit on the size, and sessions that map the
 * file share its memory.
 */
export function encodeSplitModel(
  graph: OnnxGraph,
  producer: string,
  dataFile: string | undefined,
): SplitModel {
  const external: { readonly tensor: Initializer; readonly padding: number }[] = [];
  let end = 0;
  const place = (tensor: Initializer): number => {
    const offset = Math.ceil(end / EXTERNAL_ALIGNMENT) * EXTERNAL_ALIGNMENT;
    external.push({ tensor, padding: offset - end });
    end = offset + byteLengthOf(tensor);
    return offset;
  };
  const encodeTensor = (tensor: Initializer): Chunks => {
    const { name, type, shape } = tensor;
    const byteLength = byteLengthOf(tensor);
    const isExternal = dataFile !== undefined && byteLength >= EXTERNAL_BYTES;
    return join([
      ...shape.map((size) => integer(1, size)),
      integer(2, elementType[type]),
      text(8, name),
      ...(isExternal
        ? [
            message(13, entry('location', dataFile)),
            message(13, entry('offset', place(tensor).toString())),
            message(13, entry('length', byteLength.toString())),
            integer(14, EXTERNAL),
          ]
        : [message(9, [checkedBytes(tensor)])]),
    ]);
  };
  const model = join([
    integer(1, irVersion(graph.opset)),
    text(2, producer),
    message(7, encodeGraph(graph, encodeTensor)),
    message(8, join([text(1, ''), integer(2, graph.opset)])),
    ...otherDomains(graph).map((domain) => message(8, join([text(1, domain), integer(2, 1)]))),
  ]);
  return { model, data: dataChunks(external) };
}

/** Each in its version 1, the only one there is of those we write. */
function otherDomains({ nodes }: OnnxGraph): readonly string[] {
  return [...new Set(nodes.flatMap(({ domain }) => (domain === undefined ? [] : [domain])))];
}

function* dataChunks(
  external: readonly { readonly tensor: Initializer; readonly padding: number }[],
): Generator<Uint8Array, void, undefined> {
  for (const { tensor, padding } of external) {
    yield new Uint8Array(padding);
    yield checkedBytes(tensor);
  }
}

/** Offsets were given out before the values were made. */
function checkedBytes(tensor: Initializer): Uint8Array {
  const bytes = tensor.bytes();
  if (bytes.length !== byteLengthOf(tensor)) {
    throw new Error(
      `${tensor.name} ${tensor.type}[${tensor.shape.join(', ')}] was given ${bytes.length} bytes`,
    );
  }
  return bytes;
}

type Chunks = readonly Uint8Array[];

/** TensorProto.DataLocation */
const EXTERNAL = 1;

function encodeGraph(graph: OnnxGraph, encodeTensor: (tensor: Initializer) => Chunks): Chunks {
  return join([
    ...graph.nodes.map((node, place) => message(1, encodeNode(node, place))),
    text(2, graph.name),
    ...graph.initializers.map((tensor) => message(5, encodeTensor(tensor))),
    ...graph.inputs.map((value) => message(11, encodeValue(value))),
    ...graph.outputs.map((value) => message(12, encodeValue(value))),
  ]);
}

function encodeNode({ op, domain, inputs, outputs, attributes = {} }: GraphNode, place: number): Chunks {
  return join([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(3, `${op}_${place}`),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => message(5, encodeAttribute(name, value))),
    ...(domain === undefined ? [] : [text(7, domain)]),
  ]);
}

function encodeAttribute(name: string, value: Attribute): Chunks {
  if ('int' in value) return join([text(1, name), integer(3, value.int), integer(20, 2)]);
  if ('float' in value) return join([text(1, name), float(2, value.float), integer(20, 1)]);
  if ('text' in value) return join([text(1, name), text(4, value.text), integer(20, 3)]);
  if ('floats' in value) {
    const { buffer, byteOffset, byteLength } = value.floats;
    return join([
      text(1, name),
      message(7, [new Uint8Array(buffer, byteOffset, byteLength)]),
      integer(20, 6),
    ]);
  }
  return join([text(1, name), ...value.ints.map((each) => integer(8, each)), integer(20, 7)]);
}

const entry = (key: string, value: string): Chunks => join([text(1, key), text(2, value)]);

function encodeValue({ name, type, shape }: GraphValue): Chunks {
  const dimensions = shape.map((size) =>
    message(1, typeof size === 'number' ? integer(1, size) : text(2, size)),
  );
  const tensor = join([integer(1, elementType[type]), message(2, join(dimensions))]);
  return join([text(1, name), message(2, message(1, tensor))]);
}

function message(field: number, chunks: Chunks): Chunks {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return [tag(field, 2), varint(BigInt(length)), ...chunks];
}

const text = (field: number, value: string): Chunks => message(field, [new TextEncoder().encode(value)]);
// Negative numbers are written as their 64-bit two's complement.
const integer = (field: number, value: number): Chunks => [
  tag(field, 0),
  varint(BigInt.asUintN(64, BigInt(value))),
];
const float = (field: number, value: number): Chunks => [
  tag(field, 5),
  new Uint8Array(new Float32Array([value]).buffer),
];
const tag = (field: number, wireType: number): Uint8Array => varint(BigInt((field << 3) | wireType));
const join = (parts: readonly Chunks[]): Chunks => parts.flat();

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
