// The flags of `loadrig perf`: those of trtexec that time an engine, under its names or the settings' own.

import { tensorRtAttentions, tensorRtGelus } from '../../configs/gpu-settings.js';
import { precisions } from '../../configs/engine-choices.js';
import type { CommandFlags, CommandUsage, FlagValues } from '../command-flags.js';

export const percentileMethods = ['trtexec', 'nearest_rank'] as const;

export const perfFlags = {
  engine: { kind: 'choice', choices: ['tensorrt'], description: 'What runs it.', fallback: 'tensorrt' },
  model: { kind: 'text', description: 'Model folder.', fallback: 'data/models/minilm-qa' },
  precision: { kind: 'choice', choices: precisions, description: 'Number format.', fallback: 'fp16' },
  batch_size: {
    kind: 'text',
    aliases: ['b'],
    unit: 'samples',
    description: 'Batch sizes, comma list.',
    fallback: '1',
  },
  sequence_length: {
    kind: 'text',
    aliases: ['s'],
    unit: 'tokens',
    description: 'Lengths, comma list.',
    fallback: '384',
  },
  data: {
    kind: 'text',
    description:
      'SQuAD file: run its questions at their own lengths, longest first, in place of made-up tokens.',
  },
  length_buckets: {
    kind: 'text',
    unit: 'tokens',
    description: 'With data: lengths that padded batches are padded to, comma list.',
    fallback: 'the engine chooses',
  },
  least_batch_size: {
    kind: 'number',
    unit: 'samples',
    description: 'Smallest batch the engine is built for.',
    fallback: '1',
  },
  loadgen: {
    kind: 'boolean',
    description:
      'Then LoadGen and the loop by turns on the open engine: Offline over the same batches with data, else SingleStream (batch size 1).',
  },
  rounds: {
    kind: 'number',
    unit: 'rounds',
    description: 'How many turns each, with loadgen.',
    fallback: '3',
  },
  bert_opt_seqlen: {
    kind: 'number',
    unit: 'tokens',
    description: 'Length the engine is tuned for.',
    fallback: 'each sequence_length',
  },
  use_graph: { kind: 'boolean', aliases: ['useCudaGraph'], description: 'Replay a captured CUDA graph.' },
  start_from_device: {
    kind: 'boolean',
    aliases: ['noDataTransfers'],
    description: 'Leave the copies between host and GPU out.',
  },
  streams: { kind: 'number', aliases: ['infStreams'], description: 'Streams side by side.', fallback: '1' },
  spin: { kind: 'boolean', aliases: ['useSpinWait'], description: 'Threads that wait for the GPU spin.' },
  duration: { kind: 'number', unit: 's', description: 'Measure at least so long.', fallback: '3' },
  iterations: { kind: 'number', unit: 'queries', description: 'Measure at least so many.', fallback: '10' },
  warm_up: {
    kind: 'number',
    aliases: ['warmUp'],
    unit: 'ms',
    description: 'Run so long before.',
    fallback: '200',
  },
  idle_time: {
    kind: 'number',
    aliases: ['idleTime'],
    unit: 'ms',
    description: 'Wait before each query.',
    fallback: '0',
  },
  percentile: { kind: 'text', description: 'Percentiles, comma list.', fallback: '90,95,99' },
  percentile_method: {
    kind: 'choice',
    choices: percentileMethods,
    description: 'trtexec: element n − 1 − ⌊(1 − p) n⌋ of the sorted list; nearest_rank: ⌈p n⌉ − 1.',
    fallback: 'trtexec',
  },
  export_profile: {
    kind: 'text',
    aliases: ['exportProfile'],
    description: 'JSON file for the time of each layer.',
  },
  export_times: { kind: 'text', aliases: ['exportTimes'], description: 'CSV file for every query.' },
  csv: { kind: 'text', description: 'CSV file for the table.' },
  json: { kind: 'boolean', description: 'Print JSON.' },
  tensorrt_attention: {
    kind: 'choice',
    choices: tensorRtAttentions,
    description: 'As of a run.',
    fallback: 'auto',
  },
  tensorrt_gelu: { kind: 'choice', choices: tensorRtGelus, description: 'As of a run.', fallback: 'auto' },
  tensorrt_lib: {
    kind: 'text',
    description: 'Folder of the libraries of TensorRT.',
    fallback: 'TENSORRT_LIB',
  },
  builder_optimization_level: {
    kind: 'number',
    aliases: ['builderOptimizationLevel'],
    description: '0 to 5.',
    fallback: '3',
  },
  no_variable_length: { kind: 'boolean', description: 'Pad every sample, do not pack.' },
} as const satisfies CommandFlags;

export type PerfFlags = FlagValues<typeof perfFlags>;

export const perfUsage: CommandUsage = {
  name: 'loadrig perf',
  usage: [
    'loadrig perf [flags]: time an engine in a closed loop without LoadGen, as trtexec does',
    '',
    'Each batch size with each length: an engine for each, built for that shape alone (with data: for all up to it).',
    'Latency is H2D + GPU compute + D2H; throughput counts samples.',
  ].join('\n'),
  examples: [
    'loadrig perf --model=build/models/bert-large --precision=int8 -b 1,8,128 -s 128,384 --use_graph',
    'loadrig perf -b 256 --streams=2 --data=data/squad/xquad.en.json --loadgen',
    'loadrig perf -b 256 --streams=2 --data=data/squad/xquad.en.json --bert_opt_seqlen=184 --export_profile=layers.json',
  ],
};
