// The graphs that int8 means on CPUs: scales found at run time, or before.

import { createHash } from 'node:crypto';
import { placements, type GraphOptions, type Quantization } from '../bert/graph-options.js';
import type { Int8Request } from '../contract.js';
import { storedWeightsFor } from './processor.js';

/**
 * Products alone are quantised (attention in int8 costs accuracy and wins 4 to 6 % of the time), [CLS] apart from the other
 * tokens, activations in uint8, the form that CPUs are fast with.
 */
export function int8Graph({ quantization, ranges, weightAmax, kept }: Int8Request): GraphOptions {
  if (quantization === 'dynamic' || ranges === undefined) {
    return { precision: 'int8-dynamic', storedWeights: storedWeightsFor(), kept };
  }
  // Trained scales of weights have steps of 8 bits.
  const stored = storedWeightsFor();
  const parts: Quantization = {
    ranges,
    placement: placements.products,
    activations: 'uint8',
    weights: weightAmax !== undefined && stored === 'int7' ? 'uint8' : stored,
    firstTokenApart: Array.from(ranges.keys()).some((place) => place.endsWith('.first')),
    ...(weightAmax === undefined ? {} : { weightAmax }),
  };
  return { precision: 'int8', quantization: parts, kept };
}

/** What an engine's hash needs of the request; nothing of plain dynamic int8. */
export function describeInt8({
  quantization,
  ranges,
  weightAmax,
  kept,
}: Int8Request): Readonly<Record<string, string>> {
  if (quantization === 'dynamic' && kept.size === 0) return {};
  const hash = createHash('sha256');
  hash.update(JSON.stringify([[...(ranges ?? [])], [...kept].sort()]));
  for (const [name, amax] of weightAmax ?? []) hash.update(name).update(amax);
  return { quantization, quantization_sha256: hash.digest('hex') };
}
