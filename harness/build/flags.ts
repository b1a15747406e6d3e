// The flags of `loadrig build`: those of builder.py in the TensorRT BERT demo, and what people need beside them.

import { tensorRtAttentions, tensorRtGelus } from '../../configs/gpu-settings.js';
import { precisions } from '../../configs/engine-choices.js';
import { rangeChoices } from '../../engines/calibration/candidates.js';
import type { CommandFlags, CommandUsage, FlagValues } from '../command-flags.js';

/** Engines that have something to build. */
export const buildable = ['onnxruntime', 'tensorrt'] as const;

export const buildFlags = {
  model: {
    kind: 'text',
    group: 'Weights (one source)',
    description: 'A model folder, or any file of weights that is read.',
    fallback: 'data/models/minilm-qa',
  },
  ckpt: {
    kind: 'text',
    aliases: ['m'],
    group: 'Weights (one source)',
    description: 'TensorFlow checkpoint, by its basename (model.ckpt-8144) or its folder.',
  },
  onnx: {
    kind: 'text',
    aliases: ['x'],
    group: 'Weights (one source)',
    description: 'ONNX file; its weights are read, and the ranges of quantisation-aware training where it has them.',
  },
  pytorch: {
    kind: 'text',
    aliases: ['pt'],
    group: 'Weights (one source)',
    description: 'PyTorch checkpoint (.bin, .pt, .pth) or its folder. Nothing in it is run.',
  },
  safetensors: {
    kind: 'text',
    group: 'Weights (one source)',
    description: 'safetensors file or its folder.',
  },
  pickle: {
    kind: 'text',
    aliases: ['pkl'],
    group: 'Weights (one source)',
    description: "Pickle of numpy arrays: NVIDIA's Megatron BERT, with its trained ranges. Nothing in it is run.",
  },
  config_dir: {
    kind: 'text',
    aliases: ['c'],
    group: 'Weights (one source)',
    description: 'Folder with config.json or bert_config.json.',
    fallback: 'where the weights lie',
  },
  output: {
    kind: 'text',
    aliases: ['o'],
    group: 'Engine',
    description: 'Engine file. Its sidecar is <file>.json.',
    fallback: 'build/engines/<model>-<precision>.engine',
  },
  engine: {
    kind: 'choice',
    choices: buildable,
    aliases: ['e'],
    group: 'Engine',
    description: 'What will run it.',
    fallback: 'onnxruntime',
  },
  batch_size: {
    kind: 'number',
    aliases: ['b'],
    repeatable: true,
    unit: 'samples',
    group: 'Shapes',
    description: 'Batch to build for; smaller ones run too.',
    fallback: '1',
  },
  sequence_length: {
    kind: 'text',
    aliases: ['s'],
    repeatable: true,
    unit: 'tokens',
    group: 'Shapes',
    description: 'Length to build for, or min:opt:max. Each goes with each batch.',
    fallback: '384, or the longest the model has',
  },
  profiles: {
    kind: 'text',
    group: 'Shapes',
    description:
      'JSON file with the profiles instead: [{"batch": {"min", "opt", "max"}, "sequence": {…}}, …].',
  },
  fp16: { kind: 'boolean', aliases: ['f'], group: 'Precision', description: 'fp16.' },
  int8: {
    kind: 'boolean',
    aliases: ['i'],
    group: 'Precision',
    description: 'int8; with --fp16 what is not quantised is fp16.',
  },
  precision: {
    kind: 'choice',
    choices: precisions,
    group: 'Precision',
    description: 'The same, and the others, by name.',
    fallback: 'fp32',
  },
  strict: {
    kind: 'boolean',
    aliases: ['t'],
    group: 'Precision',
    description: 'No layer may have a higher precision than asked for.',
  },
  force_int8_skipln: {
    kind: 'boolean',
    aliases: ['iln'],
    group: 'Precision',
    description: 'int8: quantise both inputs of the residual sums.',
  },
  force_int8_multihead: {
    kind: 'boolean',
    aliases: ['imh'],
    group: 'Precision',
    description: 'int8: quantise inside attention.',
  },
  sparse: {
    kind: 'boolean',
    aliases: ['sp'],
    group: 'Precision',
    description: 'Refuse weights that are not 2:4 sparse, and use that they are.',
  },
  vocab_file: {
    kind: 'text',
    aliases: ['v'],
    group: 'Calibration',
    description: 'Vocabulary, for calibration and for `ask`.',
    fallback: 'vocab.txt of the model',
  },
  quantization: {
    kind: 'choice',
    choices: ['dynamic', 'static'],
    group: 'Calibration',
    description:
      'int8 of engine onnxruntime: scales found at run time, or before, from training or calibration.',
    fallback:
      'static with ranges of training, and with a calibration on processors whose int8 weights keep 7 bits; else dynamic',
  },
  squad_json: {
    kind: 'text',
    aliases: ['j'],
    group: 'Calibration',
    description: 'SQuAD v1.1 file to calibrate with. The evaluation data itself gives a warning in the sidecar.',
    fallback: 'data/squad/calibration.json',
  },
  calib_num: {
    kind: 'number',
    aliases: ['n', 'calib_samples'],
    unit: 'questions',
    group: 'Calibration',
    description: 'Questions to calibrate with, drawn by --calib_seed; each with all its windows.',
    fallback: '128',
  },
  calib_seed: { kind: 'number', group: 'Calibration', description: 'Seed of that draw.', fallback: '1' },
  calib_path: {
    kind: 'text',
    aliases: ['p'],
    group: 'Calibration',
    description: 'Calibration to use, or to write. One of another model, data or method is refused.',
    fallback: 'build/engines, under a hash of all that it depends on',
  },
  calib_method: {
    kind: 'choice',
    choices: ['best', ...rangeChoices],
    group: 'Calibration',
    description: 'How ranges are found; best tries all of them on a slice.',
    fallback: 'best',
  },
  sensitivity: {
    kind: 'boolean',
    group: 'Calibration',
    description: 'Measure what each group of layers costs in int8: F1 and logits, on a slice.',
  },
  min_f1_ratio: {
    kind: 'number',
    group: 'Calibration',
    description:
      'Keep the most sensitive groups in higher precision until this part of the fp32 F1 stays (0.99), on a slice.',
  },
  workspace_size: {
    kind: 'number',
    aliases: ['w'],
    unit: 'MiB',
    group: 'TensorRT builder',
    description: 'Limit of its scratch memory.',
    fallback: 'what is free',
  },
  timing_cache_file: {
    kind: 'text',
    aliases: ['tcf'],
    group: 'TensorRT builder',
    description: 'Timings of kernels, read and written: the next build is fast and chooses the same.',
  },
  require_timing_cache: {
    kind: 'boolean',
    group: 'TensorRT builder',
    description: 'Fail where --timing_cache_file lacks a timing.',
  },
  force_fc2_gemm: {
    kind: 'boolean',
    aliases: ['g'],
    group: 'TensorRT builder',
    description: 'A plugin of old versions for the second feed-forward product.',
  },
  varlen: {
    kind: 'boolean',
    group: 'TensorRT builder',
    description: 'Samples without padding, one after another.',
  },
  hardware_compat: {
    kind: 'boolean',
    group: 'TensorRT builder',
    description: 'An engine for other GPUs too, at some cost of speed.',
  },
  version_compat: {
    kind: 'boolean',
    group: 'TensorRT builder',
    description: 'An engine for later versions too.',
  },
  onnx_only: {
    kind: 'boolean',
    group: 'TensorRT network',
    description: 'Write the network as ONNX to --output and stop; needs no GPU and no TensorRT.',
  },
  tensorrt_version: {
    kind: 'text',
    group: 'TensorRT network',
    description: '--onnx_only: the version that will build it.',
    fallback: '10.6.0',
  },
  compute_capability: {
    kind: 'text',
    group: 'TensorRT network',
    description: '--onnx_only: of the GPU that will run it.',
    fallback: '9.0',
  },
  tensorrt_attention: {
    kind: 'choice',
    choices: tensorRtAttentions,
    group: 'TensorRT network',
    description: '--onnx_only: how attention is computed, as of a run.',
    fallback: 'auto',
  },
  tensorrt_gelu: {
    kind: 'choice',
    choices: tensorRtGelus,
    group: 'TensorRT network',
    description: '--onnx_only: form of GELU, as of a run.',
    fallback: 'auto',
  },
  engines_dir: {
    kind: 'text',
    description: 'Folder of the engines that were built before, shared with runs.',
    fallback: 'build/engines',
  },
  json: { kind: 'boolean', description: 'Print the sidecar.' },
  quiet: { kind: 'boolean', description: 'No progress.' },
} as const satisfies CommandFlags;

export type BuildFlags = FlagValues<typeof buildFlags>;

export const buildUsage: CommandUsage = {
  name: 'loadrig build',
  usage: [
    'loadrig build [flags]: an engine file from a checkpoint, with a sidecar that says what it was made of',
    '',
    'Takes the command lines of builder.py; what has no meaning for the chosen engine is accepted and explained.',
    'An unchanged model is not built twice. Answer with it: loadrig ask --engine FILE.',
  ].join('\n'),
  examples: [
    'loadrig build --int8 -o minilm.engine',
    'loadrig build -m models/bert-large/model.ckpt-8144 -c models/bert-large -b 1 -b 8 -s 128 -s 384 --fp16 -o large.engine',
    'loadrig build -x bert_large_v1_1_fake_quant.onnx -c models/bert-large -i -iln -imh -o qat.engine',
    'loadrig build --int8 --quantization=static -j train-v1.1.json -n 500 --sensitivity',
    'loadrig build -pt pytorch_model.bin -s 32:128:384 --json',
    'loadrig build --engine=tensorrt --onnx_only --precision=int8 -o network.onnx',
  ],
};
