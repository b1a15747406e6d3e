// Which layers suffer from int8, and which to leave in higher precision so that enough of F1 stays.

import type { BertCheckpoint } from '../bert/checkpoint.js';
import type { GraphOptions } from '../bert/graph-options.js';
import { buildBertGraph } from '../bert/graph.js';
import { placeName, quantizationPlaces, type QuantizationPlace } from '../bert/quantization-places.js';
import type { CalibrationData } from './calibration-data.js';
import { logitError } from './choose-ranges.js';
import { logitsOf, openGraphSession } from './graph-session.js';

/** Parts of a layer that are quantised, or kept, together. */
const groups = {
  attention: ['qkv_input', 'query', 'key', 'value', 'probabilities'],
  attention_output: ['context', 'attention_output', 'attention_residual'],
  feed_forward: ['ffn_input', 'ffn_gelu', 'ffn_output', 'ffn_residual'],
} as const satisfies Readonly<Record<string, readonly QuantizationPlace[]>>;

export interface GroupSensitivity {
  /** `layer.3.feed_forward` */
  readonly group: string;
  /** F1 of the slice with this group alone quantised, less that of fp32. */
  readonly f1_change: number;
  /** Root mean square difference of the logits from fp32. */
  readonly logit_error: number;
}

export interface SensitivityRequest {
  readonly checkpoint: BertCheckpoint;
  /** The quantised graph. */
  readonly options: GraphOptions;
  readonly data: CalibrationData;
  /** fp32 logits of the slice. */
  readonly reference: readonly Float32Array[];
  readonly threads: number;
  readonly report: (line: string) => void;
}

interface Group {
  readonly name: string;
  readonly places: readonly string[];
}

function groupsOf(checkpoint: BertCheckpoint): readonly Group[] {
  return Array.from(checkpoint.layers.keys()).flatMap((layer) =>
    Object.entries(groups).map(([name, places]) => ({
      name: `layer.${layer}.${name}`,
      places: places.map((place) => placeName(layer, place)),
    })),
  );
}

interface Measured {
  readonly f1: number;
  readonly logit_error: number;
}

async function measure(request: SensitivityRequest, kept: ReadonlySet<string>): Promise<Measured> {
  const { checkpoint, options, data, reference, threads } = request;
  const graph = buildBertGraph(checkpoint, { ...options, kept });
  await using session = await openGraphSession(graph, { threads });
  const logits = await logitsOf(session, data.samples, data.slice);
  return { f1: data.scoreSlice(logits), logit_error: logitError(reference, logits) };
}

/** Each group of each layer quantised alone, the worst first. */
export async function measureSensitivity(request: SensitivityRequest): Promise<readonly GroupSensitivity[]> {
  const { checkpoint, data, reference, report } = request;
  const fp32 = data.scoreSlice(reference);
  const all = groupsOf(checkpoint);
  const everyPlace = Array.from(checkpoint.layers.keys()).flatMap((layer) =>
    quantizationPlaces.map((place) => placeName(layer, place)),
  );
  const result: GroupSensitivity[] = [];
  for (const { name, places } of all) {
    const kept = new Set(everyPlace.filter((place) => !places.includes(place)));
    const { f1, logit_error } = await measure(request, kept);
    result.push({ group: name, f1_change: f1 - fp32, logit_error });
    report(`${name}: F1 ${signed(f1 - fp32)}, logits off by ${logit_error.toPrecision(3)}`);
  }
  return result.sort((a, b) => b.logit_error - a.logit_error);
}

const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(3)}`;

export interface KeptGroups {
  /** Groups that stay in higher precision. */
  readonly kept_groups: readonly string[];
  /** Their places, for GraphOptions. */
  readonly kept: ReadonlySet<string>;
  readonly f1: number;
  readonly fp32_f1: number;
  readonly min_f1_ratio: number;
  /** False when the ratio does not hold even with every group kept: the slice or the ratio is not sensible. */
  readonly holds: boolean;
}

/** Keeps the most sensitive groups in higher precision, one after another, until `minRatio` of fp32's F1 stays on the slice. */
export async function keepForRatio(
  request: SensitivityRequest,
  minRatio: number,
  sensitivity: () => Promise<readonly GroupSensitivity[]>,
): Promise<KeptGroups> {
  const { checkpoint, data, reference, report } = request;
  const fp32_f1 = data.scoreSlice(reference);
  const placesOf = new Map(groupsOf(checkpoint).map(({ name, places }) => [name, places]));
  const kept = new Set<string>();
  const kept_groups: string[] = [];
  let { f1 } = await measure(request, kept);
  const isEnough = (): boolean => f1 >= minRatio * fp32_f1;
  if (!isEnough()) {
    for (const { group } of await sensitivity()) {
      for (const place of placesOf.get(group) ?? []) kept.add(place);
      kept_groups.push(group);
      ({ f1 } = await measure(request, kept));
      report(`${group} kept in higher precision: F1 ${f1.toFixed(3)} of ${fp32_f1.toFixed(3)}`);
      if (isEnough()) break;
    }
  }
  return { kept_groups, kept, f1, fp32_f1, min_f1_ratio: minRatio, holds: isEnough() };
}
