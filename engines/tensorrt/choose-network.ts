// Which network a GPU gets: packed tokens with the attention plugin where it has kernels, else padded batches; and why.
//
// The plugin (CustomQKVToContextPluginDynamic) carries compiled kernels. fp16: head size 64 on Turing and later, to which smaller
// heads are filled up. int8: head
// size 64, up to 384 tokens; with scales as attributes from TensorRT 10 on, or read off tensors with implicit ranges, which
// TensorRT 11 has no more. Versions 2 and 3 are its older interface, 5 and 6 the same kernels behind the newer one.

import { ConfigError } from '../../configs/errors.js';
import type { TensorRtAttention, TensorRtGelu } from '../../configs/gpu-settings.js';
import type { Precision } from '../../configs/engine-choices.js';
import type { BertCheckpoint } from '../bert/checkpoint.js';
import { INTERLEAVED_HIDDEN_SIZES } from '../bert/interleaved-graph.js';
import { PLUGIN_HEAD_SIZE } from '../bert/packed-form.js';
import type { GpuRequest } from '../contract.js';
import type { KnownRanges } from './network.js';

/** What the choice rests on. */
export interface NetworkQuestion {
  readonly precision: Precision;
  /** What the settings ask for. */
  readonly attention: TensorRtAttention;
  readonly gelu: TensorRtGelu;
  readonly variable_length: boolean;
  readonly max_seq_length: number;
  /** Most samples of one inference; undefined: not known, large. */
  readonly batch_size?: number;
  /** Of every layer. */
  readonly headSizes: readonly number[];
  readonly hiddenSize: number;
  /** As Megatron's BERT. Default: no. */
  readonly normalisesFirst?: boolean;
  /** Places that calibration leaves in higher precision; undefined: none. */
  readonly kept?: ReadonlySet<string> | undefined;
  /** "9.0" */
  readonly compute_capability: string;
  /** "10.6.0" */
  readonly tensorrt_version: string;
  /** Why libcublas.so.12 cannot be loaded, which the fp16 plugin of TensorRT 10 and later asks for when it is made. */
  readonly whyNoCublas?: string;
  /** Plugins in the registry as "name/version"; undefined where no library was opened: what the version has. */
  readonly plugins?: ReadonlySet<string>;
}

export interface NetworkChoice {
  readonly form: 'packed' | 'padded';
  readonly attention: Exclude<TensorRtAttention, 'auto'>;
  /** plugin_version of the attention's nodes; absent without a plugin. */
  readonly attentionVersion?: string;
  readonly gelu: 'erf' | 'tanh';
  /** Why, for people. */
  readonly because: string;
}

export const ATTENTION_PLUGIN = 'CustomQKVToContextPluginDynamic';
export const LAYER_NORM_PLUGIN = 'CustomSkipLayerNormPluginDynamic';

/** The part of the question that a model and its settings give. */
export function questionAbout(
  { layers, config, normalisesFirst }: Pick<BertCheckpoint, 'layers' | 'config' | 'normalisesFirst'>,
  precision: Precision,
  gpu: Pick<GpuRequest, 'tensorrt_attention' | 'tensorrt_gelu' | 'variable_length' | 'max_seq_length'>,
  known: Pick<KnownRanges, 'kept'> | undefined,
): Omit<
  NetworkQuestion,
  'compute_capability' | 'tensorrt_version' | 'whyNoCublas' | 'plugins' | 'batch_size'
> {
  return {
    precision,
    attention: gpu.tensorrt_attention,
    gelu: gpu.tensorrt_gelu,
    variable_length: gpu.variable_length,
    max_seq_length: gpu.max_seq_length,
    kept: known?.kept,
    headSizes: layers.map(({ head_size }) => head_size),
    hiddenSize: config.hidden_size,
    normalisesFirst,
  };
}

/** @throws {ConfigError} when the settings ask for a kernel that does not exist here. */
export function chooseNetwork(question: NetworkQuestion): NetworkChoice {
  const { attention, variable_length } = question;
  if (!variable_length) {
    if (attention !== 'auto' && !isPadded(attention)) {
      throw new ConfigError(
        `--tensorrt_attention=${attention} packs tokens, --no-variable_length pads them; leave one of them out`,
      );
    }
    return padded(question, 'variable_length is off', attention === 'network_fp16' ? attention : 'network');
  }
  switch (attention) {
    case 'network':
    case 'network_fp16':
      return padded(question, `--tensorrt_attention=${attention} asks for it`, attention);
    case 'plugin_fp16':
    case 'plugin_int8':
    case 'plugin_int8_interleaved':
    case 'attention_layer': {
      const reason = reasonAgainst(attention, question);
      if (reason !== undefined) {
        throw new ConfigError(
          `--tensorrt_attention=${attention}: ${reason}. Use --tensorrt_attention=auto, which takes what there is.`,
        );
      }
      return packed(attention, question, `--tensorrt_attention=${attention} asks for it`);
    }
    case 'auto':
      return bestOf(question);
  }
}

