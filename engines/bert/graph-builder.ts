// Builds an ONNX graph node by node: names the values, keeps the weights.

import {
  elementType,
  type Attribute,
  type ElementType,
  type GraphNode,
  type Initializer,
  type OnnxGraph,
} from './onnx-writer.js';

type Attributes = Readonly<Record<string, Attribute>>;

export interface GraphBuilder {
  /** Adds a node with one output and returns the output's name. */
  node(op: string, inputs: readonly string[], attributes?: Attributes, output?: string): string;
  /** Adds a node with several outputs. */
  nodes(
    op: string,
    inputs: readonly string[],
    outputCount: number,
    attributes?: Attributes,
  ): readonly string[];
  /** Adds a constant; `values` in C order. */
  tensor(type: ElementType, shape: readonly number[], values: ArrayBufferView): string;
  /** float32[n] */
  vector(values: Float32Array): string;
  /** float32 scalar */
  scalar(value: number): string;
  /** int64[n]: shapes, axes */
  ints(values: readonly number[]): string;
  cast(x: string, type: ElementType): string;
  /** Parts of the given sizes along the last axis. */
  split(x: string, sizes: readonly number[]): readonly string[];
  finish(frame: Pick<OnnxGraph, 'name' | 'opset' | 'inputs' | 'outputs'>): OnnxGraph;
}

/** An empty graph. */
export function createGraphBuilder(): GraphBuilder {
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
      bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
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
    node,
    nodes,
    tensor,
    ints,
    vector: (values) => tensor('float32', [values.length], values),
    scalar: (value) => tensor('float32', [], Float32Array.of(value)),
    cast: (x, type) => node('Cast', [x], { to: { int: elementType[type] } }),
    split: (x, sizes) => nodes('Split', [x, ints(sizes)], sizes.length, { axis: { int: -1 } }),
    finish: (frame) => ({ ...frame, nodes: graphNodes, initializers }),
  };
}
