// Ranges for models of random weights, where there is nothing to calibrate: plausible constants, so that an int8 network of
// them does the work of a real one. Never scored.

import type { LayerShape } from './layer-shapes.js';
import { placeName, quantizationPlaces, type QuantizationPlace } from './quantization-places.js';
import { OUTPUT_PLACE, type Ranges } from './ranges.js';
import { SYNTHETIC_DEVIATION } from './synthetic.js';

/** Standard deviations that a range covers. */
const DEVIATIONS = 5;

/** One range per place, the same in every layer. */
export function syntheticRanges(layers: readonly LayerShape[], hiddenSize: number): Ranges {
  // A product of normalised inputs with weights of one deviation.
  const product = DEVIATIONS * SYNTHETIC_DEVIATION * Math.sqrt(hiddenSize);
  const normalised = DEVIATIONS + 1;
  const amax: Readonly<Record<QuantizationPlace, number>> = {
    qkv_input: normalised,
    query: product,
    key: product,
    value: product,
    probabilities: 1,
    context: product / 2,
    attention_output: product,
    attention_residual: normalised,
    ffn_input: normalised,
    ffn_gelu: product,
    ffn_output: product,
    ffn_residual: normalised,
  };
  const ranges = layers.flatMap((_layer, index) =>
    quantizationPlaces.map((place) => [placeName(index, place), around(amax[place])] as const),
  );
  return new Map([...ranges, [OUTPUT_PLACE, around(normalised)]]);
}

const around = (amax: number): { readonly min: number; readonly max: number } => ({ min: -amax, max: amax });
