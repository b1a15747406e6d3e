// Which method for which kind of place: each is tried alone on the slice, and the mixture of the best against each method
// for all. Judged by the error of the logits, which tells ranges apart long before answers change; F1 is recorded.

import type { BertCheckpoint } from '../bert/checkpoint.js';
import { placements } from '../bert/graph-options.js';
import { buildBertGraph } from '../bert/graph.js';
import type { QuantizationPlace } from '../bert/quantization-places.js';
import type { Range, Ranges } from '../bert/ranges.js';
import type { CalibrationData } from './calibration-data.js';
import { rangeChoices, type Candidates, type RangeChoice } from './candidates.js';
import { logitsOf, openGraphSession } from './graph-session.js';

/** Attention's own products, which runtimes may leave in fp16 at little cost of speed. */
const attentionKinds: ReadonlySet<QuantizationPlace> = new Set(['query', 'key', 'value', 'probabilities']);
/** Attention stays in fp16 where its int8 makes the error of the logits this many times as large as all else does. */
const ATTENTION_ERROR_FACTOR = 1.5;

/** Kinds of places that are compared: those of TensorRT's placement. The others take the largest magnitudes. */
const compared: readonly QuantizationPlace[] = [...placements.full];
/** Samples of the slice that a single kind is tried on. */
const KIND_SAMPLE_COUNT = 10;

export interface Tried {
  /**
   * A kind of place quantised alone, `full`: all kinds of TensorRT's placement together, or all of them but attention's own
   * products.
   */
  readonly places: QuantizationPlace | 'full' | 'full-but-attention';
  /** `mixture`: of each kind the best of its own trial. */
  readonly method: RangeChoice | 'mixture';
  /** Root mean square difference of the logits from fp32. */
  readonly logit_error: number;
  /** Of the slice, in percent; single kinds are tried on too few samples to have one. */
  readonly f1: number | null;
}

export interface ChosenRanges {
  readonly ranges: Ranges;
  readonly method: RangeChoice | 'mixture';
  /** Kind of place → method, where the mixture was kept. */
  readonly method_of: Readonly<Record<string, RangeChoice>>;
  /** Places that stay in higher precision where a runtime's placement has them. */
  readonly kept: readonly string[];
  readonly tried: readonly Tried[];
  readonly fp32_f1: number;
}

export interface ChooseRequest {
  readonly checkpoint: BertCheckpoint;
  readonly candidates: Candidates;
  readonly data: CalibrationData;
  readonly threads: number;
  readonly report: (line: string) => void;
}

/** Tries everything and keeps the ranges with the least error. */
export async function chooseRanges(request: ChooseRequest): Promise<ChosenRanges> {
  const { checkpoint, candidates, data, threads, report } = request;
  const reference = await referenceLogits(checkpoint, data, threads);
  const few = data.slice.slice(0, KIND_SAMPLE_COUNT);
  const tried: Tried[] = [];
  const attempt = async (
    places: Tried['places'],
    method: Tried['method'],
    ranges: Ranges,
  ): Promise<Tried> => {
    const isKind = places !== 'full' && places !== 'full-but-attention';
    const indices = isKind ? few : data.slice;
    const placement = placementOf(places);
    const graph = buildBertGraph(checkpoint, {
      precision: 'int8',
      quantization: { ranges, placement, weights: 'int8' },
    });
    await using session = await openGraphSession(graph, { threads, emulateQuantization: true });
    const logits = await logitsOf(session, data.samples, indices);
    const result: Tried = {
      places,
      method,
      logit_error: logitError(reference, logits),
      f1: isKind ? null : data.scoreSlice(logits),
    };
    tried.push(result);
    return result;
  };

  const methodOf = new Map<string, RangeChoice>();
  for (const kind of compared) {
    let best: { readonly method: RangeChoice; readonly error: number } | undefined;
    for (const method of rangeChoices) {
      const { logit_error } = await attempt(kind, method, candidates[method]);
      if (best === undefined || logit_error < best.error) best = { method, error: logit_error };
    }
    if (best === undefined) continue;
    methodOf.set(kind, best.method);
    report(`${kind}: ${best.method} (logits off by ${best.error.toPrecision(3)})`);
  }
  const mixture = mixtureOf(candidates, methodOf);
  let best = { ...(await attempt('full', 'mixture', mixture)), ranges: mixture };
  for (const method of rangeChoices) {
    const result = await attempt('full', method, candidates[method]);
    if (result.logit_error < best.logit_error) best = { ...result, ranges: candidates[method] };
  }
  report(
    `${best.method} is kept: logits off by ${best.logit_error.toPrecision(3)}, F1 of the slice ${best.f1}`,
  );
  const without = await attempt('full-but-attention', best.method, best.ranges);
  const keepsAttention = best.logit_error > ATTENTION_ERROR_FACTOR * without.logit_error;
  if (keepsAttention) {
    report(
      `attention's own products stay in higher precision: without them logits are off by ${without.logit_error.toPrecision(3)}`,
    );
  }
  return {
    ranges: best.ranges,
    method: best.method,
    method_of: best.method === 'mixture' ? Object.fromEntries(methodOf) : {},
    kept: keepsAttention
      ? Array.from(best.ranges.keys()).filter((place) => attentionKinds.has(kindOf(place)))
      : [],
    tried,
    fp32_f1: data.scoreSlice(reference),
  };
}

/** fp32 logits of the slice. */
export async function referenceLogits(
  checkpoint: BertCheckpoint,
  { samples, slice }: Pick<CalibrationData, 'samples' | 'slice'>,
  threads: number,
): Promise<readonly Float32Array[]> {
  await using session = await openGraphSession(buildBertGraph(checkpoint, { precision: 'fp32' }), {
    threads,
  });
  return await logitsOf(session, samples, slice);
}

/** Root mean square difference of the first logits that both have. */
export function logitError(expected: readonly Float32Array[], got: readonly Float32Array[]): number {
  let sum = 0;
  let count = 0;
  for (const [sample, logits] of got.entries()) {
    for (const [i, value] of logits.entries()) {
      sum += (value - expected[sample]![i]!) ** 2;
      count++;
    }
  }
  return Math.sqrt(sum / count);
}

const kindOf = (place: string): QuantizationPlace =>
  place.slice(place.lastIndexOf('.') + 1) as QuantizationPlace; // a place's name ends with its kind

function placementOf(places: Tried['places']): ReadonlySet<QuantizationPlace> {
  if (places === 'full') return placements.full;
  if (places === 'full-but-attention')
    return new Set([...placements.full].filter((place) => !attentionKinds.has(place)));
  return new Set([places]);
}

function mixtureOf(candidates: Candidates, methodOf: ReadonlyMap<string, RangeChoice>): Ranges {
  const ranges = new Map<string, Range>();
  for (const [place, range] of candidates.max) {
    ranges.set(place, candidates[methodOf.get(kindOf(place)) ?? 'max'].get(place) ?? range);
  }
  return ranges;
}
