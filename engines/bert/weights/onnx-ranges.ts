// Ranges of activations that Q/DQ pairs of an ONNX graph carry, under the names of NVIDIA's quantisers: scale × 127, which
// a double holds exactly.

import type { Linear } from './onnx.js';
import { isQuantizer, LONGEST_CHAIN, type OnnxWiring } from './onnx-wiring.js';

/** Quantiser's name (`encoder.layer.0.attention.output.dense._input_quantizer._amax`) and its range. */
export function* activationRanges(
  wiring: OnnxWiring,
  linears: readonly Linear[],
): Generator<readonly [string, number]> {
  const layers = new Map(linears.map((linear) => [linear.output, linear]));
  for (const { name, input } of linears) {
    const range = rangeAt(wiring, input);
    if (range !== undefined) yield [`${name}._input_quantizer._amax`, range];
  }
  for (const { op, inputs } of wiring.nodes) {
    const [left = '', right = ''] = inputs;
    if (op === 'MatMul') yield* attentionRanges(wiring, layers, left, right);
    if (op === 'Add') yield* residualRanges(wiring, layers, left, right);
  }
}

/** The range of a value that comes out of a symmetric Q/DQ pair with one scale. */
function rangeAt(wiring: OnnxWiring, value: string): number | undefined {
  const node = wiring.producerOf(value);
  if (node?.op !== 'DequantizeLinear') return undefined;
  const { scale, zeroPoint } = wiring.quantizationOf(node) ?? {};
  if (scale?.dtype !== 'F32' || scale.shape.some((size) => size !== 1)) return undefined;
  // An unsigned type or a zero point: not symmetric around 0.
  if (zeroPoint?.dtype !== 'I8' || zeroPoint.read()[0] !== 0) return undefined;
  return new Float32Array(scale.read().slice().buffer)[0]! * 127;
}

const quantizerOf: Readonly<Record<string, string>> = { query: 'q', key: 'k', value: 'v' };

/** Q · Kᵀ and probabilities · V. */
function* attentionRanges(
  wiring: OnnxWiring,
  layers: ReadonlyMap<string, Linear>,
  left: string,
  right: string,
): Generator<readonly [string, number]> {
  const from = { left: originOf(wiring, layers, left), right: originOf(wiring, layers, right) };
  const [, self, of] = /^(.*attention\.self)\.(\w+)$/.exec(from.right.linear?.name ?? '') ?? [];
  if (self === undefined || of === undefined) return;
  const sides = [
    { letter: quantizerOf[of], range: from.right.range },
    { letter: of === 'value' ? 'a' : 'q', range: from.left.range },
  ];
  for (const { letter, range } of sides) {
    if (letter !== undefined && range !== undefined)
      yield [`${self}.matmul_${letter}_input_quantizer._amax`, range];
  }
}

/** Result of a product + what went around it. */
function* residualRanges(
  wiring: OnnxWiring,
  layers: ReadonlyMap<string, Linear>,
  left: string,
  right: string,
): Generator<readonly [string, number]> {
  for (const [local, residual] of [
    [left, right],
    [right, left],
  ] as const) {
    const { linear } = originOf(wiring, layers, local);
    if (linear === undefined || !/output\.dense$/.test(linear.name)) continue;
    const block = linear.name.replace(/\.dense$/, '');
    const ranges = { add_local: rangeAt(wiring, local), add_residual: rangeAt(wiring, residual) };
    for (const [place, range] of Object.entries(ranges)) {
      if (range !== undefined) yield [`${block}.${place}_input_quantizer._amax`, range];
    }
  }
}

interface Origin {
  /** The layer that the value comes out of, moved about but not computed with. */
  readonly linear?: Linear | undefined;
  /** The range of the last Q/DQ pair that it passed. */
  readonly range?: number | undefined;
}

function originOf(wiring: OnnxWiring, layers: ReadonlyMap<string, Linear>, value: string): Origin {
  let range: number | undefined;
  let at = value;
  for (let steps = 0; steps < LONGEST_CHAIN; steps++) {
    const linear = layers.get(at);
    if (linear !== undefined) return { linear, range };
    range ??= rangeAt(wiring, at);
    const node = wiring.producerOf(at);
    if (node === undefined || !(isQuantizer(node.op) || movers.has(node.op))) return { range };
    at = node.inputs[0] ?? '';
  }
  return { range };
}

const movers: ReadonlySet<string> = new Set(['Reshape', 'Transpose', 'Identity']);
