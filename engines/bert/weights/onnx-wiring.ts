// What feeds what in an ONNX graph, seen through the nodes that exporters and quantisers put between.

import type { OnnxConstant, OnnxModel, OnnxNode } from './onnx-model.js';

/** Scales of a QuantizeLinear or DequantizeLinear. */
export interface Quantization {
  readonly scale: OnnxConstant;
  readonly zeroPoint: OnnxConstant | undefined;
  /** Of several scales: the axis of the stored tensor that they belong to. */
  readonly axis: number;
}

/** A constant as a node sees it. */
export interface ConstantUse {
  readonly constant: OnnxConstant;
  /** Whether it is stored the other way round. */
  readonly isTransposed: boolean;
  readonly quantization?: Quantization;
}

export interface OnnxWiring {
  readonly nodes: readonly OnnxNode[];
  producerOf(value: string): OnnxNode | undefined;
  consumersOf(value: string): readonly OnnxNode[];
  quantizationOf(node: OnnxNode): Quantization | undefined;
  /** The constant that a value is, behind Identity, Transpose and Q/DQ. */
  constantBehind(value: string): ConstantUse | undefined;
  /** The constant at `value` if it is a vector, with the value that holds the result. */
  useAt(value: string, output: string): { readonly use: ConstantUse; readonly output: string } | undefined;
  /** The vector that is added to a value, Q/DQ between or not, and the value of the sum. */
  addedTo(value: string): { readonly use: ConstantUse; readonly output: string } | undefined;
}

export function createOnnxWiring({ nodes, constants }: OnnxModel): OnnxWiring {
  const producers = new Map<string, OnnxNode>();
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const output of node.outputs) producers.set(output, node);
    for (const input of node.inputs) {
      const list = consumers.get(input);
      if (list === undefined) consumers.set(input, [node]);
      else list.push(node);
    }
  }
  const quantizationOf = (node: OnnxNode): Quantization | undefined => {
    const [, scale = '', zeroPoint = ''] = node.inputs;
    const found = constants.get(scale);
    if (found === undefined) return undefined;
    return {
      scale: found,
      zeroPoint: constants.get(zeroPoint),
      axis: node.numbers.get('axis')?.[0] ?? 1,
    };
  };
  const constantBehind = (value: string, depth = 0): ConstantUse | undefined => {
    const constant = constants.get(value);
    if (constant !== undefined) return { constant, isTransposed: false };
    const node = producers.get(value);
    if (node === undefined || depth > LONGEST_CHAIN) return undefined;
    const behind = (): ConstantUse | undefined => constantBehind(node.inputs[0] ?? '', depth + 1);
    switch (node.op) {
      case 'Identity':
      case 'QuantizeLinear':
        return behind();
      case 'Transpose': {
        const inner = behind();
        return inner?.constant.shape.length === 2
          ? { ...inner, isTransposed: !inner.isTransposed }
          : undefined;
      }
      case 'DequantizeLinear': {
        const inner = behind();
        const quantization = quantizationOf(node);
        return inner === undefined || quantization === undefined ? undefined : { ...inner, quantization };
      }
      default:
        return undefined;
    }
  };
  const useAt: OnnxWiring['useAt'] = (value, output) => {
    const use = constantBehind(value);
    return use?.constant.shape.length === 1 ? { use, output } : undefined;
  };
  const addedTo = (value: string, depth = 0): ReturnType<OnnxWiring['addedTo']> => {
    for (const { op, inputs, outputs } of consumers.get(value) ?? []) {
      const [output = ''] = outputs;
      if (op === 'Add') {
        const found = useAt(inputs.find((input) => input !== value) ?? '', output);
        if (found !== undefined) return found;
      }
      if (isQuantizer(op) && depth < LONGEST_CHAIN) {
        const found = addedTo(output, depth + 1);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  return {
    nodes,
    producerOf: (value) => producers.get(value),
    consumersOf: (value) => consumers.get(value) ?? [],
    quantizationOf,
    constantBehind: (value) => constantBehind(value),
    useAt,
    addedTo: (value) => addedTo(value),
  };
}

/** Exporters put a few nodes in a row, a damaged file may put a circle. */
export const LONGEST_CHAIN = 16;

export const isQuantizer = (op: string): boolean => op === 'QuantizeLinear' || op === 'DequantizeLinear';
