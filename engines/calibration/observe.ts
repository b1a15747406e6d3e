// Runs an fp32 model over samples and counts the magnitudes at every place.

import type { BertCheckpoint } from '../bert/checkpoint.js';
import { OBSERVED } from '../bert/graph-options.js';
import { buildBertGraph } from '../bert/graph.js';
import { placeName, quantizationPlaces, type QuantizationPlace } from '../bert/quantization-places.js';
import type { TokenizedSamples } from '../contract.js';
import { openGraphSession } from './graph-session.js';
import { createMagnitudeCounter, type MagnitudeCounter } from './magnitudes.js';

/** What occurred at a place: in the first token, [CLS], and in the others. Attention's places tell no tokens apart. */
export interface Observation {
  readonly first: MagnitudeCounter;
  readonly others: MagnitudeCounter;
}

/** By the name of the place. */
export type Observations = ReadonlyMap<string, Observation>;

export interface ObserveRequest {
  readonly checkpoint: BertCheckpoint;
  readonly samples: TokenizedSamples;
  readonly indices: readonly number[];
  readonly threads: number;
  /** Called after each sample. */
  readonly onSample?: (done: number) => void;
}

/** A place whose values are those of another. */
const sameAs: Partial<Record<QuantizationPlace, QuantizationPlace>> = {
  attention_residual: 'qkv_input',
  ffn_residual: 'ffn_input',
};
const withoutTokens: ReadonlySet<QuantizationPlace> = new Set(['query', 'key', 'value', 'probabilities']);
/** Values fetched at once; a large model is run again for its other layers instead. */
const MOST_VALUES = 64e6;

export async function observe({
  checkpoint,
  samples,
  indices,
  threads,
  onSample = () => undefined,
}: ObserveRequest): Promise<Observations> {
  const graph = buildBertGraph(checkpoint, { precision: 'fp32', observe: true });
  await using session = await openGraphSession(graph, { threads });
  const observations = new Map<string, Observation>();
  for (const [layer] of checkpoint.layers.entries()) {
    for (const place of quantizationPlaces) {
      const same = sameAs[place];
      const observation =
        same === undefined
          ? { first: createMagnitudeCounter(), others: createMagnitudeCounter() }
          : observations.get(placeName(layer, same))!; // earlier in the order of the places
      observations.set(placeName(layer, place), observation);
    }
  }
  for (const [done, index] of indices.entries()) {
    const length = samples.offsets[index + 1]! - samples.offsets[index]!;
    for (const layers of layerGroups(checkpoint, length)) {
      const places = layers.flatMap((layer) =>
        quantizationPlaces
          .filter((place) => sameAs[place] === undefined)
          .map((place) => ({ name: placeName(layer, place), place })),
      );
      const values = await session.run(
        samples,
        index,
        places.map(({ name }) => `${OBSERVED}${name}`),
      );
      for (const { name, place } of places) {
        const { first, others } = observations.get(name)!;
        const all = values[`${OBSERVED}${name}`]!;
        const width = withoutTokens.has(place) ? 0 : all.length / length;
        first.add(all.subarray(0, width));
        others.add(all.subarray(width));
      }
    }
    onSample(done + 1);
  }
  return observations;
}

/** Layers whose values are fetched together. */
function layerGroups({ config, layers }: BertCheckpoint, length: number): readonly (readonly number[])[] {
  const sizes = layers.map(
    ({ head_count, intermediate_size }) =>
      length * (9 * config.hidden_size + intermediate_size + head_count * length),
  );
  const groups: number[][] = [];
  let room = 0;
  for (const [layer, size] of sizes.entries()) {
    if (room < size) {
      groups.push([]);
      room = MOST_VALUES;
    }
    groups.at(-1)!.push(layer);
    room -= size;
  }
  return groups;
}
