// The facts of a quiet, healthy machine for the doctor; tests spoil one at a time.

import type { HostFacts } from '../../../harness/doctor/host-facts.js';
import { knownInputs } from '../../../harness/doctor/known-inputs.js';

const shipped = (path: string) => ({
  path,
  expected: knownInputs[path],
  sha256: knownInputs[path] ?? '',
  bytes: 1_000_000,
});

export const healthy: HostFacts = {
  node: 'v20.19.0',
  npm: '10.8.2',
  program: 'loadrig 0.1.0 (0123456789)',
  tensorrtProblem: null,
  onnxruntime: {
    version: '1.30.0',
    platform: 'linux/x64',
    files: ['libonnxruntime.so.1', 'onnxruntime_binding.node'],
  },
  inputs: {
    modelDir: 'data/models/minilm-qa',
    modelName: 'data/models/minilm-qa',
    modelLacks: [],
    model: ['model.safetensors', 'vocab.txt', 'config.json'].map((name) =>
      shipped(`data/models/minilm-qa/${name}`),
    ),
    data: shipped('data/squad/xquad.en.json'),
    modelConfig:
      '{"hidden_size":384,"intermediate_size":1536,"num_attention_heads":12,"num_hidden_layers":6,"vocab_size":30522}',
  },
  disk: {
    folder: 'build',
    freeBytes: 60 * 2 ** 30,
    totalBytes: 200 * 2 ** 30,
    writtenBytesPerSecond: 900e6,
  },
  meminfo: 'MemTotal: 65536000 kB\nMemAvailable:   62914560 kB\n',
  cgroupMemoryMax: 'max\n',
  cgroupMemoryCurrent: '1000000\n',
  cgroupCpuMax: 'max 100000\n',
  limits:
    'Limit                     Soft Limit           Hard Limit           Units     \nMax open files            20000                20000                files     \nMax locked memory         unlimited            unlimited            bytes     \n',
  status: 'Name:\tnode\nCpus_allowed_list:\t0-15\n',
  loadavg: '0.10 0.20 0.30 1/200 1234\n',
  timerSlackNs: '50000\n',
  clockSource: 'tsc\n',
  isolatedCpus: '\n',
  noTurbo: '0\n',
  boost: '',
};

/** Where nothing can be read: another operating system, an empty folder. */
export const unreadable: HostFacts = {
  ...healthy,
  npm: null,
  inputs: {
    ...healthy.inputs,
    modelConfig: '',
    model: healthy.inputs.model.map((file) => ({ ...file, sha256: null, bytes: 0 })),
    data: { ...healthy.inputs.data, sha256: null, bytes: 0 },
  },
  disk: { folder: 'build', freeBytes: null, totalBytes: null, writtenBytesPerSecond: null },
  meminfo: '',
  cgroupMemoryMax: '',
  cgroupMemoryCurrent: '',
  cgroupCpuMax: '',
  limits: '',
  status: '',
  loadavg: '',
  timerSlackNs: '',
  clockSource: '',
  isolatedCpus: '',
  noTurbo: '',
  boost: '',
};