function bestOf(question: NetworkQuestion): NetworkChoice {
  const notInt8 = reasonAgainst('plugin_int8_interleaved', question);
  if (notInt8 === undefined) {
    return packed(
      'plugin_int8_interleaved',
      question,
      'int8 kernels for all of the encoder fit this GPU and model',
    );
  }
  const notPacked = reasonAgainst('plugin_fp16', question);
  if (notPacked !== undefined) {
    const isTooWide = question.headSizes.some((size) => size > PLUGIN_HEAD_SIZE);
    return isTooWide && reasonAgainst('attention_layer', question) === undefined
      ? packed(
          'attention_layer',
          question,
          `${notPacked}; TensorRT's own attention layer takes packed tokens`,
        )
      : padded(question, notPacked);
  }
  const filled = smallestHead(question);
  if (filled < PLUGIN_HEAD_SIZE && (question.batch_size ?? Infinity) < LEAST_FILLED_BATCH) {
    return padded(
      question,
      `heads of ${filled} would be filled up to ${PLUGIN_HEAD_SIZE} for the attention plugin, which pays from batch size ${LEAST_FILLED_BATCH} on`,
    );
  }
  const because =
    filled < PLUGIN_HEAD_SIZE
      ? `the attention plugin has fused kernels for this GPU, for heads of ${PLUGIN_HEAD_SIZE}: those of ${filled} are filled up`
      : 'the attention plugin has fused kernels for this GPU and head size';
  return packed(
    'plugin_fp16',
    question,
    question.precision === 'int8' ? `${because}; attention is fp16, since ${notInt8}` : because,
  );
}

const smallestHead = ({ headSizes }: NetworkQuestion): number => Math.min(PLUGIN_HEAD_SIZE, ...headSizes);
/** Small batches are bound by launches, and a network with plugins is launched in more pieces than one without. */
const LEAST_FILLED_BATCH = 8;

type PaddedAttention = 'network' | 'network_fp16';
const isPadded = (attention: TensorRtAttention): boolean => attention.startsWith('network');

function padded(
  question: NetworkQuestion,
  because: string,
  attention: PaddedAttention = 'network',
): NetworkChoice {
  return { form: 'padded', attention, gelu: geluOf(question, attention), because };
}

type PluginAttention = 'plugin_fp16' | 'plugin_int8' | 'plugin_int8_interleaved';
type PackedAttention = PluginAttention | 'attention_layer';

function packed(attention: PackedAttention, question: NetworkQuestion, because: string): NetworkChoice {
  return {
    form: 'packed',
    attention,
    ...(attention === 'attention_layer' ? {} : { attentionVersion: pluginVersion(attention, question) }),
    gelu: geluOf(question, attention),
    because,
  };
}

/**
 * Tanh makes one kernel of the interleaved network's product and Gelu, and a padded int8 network 9 % faster (BERT-Large,
 * 32 × 384); it differs by a hundredth of what int8 rounds.
 */
function geluOf(
  { gelu, precision }: NetworkQuestion,
  attention: PaddedAttention | PackedAttention,
): NetworkChoice['gelu'] {
  if (gelu !== 'auto') return gelu;
  const isTanh = attention === 'plugin_int8_interleaved' || (precision === 'int8' && isPadded(attention));
  return isTanh ? 'tanh' : 'erf';
}

/** Up to TensorRT 10 the older interface, with which the kernels were measured; from 11 on the newer. */
function pluginVersion(attention: PluginAttention, { tensorrt_version }: NetworkQuestion): string {
  const isNewer = majorMinor(tensorrt_version).major >= 11;
  if (attention === 'plugin_fp16') return isNewer ? '5' : '2';
  return isNewer ? '6' : '3';
}

/** Architectures with kernels; 8.9 takes those of 8.6. Blackwell's came with 10.8, in fp16 alone. */
const fp16Architectures = ['7.5', '8.0', '8.6', '8.7', '8.9', '9.0'];
const fp16ArchitecturesFrom10_8 = ['10.0', '12.0'];
const int8Architectures = ['7.2', '7.5', '8.0', '8.6', '8.7', '8.9', '9.0'];
const longestOfKernels = { plugin_fp16: 512, plugin_int8: 384, plugin_int8_interleaved: 384 } as const;

function reasonAgainst(attention: PackedAttention, question: NetworkQuestion): string | undefined {
  return attention === 'attention_layer'
    ? reasonAgainstLayer(question)
    : reasonAgainstPlugin(attention, question);
}

