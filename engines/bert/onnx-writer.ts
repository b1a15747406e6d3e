// A minimal writer of ONNX files: just the protobuf fields a model graph needs, in deterministic bytes.
// Follows onnx.proto3 (field numbers beside each writer) and ONNX's ExternalData.md.

/** ONNX element types that we write. */
export const elementType = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10 } as const;
export type ElementType = keyof typeof elementType;

/** An attribute of a node: a whole number, a real one, or a list of whole numbers. */
export type Attribute =
  { readonly int: number } | { readonly float: number } | { readonly ints: readonly number[] };

export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Little-endian, C order. */
  readonly bytes: Uint8Array;
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

const IR_VERSION = 8;

/** Smaller tensors stay in the model file: mapping a file gives whole pages. */
export const EXTERNAL_BYTES = 64 * 1024;
/** Mapped tensors must start on an allocation unit; Windows has the largest. */
const EXTERNAL_ALIGNMENT = 64 * 1024;

/** Chunks are to be written one after another. */
export interface SplitModel {
  readonly model: readonly Uint8Array[];
  readonly data: readonly Uint8Array[];
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
  const data: Uint8Array[] = [];
  let end = 0;
  const place = (bytes: Uint8Array): number => {
    const offset = Math.ceil(end / EXTERNAL_ALIGNMENT) * EXTERNAL_ALIGNMENT;
    data.push(new Uint8Array(offset - end), bytes);
    end = offset + bytes.length;
    return offset;
  };
  const encodeTensor = ({ name, type, shape, bytes }: Initializer): Chunks => {
    const isExternal = dataFile !== undefined && bytes.length >= EXTERNAL_BYTES;
    return join([
      ...shape.map((size) => integer(1, size)),
      integer(2, elementType[type]),
      text(8, name),
      ...(isExternal
        ? [
            message(13, entry('location', dataFile)),
            message(13, entry('offset', place(bytes).toString())),
            message(13, entry('length', bytes.length.toString())),
            integer(14, EXTERNAL),
          ]
        : [message(9, [bytes])]),
    ]);
  };
  const model = join([
    integer(1, IR_VERSION),
    text(2, producer),
    message(7, encodeGraph(graph, encodeTensor)),
    message(8, join([text(1, ''), integer(2, graph.opset)])),
  ]);
  return { model, data };
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

function encodeNode({ op, inputs, outputs, attributes = {} }: GraphNode, place: number): Chunks {
  return join([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(3, `${op}_${place}`),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => message(5, encodeAttribute(name, value))),
  ]);
}

function encodeAttribute(name: string, value: Attribute): Chunks {
  if ('int' in value) return join([text(1, name), integer(3, value.int), integer(20, 2)]);
  if ('float' in value) return join([text(1, name), float(2, value.float), integer(20, 1)]);
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
