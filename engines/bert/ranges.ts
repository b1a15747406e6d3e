// Ranges of activations: what calibration finds, what training leaves, and what a graph with fixed scales is built with.

import { ConfigError } from '../../configs/errors.js';

/** The values that a scale must cover; those outside are clipped. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** By the name of the place: `layer.3.ffn_gelu` (quantization-places.ts). */
export type Ranges = ReadonlyMap<string, Range>;

/** Name of a range that belongs to no layer's place: the output of the last layer. Few sources know it. */
export const OUTPUT_PLACE = 'output';
/** The first token, [CLS], or all others: each may have a range of its own. */
export type TokenPart = 'first' | 'others';

/** `layer.3.ffn_gelu.first` */
export const partOfPlace = (place: string, part: TokenPart): string => `${place}.${part}`;

/** Ranges of training, which are magnitudes around zero; the bits are kept. */
export function symmetricRanges(magnitudes: ReadonlyMap<string, number>): Ranges {
  return new Map(Array.from(magnitudes, ([place, amax]) => [place, { min: -amax, max: amax }]));
}

/** @throws {ConfigError} when there is none of this name. */
export function rangeAt(ranges: Ranges, place: string): Range {
  const range = ranges.get(place);
  if (range === undefined) {
    throw new ConfigError(
      `no range for ${place}: the graph wants it quantised, the calibration has ${ranges.size} other places. ` +
        'Calibrate this model again, or leave the place in higher precision.',
    );
  }
  return range;
}

/** The largest magnitude in a range. */
export const amaxOf = ({ min, max }: Range): number => Math.max(-min, max);
