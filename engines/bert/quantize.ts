// QuantizeLinear and DequantizeLinear where a graph with fixed scales wants them.

import { isQuantized } from '../../configs/engine-choices.js';
import { ConfigError } from '../../configs/errors.js';
import type { GraphBuilder } from './graph-builder.js';
import type { GraphOptions, Quantization } from './graph-options.js';
import type { ElementType } from './onnx-writer.js';
import { placeName, type QuantizationPlace } from './quantization-places.js';
import { amaxOf, partOfPlace, rangeAt, type Range, type TokenPart } from './ranges.js';

/** Largest finite E4M3. */
export const LARGEST_FP8 = 448;
export const LARGEST_INT8 = 127;

/** How a value differs from the one that its place's range was found for. */
export interface Deviation {
  /** It holds only these tokens. */
  readonly part?: TokenPart | undefined;
  /** It is so many times the other one. Default 1. */
  readonly times?: number;
}

/** The type, its greatest step, and the scale of a graph's quantised values. */
export interface Quantizer {
  readonly quantization: Quantization;
  readonly format: 'int8' | 'fp8';
  /** Whether the values of this place are quantised. */
  isQuantized(layer: number, place: QuantizationPlace): boolean;
  /** The value as it is after rounding; unchanged where the place is not quantised. Equal requests share their nodes. */
  quantized(x: string, layer: number, place: QuantizationPlace, deviation: Deviation): string;
}

/** @throws {ConfigError} when ranges are missing. */
export function createQuantizer(graph: GraphBuilder, options: GraphOptions): Quantizer | undefined {
  const { precision, quantization, kept = new Set() } = options;
  if (!isQuantized(precision)) return undefined;
  if (quantization === undefined) {
    throw new ConfigError(`an explicit ${precision} graph needs ranges; calibrate the model first`);
  }
  const { ranges, placement, activations = 'int8' } = quantization;
  if (precision === 'fp8' && activations === 'uint8') throw new ConfigError('fp8 has no unsigned form');
  const made = new Map<string, string>();
  const isPlaceQuantized: Quantizer['isQuantized'] = (layer, place) =>
    placement.has(place) && !kept.has(placeName(layer, place));
  return {
    quantization,
    format: precision,
    isQuantized: isPlaceQuantized,
    quantized(x, layer, place, { part, times = 1 }) {
      if (!isPlaceQuantized(layer, place)) return x;
      const name = placeName(layer, place);
      const { min, max } = rangeAt(ranges, part === undefined ? name : partOfPlace(name, part));
      const range = { min: min * times, max: max * times };
      const step =
        precision === 'fp8'
          ? { scale: amaxOf(range) / LARGEST_FP8, type: 'float8e4m3fn' as const, zeroPoint: 0 }
          : activations === 'uint8'
            ? unsignedStep(range)
            : { scale: amaxOf(range) / LARGEST_INT8, type: 'int8' as const, zeroPoint: 0 };
      const key = JSON.stringify([x, step]);
      const result = made.get(key) ?? roundTrip(graph, x, step);
      made.set(key, result);
      return result;
    },
  };
}

interface Step {
  readonly scale: number;
  readonly type: Extract<ElementType, 'int8' | 'uint8' | 'float8e4m3fn'>;
  readonly zeroPoint: number;
}

/** uint8 over a range that holds 0, which is represented exactly. */
function unsignedStep({ min, max }: Range): Step {
  const low = Math.min(min, 0);
  const scale = (Math.max(max, 0) - low) / 255;
  return { scale: scale || 1, type: 'uint8', zeroPoint: scale === 0 ? 0 : Math.round(-low / scale) };
}

function roundTrip(graph: GraphBuilder, x: string, { scale, type, zeroPoint }: Step): string {
  const parameters = [graph.scalar(scale || 1), graph.tensor(type, [], Uint8Array.of(zeroPoint))];
  const stored = graph.node('QuantizeLinear', [x, ...parameters]);
  return graph.node('DequantizeLinear', [stored, ...parameters]);
}
