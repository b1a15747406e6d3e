// What an engine is made of, proven from the layers that TensorRT built: whether attention, LayerNorm and GELU are fused,
// which precision the products run in, how many casts and layout changes are left, and where the time goes.

import { isQuantized, type Precision } from '../../configs/engine-choices.js';
import type { NativeLayerTime } from './native-run.js';

/** Kinds of layers, by what they do for a BERT. */
export const layerClasses = [
  'attention',
  'gemm',
  'gemm_gelu',
  'layer_norm',
  'softmax',
  'gelu',
  'quantize',
  'cast_or_reformat',
  'shuffle',
  'embedding',
  'other',
] as const;
export type LayerClass = (typeof layerClasses)[number];

export interface LayerProof {
  readonly layer_count: number;
  readonly layers_by_class: Readonly<Partial<Record<LayerClass, number>>>;
  /** Attention blocks that run as one kernel, of all of the model's. */
  readonly attention_fused: number;
  readonly attention_of: number;
  /** LayerNorms that are part of a fused kernel or one of their own; the rest is spread over several. */
  readonly layer_norm_fused: boolean;
  /** No layer of its own for GELU. */
  readonly gelu_fused: boolean;
  readonly casts_and_reformats: number;
  /** Products by the type of their inputs: { Int8: 96, Half: 1 }. */
  readonly gemms_by_precision: Readonly<Record<string, number>>;
  /** Share of the measured time by class; absent where nothing was timed. */
  readonly time_share?: Readonly<Partial<Record<LayerClass, number>>>;
  /** The slowest layers, ms per inference. */
  readonly slowest?: readonly { readonly layer: string; readonly class: LayerClass; readonly ms: number }[];
  /** What is not as it should be, and why, as far as the layers tell. */
  readonly remarks: readonly string[];
}

/** One layer of IEngineInspector's JSON, as far as we read it; older TensorRT gives names alone. */
interface InspectedLayer {
  readonly name: string;
  readonly type: string;
  readonly tactic: string;
  readonly metadata: string;
  /** Of a plugin's layer. */
  readonly plugin: string;
  readonly inputFormats: readonly string[];
}

const SLOWEST = 12;

/** The layers in IEngineInspector's JSON of an engine: objects, or names alone; none where it cannot be read. */
export function layersOf(inspection: string): readonly unknown[] {
  let json: unknown;
  try {
    json = JSON.parse(inspection);
  } catch {
    return [];
  }
  const layers = typeof json === 'object' && json !== null ? (json as Record<string, unknown>)['Layers'] : [];
  return Array.isArray(layers) ? (layers as unknown[]) : [];
}

/**
 * @param layers Of layersOf.
 * @param modelLayers Encoder layers of the model.
 * @param times From a profiled run; layers are found by name.
 */
export function proveLayers(
  layers: readonly unknown[],
  modelLayers: number,
  precision: Precision,
  times: readonly NativeLayerTime[] = [],
): LayerProof {
  const inspected = layers.map(readLayer);
  const classes = inspected.map(classOf);
  const byClass: Partial<Record<LayerClass, number>> = {};
  for (const each of classes) byClass[each] = (byClass[each] ?? 0) + 1;
  const count = (of: LayerClass): number => byClass[of] ?? 0;
  const products = inspected
    .filter((_layer, place) => classes[place] === 'gemm' || classes[place] === 'gemm_gelu')
    .map(precisionOf);
  const gemms_by_precision: Record<string, number> = {};
  for (const type of products) gemms_by_precision[type] = (gemms_by_precision[type] ?? 0) + 1;
  // A softmax of its own means an attention that was not fused. Fused regions may hold several attention blocks.
  const attention_fused =
    count('softmax') > 0
      ? Math.max(0, modelLayers - count('softmax'))
      : Math.min(modelLayers, attentionBlocks(inspected, classes));
  const proof = {
    layer_count: layers.length,
    layers_by_class: byClass,
    attention_fused,
    attention_of: modelLayers,
    layer_norm_fused: !inspected.some(({ metadata, name }) => /ReduceMean/.test(`${name} ${metadata}`)),
    gelu_fused: count('gelu') === 0,
    casts_and_reformats: count('cast_or_reformat'),
    gemms_by_precision,
  };
  return {
    ...proof,
    ...timesOf(times, inspected, classes),
    remarks:
      layers.length === 0
        ? ['TensorRT told no layers that could be read: nothing is proven']
        : remarksOf(proof, count('softmax'), products, precision),
  };
}