/** TRT_Attention with packed_nhd, docs/TRT_custom_ops.md of onnx-tensorrt. Its fused kernels are those of any attention. */
function reasonAgainstLayer(question: NetworkQuestion): string | undefined {
  const { precision, tensorrt_version, headSizes, compute_capability } = question;
  const { major, minor } = majorMinor(tensorrt_version);
  if (major < 11 || (major === 11 && minor < 1)) {
    return `TensorRT's attention layer takes packed tokens from 11.1 on, this is ${tensorrt_version}`;
  }
  if (precision === 'fp32' || precision === 'fp8') {
    return `packed networks of the attention layer are fp16, bf16 or int8, this is ${precision}`;
  }
  if (Number(compute_capability) < 8) {
    return `the attention layer's kernels need compute capability 8.0, this is ${compute_capability}`;
  }
  const odd = headSizes.find((size) => size % 8 !== 0 || size < 16 || size > 256);
  return odd === undefined
    ? undefined
    : `the attention layer's kernels are for heads of 16 to 256 in steps of 8, this model has ${odd}`;
}

function reasonAgainstPlugin(attention: PluginAttention, question: NetworkQuestion): string | undefined {
  const { precision, compute_capability, headSizes, hiddenSize, max_seq_length, tensorrt_version, plugins } =
    question;
  const { major, minor } = majorMinor(tensorrt_version);
  const isInt8 = attention !== 'plugin_fp16';
  if (isInt8 && precision !== 'int8') {
    return `the int8 attention kernels need --precision=int8, this is ${precision}`;
  }
  if (attention === 'plugin_int8_interleaved' && question.normalisesFirst === true) {
    return "the interleaved network keeps no sum from before LayerNorm, which Megatron's BERT adds to";
  }
  if (precision === 'fp32' || precision === 'bf16') {
    return `the attention plugin has no packed ${precision} kernels`;
  }
  if (precision === 'fp8') {
    return 'fp8 networks of packed tokens cannot be built (TensorRT finds no kernels for a changing number of tokens)';
  }
  const architectures = isInt8
    ? int8Architectures
    : [...fp16Architectures, ...(major > 10 || minor >= 8 ? fp16ArchitecturesFrom10_8 : [])];
  if (!architectures.includes(compute_capability)) {
    return `the attention plugin of TensorRT ${tensorrt_version} has no packed kernels for compute capability ${compute_capability}`;
  }
  const oddSize = headSizes.find((size) => (isInt8 ? size !== PLUGIN_HEAD_SIZE : size > PLUGIN_HEAD_SIZE));
  if (oddSize !== undefined) {
    const upTo = isInt8 ? '' : 'up to ';
    return `the attention plugin's ${isInt8 ? 'int8' : 'fp16'} kernels are for heads of ${upTo}${PLUGIN_HEAD_SIZE}, this model has ${oddSize}`;
  }
  const inInt8 = keptInInt8(attention, question);
  if (inInt8.length > 0) {
    const others = inInt8.length > 1 ? ` and ${inInt8.length - 1} more places` : '';
    return `calibration leaves ${inInt8[0]}${others} in higher precision, which these kernels compute in int8`;
  }
  if (attention === 'plugin_int8' && major < 10) {
    return `the int8 attention kernels take their scales from the network from TensorRT 10 on, this is ${tensorrt_version}`;
  }
  if (attention === 'plugin_int8_interleaved') {
    if (major >= 11) return `TensorRT ${tensorrt_version} has no implicit ranges of tensors`;
    if (!INTERLEAVED_HIDDEN_SIZES.includes(hiddenSize)) {
      return `int8 kernels that add and normalise exist for hidden sizes ${INTERLEAVED_HIDDEN_SIZES.join(' and ')}, this is ${hiddenSize}`;
    }
  }
  if (attention === 'plugin_fp16' && major >= 10 && question.whyNoCublas !== undefined) {
    return `the fp16 attention plugin asks for libcublas.so.12, and it cannot be loaded (${question.whyNoCublas}); install cuBLAS of CUDA 12 beside TensorRT`;
  }
  const longest = longestOfKernels[attention];
  if (max_seq_length > longest)
    return `the attention kernels end at ${longest} tokens, max_seq_length is ${max_seq_length}`;
  const wanted = [
    `${ATTENTION_PLUGIN}/${pluginVersion(attention, question)}`,
    ...(attention === 'plugin_int8_interleaved' ? [`${LAYER_NORM_PLUGIN}/3`] : []),
  ];
  const missing = plugins === undefined ? undefined : wanted.find((plugin) => !plugins.has(plugin));
  return missing === undefined ? undefined : `TensorRT ${tensorrt_version} has no plugin ${missing}`;
}

const placesOfInt8Attention = new Set(['query', 'key', 'value', 'probabilities', 'context']);

/** Places that are to stay in higher precision, and would not. */
function keptInInt8(attention: PluginAttention, { kept }: NetworkQuestion): readonly string[] {
  if (kept === undefined || attention === 'plugin_fp16') return [];
  const isThroughout = attention === 'plugin_int8_interleaved';
  return [...kept].filter(
    (place) => isThroughout || placesOfInt8Attention.has(place.split('.').at(-1) ?? ''),
  );
}

function majorMinor(version: string): { readonly major: number; readonly minor: number } {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return { major, minor };
}
