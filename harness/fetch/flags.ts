// The flags of `loadrig fetch`.

import type { CommandFlags, CommandUsage } from '../command-flags.js';
import { frameworks, squadVersions } from './presets.js';

export const fetchFlags = {
  from: {
    kind: 'text',
    description:
      'Where it comes from, in place of the preset: an address, a file, a folder, an archive (.zip, .tar, .tar.gz).',
    repeatable: true,
    group: 'Where from, where to',
  },
  to: {
    kind: 'text',
    description: "The model's folder, or the folder that data files go into.",
    fallback: 'data/models/<name>, data/squad',
    group: 'Where from, where to',
  },
  offline: {
    kind: 'text',
    description:
      'A folder in place of the network: files lie in it as <host>/<path of the address>, <path of the address> or <preset>/<file>. No socket is opened.',
    fallback: 'the variable LOADRIG_OFFLINE',
    group: 'Where from, where to',
  },
  replace: {
    kind: 'boolean',
    description: 'Take the place of other content; without it nothing is replaced.',
    group: 'Where from, where to',
  },
  sha256: {
    kind: 'text',
    description: 'What the file or archive of --from must be, in hex.',
    group: 'Checks',
  },
  verify: {
    kind: 'text',
    description:
      'Hash the files of a fetched folder again and compare them with its manifest.json; loads nothing.',
    group: 'Checks',
  },
  dry_run: {
    kind: 'boolean',
    description: 'Show what would be loaded, from where to where, and stop.',
    group: 'Checks',
  },
  framework: {
    kind: 'choice',
    choices: frameworks,
    description: 'Whose weights.',
    fallback: 'tf',
    group: 'Choosing a preset',
  },
  size: {
    kind: 'choice',
    choices: ['base', 'large'],
    description: 'BERT-Base or BERT-Large.',
    fallback: 'large',
    group: 'Choosing a preset',
  },
  seq: {
    kind: 'choice',
    choices: ['128', '384'],
    description: 'Length of the fine-tuning, in tokens.',
    fallback: '128',
    group: 'Choosing a preset',
  },
  squad: {
    kind: 'choice',
    choices: squadVersions,
    description: 'Version of SQuAD.',
    fallback: '2.0 for models, 1.1 for squad',
    group: 'Choosing a preset',
  },
  split: {
    kind: 'choice',
    choices: ['train', 'dev'],
    description: 'squad: which part.',
    fallback: 'dev',
    group: 'Choosing a preset',
  },
  sparse: { kind: 'boolean', description: 'Weights with 2:4 sparsity.', group: 'Choosing a preset' },
  qat: {
    kind: 'boolean',
    description: 'Weights of quantisation-aware training.',
    group: 'Choosing a preset',
  },
  seed: {
    kind: 'text',
    description: 'synthetic-…: what the random weights are made of, 0 to 2^64 - 1.',
    fallback: '1',
    group: 'Choosing a preset',
  },
  retries: {
    kind: 'number',
    description: 'New tries after a try that came no further, with pauses of 1, 2, 4 … 30 s.',
    fallback: '5',
    group: 'Network',
  },
  quiet: { kind: 'boolean', description: 'Only the result, no progress.' },
  json: { kind: 'boolean', description: 'The list of presets or the result of --verify as JSON.' },
} as const satisfies CommandFlags;

export const fetchUsage: CommandUsage = {
  name: 'loadrig fetch',
  usage: [
    'loadrig fetch                       the presets there are',
    'loadrig fetch PRESET                a model or data set by its name',
    'loadrig fetch [WORDS]               a model by the words of the BERT demo: tf|pyt base|large 128|384 v2|v1_1 int8-qat',
    'loadrig fetch squad [--squad VERSION] [--split train|dev]',
    'loadrig fetch NAME --from SOURCE    your own model: address, file, folder or archive',
    'loadrig fetch synthetic-bert-large  random weights, for speed work',
    'loadrig fetch --verify FOLDER       are the files still what they were?',
    '',
    'Before anything is loaded its address, size and licence are shown. An interrupted download goes on where it stopped',
    'when the same command is given again. A folder appears whole or not at all, with a manifest.json of sizes and SHA-256.',
  ].join('\n'),
  examples: [
    'loadrig fetch squad --split dev                  # SQuAD 1.1 dev into data/squad/dev-v1.1.json',
    'loadrig fetch large 384 v1_1                     # as scripts/download_model.sh large 384 v1_1',
    'loadrig fetch qat-onnx --dry_run                 # addresses and sizes, nothing is loaded',
    'loadrig fetch my-bert --from ~/Downloads/bert.zip',
    'loadrig fetch my-bert --from https://example.org/model.safetensors --from config.json --from vocab.txt',
    'loadrig fetch mlperf-tf --offline /mnt/mirror',
    'loadrig fetch --verify data/models/my-bert',
  ],
  mostWords: 8,
};
