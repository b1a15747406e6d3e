// The network of a choice as ONNX: from checkpoint, precision and form to the files that TensorRT's parser reads.

import { rmSync } from 'node:fs';
import { SetupError } from '../../configs/errors.js';
import { isQuantized, type Precision } from '../../configs/engine-choices.js';
import type { BertCheckpoint } from '../bert/checkpoint.js';
import { buildBertGraph, GRAPH_VERSION } from '../bert/graph.js';
import { paddedForm, type GraphForm } from '../bert/graph-form.js';
import { placements, type GraphOptions, type Quantization } from '../bert/graph-options.js';
import { buildInterleavedGraph, INTERLEAVED_VERSION } from '../bert/interleaved-graph.js';
import { writeOnnxFile } from '../bert/onnx-file.js';
import type { OnnxGraph } from '../bert/onnx-writer.js';
import { packedForm } from '../bert/packed-form.js';
import { symmetricRanges, type Ranges } from '../bert/ranges.js';
import { syntheticRanges } from '../bert/synthetic-ranges.js';
import type { NetworkChoice } from './choose-network.js';

/** Ranges of activations and where they come from. */
export interface KnownRanges {
  readonly ranges: Ranges;
  /** Largest magnitudes of weights, where training left them. */
  readonly weightAmax?: ReadonlyMap<string, Float32Array>;
  /** Places that calibration leaves in higher precision. */
  readonly kept?: ReadonlySet<string>;
  /** For people: "quantisation-aware training", "calibration …", "constants: a synthetic model". */
  readonly source: string;
}

export interface NetworkRequest {
  readonly checkpoint: BertCheckpoint;
  readonly precision: Precision;
  readonly choice: NetworkChoice;
  /** int8 and fp8. */
  readonly known: KnownRanges | undefined;
}

/**
 * Ranges that a checkpoint brings itself: those of its training, or constants for random weights.
 *
 * @param calibrated Ranges that calibration has found for this model.
 * @throws {SetupError} when there are none.
 */
export function rangesFor(
  checkpoint: BertCheckpoint,
  modelDir: string,
  calibrated: KnownRanges | undefined,
): KnownRanges {
  const { quantization } = checkpoint;
  if (quantization !== undefined && quantization.activations.size > 0) {
    return {
      ranges: symmetricRanges(quantization.activations),
      weightAmax: quantization.weights,
      source: 'quantisation-aware training',
    };
  }
  if (checkpoint.kind === 'synthetic') {
    return {
      ranges: syntheticRanges(checkpoint.layers, checkpoint.config.hidden_size),
      source: 'constants: a synthetic model',
    };
  }
  if (calibrated !== undefined) return calibrated;
  throw new SetupError(
    `engine tensorrt needs ranges of activations for int8 and fp8, and ${modelDir} has none: checkpoints of ` +
      'quantisation-aware training bring them (NVIDIA’s fake-quantised BERT-Large among them), and calibration finds them for ' +
      `any other, once: loadrig build --int8 --quantization=static --model=${modelDir}. Or use --precision=fp16.`,
  );
}

/** A graph, and what the builder must be told beside it. */
export interface Network {
  readonly graph: OnnxGraph;
  /** Ranges by tensor, where quantisation is implicit. */
  readonly tensorRanges: Readonly<Record<string, number>> | null;
}

/** Builds the graph; the checkpoint must stay open until it is written. */
export function buildNetwork({ checkpoint, precision, choice, known }: NetworkRequest): Network {
  if (choice.attention === 'plugin_int8_interleaved') {
    return buildInterleavedGraph(checkpoint, {
      ranges: known?.ranges ?? new Map(),
      weightAmax: known?.weightAmax,
      gelu: choice.gelu,
    });
  }
  const options: GraphOptions = {
    precision,
    form: formOf(choice),
    softmax: 'fused',
    ...(choice.gelu === 'tanh' ? { gelu: 'tanh' as const } : {}),
    ...(isQuantized(precision) && known !== undefined ? { quantization: quantizationOf(choice, known) } : {}),
    ...(known?.kept === undefined ? {} : { kept: known.kept }),
  };
  return { graph: buildBertGraph(checkpoint, options), tensorRanges: null };
}

/** Everything the ONNX files depend on beside the checkpoint, for an engine's hash. */
export function networkKey({ precision, choice, known }: Omit<NetworkRequest, 'checkpoint'>): object {
  return {
    precision,
    graph_version: choice.attention === 'plugin_int8_interleaved' ? INTERLEAVED_VERSION : GRAPH_VERSION,
    form: choice.form,
    attention: choice.attention,
    plugin_version: choice.attentionVersion ?? '',
    gelu: choice.gelu,
    ranges: known === undefined ? [] : Array.from(known.ranges, ([place, { min, max }]) => [place, min, max]),
    kept: [...(known?.kept ?? [])],
    // Weights' own ranges are part of the checkpoint, whose hash stands beside this.
    weight_ranges: known?.weightAmax?.size ?? 0,
  };
}

/** Writes the network's files: `onnxFile`, and beside it its large tensors. Returns what the builder must be told. */
export function writeNetwork(request: NetworkRequest, onnxFile: string): Pick<Network, 'tensorRanges'> {
  const { graph, tensorRanges } = buildNetwork(request);
  writeOnnxFile(graph, onnxFile, dataFileOf(onnxFile));
  return { tensorRanges };
}

/** Removes what `writeNetwork` wrote. */
export function removeNetwork(onnxFile: string): void {
  rmSync(onnxFile, { force: true });
  rmSync(dataFileOf(onnxFile), { force: true });
}

const dataFileOf = (onnxFile: string): string => onnxFile.replace(/(\.onnx)?$/, '.data');

function formOf(choice: NetworkChoice): GraphForm {
  if (choice.form === 'padded') return paddedForm();
  if (choice.attention === 'attention_layer') return packedForm({ type: 'layer' });
  const type = choice.attention === 'plugin_int8' ? 'int8' : 'fp16';
  return packedForm({ type, pluginVersion: choice.attentionVersion ?? '' });
}

function quantizationOf(
  { form, attention }: NetworkChoice,
  { ranges, weightAmax }: KnownRanges,
): Quantization {
  return {
    ranges,
    // The plugin does attention's products; what stands around them is placed as where TensorRT fuses them itself.
    placement: form === 'packed' || attention === 'network_fp16' ? withoutAttention : placements.full,
    unquantized: 'float16',
    weights: 'in-graph',
    ...(weightAmax === undefined ? {} : { weightAmax }),
  };
}

const attentionPlaces = new Set(['query', 'key', 'value', 'probabilities']);
const withoutAttention = new Set([...placements.full].filter((place) => !attentionPlaces.has(place)));