function readLayer(layer: unknown): InspectedLayer {
  if (typeof layer === 'string')
    return { name: layer.trim(), type: '', tactic: '', metadata: '', plugin: '', inputFormats: [] };
  const fields = (typeof layer === 'object' && layer !== null ? layer : {}) as Record<string, unknown>;
  const textOf = (key: string): string => (typeof fields[key] === 'string' ? fields[key] : '');
  const inputs = Array.isArray(fields['Inputs']) ? (fields['Inputs'] as unknown[]) : [];
  return {
    name: textOf('Name'),
    type: textOf('LayerType') || textOf('ParameterType'),
    tactic: textOf('TacticName'),
    metadata: textOf('Metadata'),
    plugin: textOf('PluginType'),
    inputFormats: inputs.flatMap((input) => {
      if (typeof input !== 'object' || input === null) return [];
      const format = (input as Record<string, unknown>)['Format/Datatype'];
      return typeof format === 'string' ? [format] : [];
    }),
  };
}

function classOf({ name, type, tactic, metadata, plugin }: InspectedLayer): LayerClass {
  if (/^(NoOp|shape_call)$/i.test(type)) return 'other'; // names of others, no work
  const all = `${name} ${tactic} ${metadata} ${plugin}`;
  const has = (pattern: RegExp): boolean => pattern.test(all);
  if (/CustomQKVToContext|fmha|_mha_|mha_v2|flash|fused_attention/i.test(`${all} ${type}`))
    return 'attention';
  if (/SkipLayerNorm/i.test(all)) return 'layer_norm';
  const operators = /(?:^| )__myl_([A-Za-z]+)_(?:myl|0x)/.exec(`${name} ${tactic}`)?.[1];
  if (operators !== undefined) return classOfMyelinKernel(operators, has(/Erf|Tanh|gelu/i));
  const isRegion =
    /myelin|ForeignNode|kgen|CaskGemm|CaskConv|gemm|matrix_multiply|convolution|xmma|cutlass/i.test(
      `${all} ${type}`,
    );
  if (isRegion && has(/Softmax/i) && has(/MatMul|mm_|gemm|xmma/i)) return 'attention';
  if (/reformat|\bcast\b|copy/i.test(`${type} ${name}`) && !has(/MatMul|Conv_|gemm/i))
    return 'cast_or_reformat';
  if (
    /gemm|xmma|cutlass|sm\d+_.*(i8i8|f16f16|mma)|matrix_?multiply|convolution/i.test(`${type} ${tactic}`) ||
    has(/\bMatMul_|\bConv_/)
  ) {
    return has(/Erf|Tanh|gelu/i) ? 'gemm_gelu' : 'gemm';
  }
  if (has(/LayerNorm|Normalization|ReduceMean/i)) return 'layer_norm';
  if (has(/Softmax/i)) return 'softmax';
  if (has(/Erf|Tanh|gelu/i)) return 'gelu';
  if (has(/QuantizeLinear|quantize/i)) return 'quantize';
  if (has(/Gather/i)) return 'embedding';
  if (has(/Reshape|Transpose|Unsqueeze|Squeeze|shuffle|Split|Slice|Concat/i)) return 'shuffle';
  return 'other';
}

/**
 * Myelin names the kernels that it writes after their operators, three letters each: Cas(t)Mea(n)Sub(tract)…, AddSqr(t)Div(ide)….
 * Their metadata is no guide: it names the products beside them, too.
 */
function classOfMyelinKernel(operators: string, hasGelu: boolean): LayerClass {
  const has = (pattern: RegExp): boolean => pattern.test(operators);
  if (has(/Fc|Mma|Gemm/)) return hasGelu ? 'gemm_gelu' : 'gemm';
  if (has(/SubExp|ExpSum/)) return 'softmax';
  if (has(/MeaSub|SqrDiv/)) return 'layer_norm';
  if (has(/Erf|Tan/)) return 'gelu';
  if (has(/MinMaxRou/)) return 'quantize';
  if (has(/Gat/)) return 'embedding';
  if (has(/^(Cas|Mov)+$/)) return 'cast_or_reformat';
  return has(/^(Res|Tra|Sli|Con|Spl|Cas|Mov)+$/) ? 'shuffle' : 'other';
}

