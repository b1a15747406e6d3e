// Builds an ONNX graph node by node: names the values, keeps the weights.

import { toBfloat16, toFloat16 } from './float-bits.js';
import {
  elementType,
  type Attribute,
  type ElementType,
  type GraphNode,
  type Initializer,
  type OnnxGraph,
} from './onnx-writer.js';

type Attributes = Readonly<Record<string, Attribute>>;

/** Types that a graph can calculate in. */
export type RealType = 'float32' | 'float16' | 'bfloat16';

export interface GraphBuilder {
  /** What the graph calculates in. */
  readonly real: RealType;
  /** Adds a node with one output and returns the output's name. */
  node(op: string, inputs: readonly string[], attributes?: Attributes, output?: string): string;
  /** Adds a node with several outputs. */
  nodes(
    op: string,
    inputs: readonly string[],
    outputCount: number,
    attributes?: Attributes,
  ): readonly string[];
  /** Adds a constant; `values` in C order. Large ones are given as a function, called when the model is written. */
  tensor(
    type: ElementType,
    shape: readonly number[],
    values: ArrayBufferView | (() => ArrayBufferView),
  ): string;
  /** A constant of the graph's real type. */
  reals(shape: readonly number[], values: () => Float32Array): string;
  /** real[n] */
  vector(values: Float32Array): string;
  /** real scalar */
  scalar(value: number): string;
  /** int64[n]: shapes, axes */
  ints(values: readonly number[]): string;
  cast(x: string, type: ElementType, output?: string): string;
  /** Parts of the given sizes along the last axis. */
  split(x: string, sizes: readonly number[]): readonly string[];
  finish(frame: Pick<OnnxGraph, 'name' | 'opset' | 'inputs' | 'outputs'>): OnnxGraph;
}

/** An empty graph. */
export function createGraphBuilder(real: RealType = 'float32'): GraphBuilder {
  const graphNodes: GraphNode[] = [];
  const initializers: Initializer[] = [];

  const nodes: GraphBuilder['nodes'] = (op, inputs, outputCount, attributes = {}) => {
    const outputs = Array.from({ length: outputCount }, (_unused, i) => `${op}_${graphNodes.length}_${i}`);
    graphNodes.push({ op, inputs, outputs, attributes });
    return outputs;
  };
  const node: GraphBuilder['node'] = (op, inputs, attributes = {}, output = `${op}_${graphNodes.length}`) => {
    graphNodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  };
  const tensor: GraphBuilder['tensor'] = (type, shape, values) => {
    const name = `constant_${initializers.length}`;
    initializers.push({
      name,
      type,
      shape,
      bytes: () => {
        const { buffer, byteOffset, byteLength } = typeof values === 'function' ? values() : values;
        return new Uint8Array(buffer, byteOffset, byteLength);
      },
    });
    return name;
  };
  const ints: GraphBuilder['ints'] = (values) =>
    tensor(
      'int64',
      [values.length],
      BigInt64Array.from(values, (value) => BigInt(value)),
    );

  return {
    real,
    node,
    nodes,
    tensor,
    ints,
    reals: (shape, values) => tensor(real, shape, () => encodeReals(real, values())),
    vector: (values) => tensor(real, [values.length], encodeReals(real, values)),
    scalar: (value) => tensor(real, [], encodeReals(real, Float32Array.of(value))),
    cast: (x, type, output) => node('Cast', [x], { to: { int: elementType[type] } }, output),
    split: (x, sizes) => nodes('Split', [x, ints(sizes)], sizes.length, { axis: { int: -1 } }),
    finish: (frame) => ({ ...frame, nodes: graphNodes, initializers }),
  };
}

function encodeReals(type: RealType, values: Float32Array): ArrayBufferView {
  switch (type) {
    case 'float32':
      return values;
    case 'float16':
      return toFloat16(values);
    case 'bfloat16':
      return toBfloat16(values);
  }
}
