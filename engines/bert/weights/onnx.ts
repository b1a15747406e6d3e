// An ONNX file as a source of weights, whoever exported it. Exporters keep the names of biases and tables but rename and
// transpose matrices, so a matrix is found by what multiplies with it. Q/DQ pairs around a matrix make it int8 rows.

import { ConfigError } from '../../../configs/errors.js';
import { openOnnxModel, type OnnxConstant } from './onnx-model.js';
import { createOnnxWiring, type ConstantUse, type OnnxWiring } from './onnx-wiring.js';
import { dequantizedBias, quantizedMatrix } from './onnx-quantized.js';
import { activationRanges } from './onnx-ranges.js';
import {
  plainName,
  transposed,
  underPlainNames,
  type StoredTensor,
  type WeightSource,
} from './weight-source.js';

/** A tensor as the checkpoint sees it. */
export interface ReadableTensor extends StoredTensor {
  /** Of the file. */
  readonly storedName: string;
  readonly read: () => Uint8Array;
}

/** @throws {ConfigError | SetupError} when it is damaged or not the graph of a BERT. */
export function openOnnx(path: string): WeightSource {
  const model = openOnnxModel(path);
  try {
    const wiring = createOnnxWiring(model);
    const named = [...model.constants].map(
      ([name, constant]) => [name, { ...constant, storedName: name }] as const,
    );
    const tensors = new Map<string, ReadableTensor>(underPlainNames(path, named));
    for (const [name, tensor] of tables(path, wiring)) tensors.set(name, tensor);
    const linears = findLinears(wiring);
    for (const { name, weight, bias } of linears) {
      for (const [key, tensor] of matrixTensors(path, `${name}.weight`, weight)) tensors.set(key, tensor);
      if (bias.quantization !== undefined) tensors.set(`${name}.bias`, dequantizedBias(path, bias));
    }
    for (const [name, range] of activationRanges(wiring, linears)) {
      tensors.set(name, {
        dtype: 'F64',
        shape: [],
        storedName: name,
        read: () => new Uint8Array(Float64Array.of(range).buffer),
      });
    }
    return {
      kind: 'onnx',
      files: model.files,
      tensors,
      read: (name) => tensors.get(name)!.read(), // callers take names from `tensors`
      [Symbol.dispose]: () => model[Symbol.dispose](),
    };
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
}

/** x · weight + bias, under the plain name of the layer. */
export interface Linear {
  readonly name: string;
  /** What goes in. */
  readonly input: string;
  /** What comes out, bias included. */
  readonly output: string;
  /** `[out, in]` once `isTransposed` is undone. */
  readonly weight: ConstantUse;
  readonly bias: ConstantUse;
}

const originalName = (constant: OnnxConstant): string => plainName(constant.name.replace(/_quantized$/, ''));

function findLinears(wiring: OnnxWiring): readonly Linear[] {
  const linears: Linear[] = [];
  for (const node of wiring.nodes) {
    const [input = '', second = '', third = ''] = node.inputs;
    const [product = ''] = node.outputs;
    if (node.op !== 'MatMul' && node.op !== 'Gemm') continue;
    const factor = wiring.constantBehind(second);
    if (factor?.constant.shape.length !== 2) continue;
    const found = node.op === 'Gemm' ? wiring.useAt(third, product) : wiring.addedTo(product);
    if (found === undefined) continue;
    const isTransB = node.op === 'Gemm' && node.numbers.get('transB')?.[0] === 1;
    // A product takes [in, out]; ours is [out, in].
    const weight = { ...factor, isTransposed: factor.isTransposed === isTransB };
    const name = originalName(found.use.constant).replace(/\.bias$/, '');
    linears.push({ name, input, output: found.output, weight, bias: found.use });
  }
  return linears;
}

function matrixTensors(
  path: string,
  name: string,
  use: ConstantUse,
): readonly (readonly [string, ReadableTensor])[] {
  if (use.quantization !== undefined) return quantizedMatrix(path, name, use, use.quantization);
  const { constant, isTransposed } = use;
  const [rows = 0, columns = 0] = constant.shape;
  const elementBytes = bytesPerElement[constant.dtype] ?? 0;
  const tensor: ReadableTensor = {
    dtype: constant.dtype,
    shape: isTransposed ? [columns, rows] : [rows, columns],
    storedName: constant.name,
    read: () => (isTransposed ? transposed(constant.read(), rows, columns, elementBytes) : constant.read()),
  };
  return [[name, tensor]];
}

const bytesPerElement: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2, F64: 8, I8: 1, U8: 1 };

/** Embeddings that are stored as int8 and looked up. */
function* tables(path: string, wiring: OnnxWiring): Generator<readonly [string, ReadableTensor]> {
  for (const { op, inputs } of wiring.nodes) {
    const use = op === 'Gather' ? wiring.constantBehind(inputs[0] ?? '') : undefined;
    if (use?.quantization === undefined || use.constant.shape.length !== 2) continue;
    if (use.isTransposed) throw new ConfigError(`${path}: "${use.constant.name}" is looked up by columns`);
    yield* quantizedMatrix(path, originalName(use.constant), use, use.quantization);
  }
}