function attentionBlocks(inspected: readonly InspectedLayer[], classes: readonly LayerClass[]): number {
  let blocks = 0;
  for (const [place, each] of classes.entries()) {
    if (each !== 'attention') continue;
    // One region's metadata names every softmax in it.
    const softmaxes = new Set(inspected[place]!.metadata.match(/Softmax_\d+/g));
    blocks += Math.max(1, softmaxes.size);
  }
  return blocks;
}

/** "Int8", "Half", "FP8" …: the narrowest type among the inputs. */
function precisionOf({ inputFormats, tactic }: InspectedLayer): string {
  const all = `${inputFormats.join(' ')} ${tactic}`;
  if (/Int8|i8i8|s8s8|_int8/i.test(all)) return 'Int8';
  if (/FP8|e4m3/i.test(all)) return 'FP8';
  if (/BF16|BFloat16/i.test(all)) return 'BF16';
  if (/Half|FP16|f16/i.test(all)) return 'Half';
  if (/Float|FP32|f32/i.test(all)) return 'Float';
  return 'unknown';
}

function timesOf(
  times: readonly NativeLayerTime[],
  inspected: readonly InspectedLayer[],
  classes: readonly LayerClass[],
): Pick<LayerProof, 'time_share' | 'slowest'> {
  if (times.length === 0) return {};
  const classByName = new Map(inspected.map(({ name }, place) => [name, classes[place]!]));
  const unnamed = (name: string): LayerClass =>
    classOf({ name, type: '', tactic: '', metadata: '', plugin: '', inputFormats: [] });
  const timed = times.map(({ layer, ms }) => ({
    layer,
    ms,
    class: classByName.get(layer) ?? unnamed(layer),
  }));
  const total = timed.reduce((sum, { ms }) => sum + ms, 0);
  const time_share: Partial<Record<LayerClass, number>> = {};
  for (const { class: of, ms } of timed)
    time_share[of] = (time_share[of] ?? 0) + (total > 0 ? ms / total : 0);
  for (const of of layerClasses) {
    const share = time_share[of];
    if (share !== undefined) time_share[of] = Number(share.toFixed(4));
  }
  const slowest = [...timed].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST);
  return { time_share, slowest };
}

function remarksOf(
  proof: Pick<
    LayerProof,
    'attention_fused' | 'attention_of' | 'gelu_fused' | 'layer_norm_fused' | 'gemms_by_precision'
  >,
  softmaxes: number,
  products: readonly string[],
  precision: Precision,
): readonly string[] {
  const remarks: string[] = [];
  if (proof.attention_fused < proof.attention_of) {
    const why =
      softmaxes > 0
        ? `${softmaxes} softmax layers stand alone: TensorRT found no fused kernel for this shape and precision, or expected no gain`
        : 'its layers name no fused attention';
    remarks.push(`attention fused in ${proof.attention_fused} of ${proof.attention_of} layers: ${why}`);
  }
  if (!proof.gelu_fused) remarks.push('GELU has layers of its own, outside the product before it');
  if (!proof.layer_norm_fused) remarks.push('LayerNorm is spread over several layers');
  const wanted = { int8: 'Int8', fp8: 'FP8', fp16: 'Half', bf16: 'BF16', fp32: 'Float' }[precision];
  // The last one is the answer head, which has two columns and stays out of int8 and fp8 (graph.ts).
  const meant = isQuantized(precision) && products.length > 1 ? products.slice(0, -1) : products;
  if (products.length === 0)
    remarks.push('no product could be told from the layer names: the precision is not proven');
  else if (meant.some((type) => type !== wanted)) {
    const found = proof.gemms_by_precision[wanted] ?? 0;
    const others = Object.entries(proof.gemms_by_precision)
      .filter(([type]) => type !== wanted)
      .map(([type, count]) => `${count} ${type}`);
    remarks.push(
      `${found} of ${products.length} products run in ${precision} (the others: ${others.join(', ')})`,
    );
  }
  return remarks;
}
