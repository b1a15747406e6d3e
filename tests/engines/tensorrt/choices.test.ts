// Which network a GPU gets and why, and which shapes it is built for, warmed up and captured with.

import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../configs/errors.js';
import { gpuSettingsSchema } from '../../../configs/gpu-settings.js';
import { chooseNetwork, type NetworkQuestion } from '../../../engines/tensorrt/choose-network.js';
import { cpusFor } from '../../../engines/tensorrt/cpu-placement.js';
import { profilesOf, warmUpOf } from '../../../engines/tensorrt/shapes.js';

const large: NetworkQuestion = {
  precision: 'fp16',
  attention: 'auto',
  gelu: 'auto',
  variable_length: true,
  max_seq_length: 384,
  headSizes: [64],
  hiddenSize: 1024,
  compute_capability: '9.0',
  tensorrt_version: '10.6.0',
};

describe('the network of', () => {
  it.each([
    ['BERT-Large fp16 on an H100', {}, 'plugin_fp16', '2', /fused kernels/],
    [
      'BERT-Large int8 on an H100',
      { precision: 'int8' },
      'plugin_int8_interleaved',
      '3',
      /all of the encoder/,
    ],
    [
      'BERT-Large int8 with TensorRT 11',
      { precision: 'int8', tensorrt_version: '11.1.0' },
      'plugin_fp16',
      '5',
      /no implicit ranges/,
    ],
    [
      'MiniLM int8 on an H100',
      { precision: 'int8', headSizes: [32], hiddenSize: 384 },
      'plugin_fp16',
      '2',
      /those of 32 are filled up; attention is fp16, since .*int8 kernels are for heads of 64, this model has 32/,
    ],
    [
      'MiniLM fp16 with TensorRT 8.6',
      { headSizes: [32], hiddenSize: 384, tensorrt_version: '8.6.1' },
      'plugin_fp16',
      '2',
      /those of 32 are filled up/,
    ],
    [
      'MiniLM fp16 for single samples',
      { headSizes: [32], hiddenSize: 384, batch_size: 1 },
      'network',
      undefined,
      /pays from batch size 8 on/,
    ],
    ['BERT-Large fp16 for single samples', { batch_size: 1 }, 'plugin_fp16', '2', /fused kernels/],
    [
      'wide heads with TensorRT 11.1',
      { headSizes: [128], tensorrt_version: '11.1.0' },
      'attention_layer',
      undefined,
      /heads of up to 64, this model has 128; TensorRT's own attention layer takes packed tokens/,
    ],
    [
      'wide heads in fp32',
      { headSizes: [128], tensorrt_version: '11.1.0', precision: 'fp32' },
      'network',
      undefined,
      /no packed fp32 kernels/,
    ],
    ['heads too wide', { headSizes: [128] }, 'network', undefined, /heads of up to 64, this model has 128/],
    [
      'BERT-Large fp16 on a V100',
      { compute_capability: '7.0' },
      'network',
      undefined,
      /compute capability 7.0/,
    ],
    [
      'BERT-Large fp16 on Blackwell',
      { compute_capability: '10.0' },
      'network',
      undefined,
      /compute capability 10.0/,
    ],
    [
      'BERT-Large fp16 on Blackwell with 10.8',
      { compute_capability: '10.0', tensorrt_version: '10.8.0' },
      'plugin_fp16',
      '2',
      /fused/,
    ],
    ['BERT-Large fp32', { precision: 'fp32' }, 'network', undefined, /no packed fp32 kernels/],
    ['BERT-Large fp8', { precision: 'fp8' }, 'network', undefined, /fp8 networks of packed tokens/],
    ['a length without kernels', { max_seq_length: 1024 }, 'network', undefined, /end at 512 tokens/],
    ['padding asked for', { variable_length: false }, 'network', undefined, /variable_length is off/],
    [
      'BERT-Large int8 with places that calibration keeps',
      { precision: 'int8', kept: new Set(['layer.3.ffn_gelu', 'layer.4.ffn_gelu']) },
      'plugin_fp16',
      '2',
      /attention is fp16, since calibration leaves layer\.3\.ffn_gelu and 1 more places in higher precision/,
    ],
    [
      'fp16 attention, padded',
      { attention: 'network_fp16', precision: 'int8' },
      'network_fp16',
      undefined,
      /asks for it/,
    ],
    [
      'fp16 attention, padded twice over',
      { attention: 'network_fp16', variable_length: false },
      'network_fp16',
      undefined,
      /variable_length is off/,
    ],
    ['a machine without cuBLAS', { whyNoCublas: 'no such file' }, 'network', undefined, /libcublas\.so\.12/],
    ['a library without plugins', { plugins: new Set<string>() }, 'network', undefined, /has no plugin/],
  ] as const)('%s', (_what, changes, attention, version, because) => {
    const choice = chooseNetwork({ ...large, ...changes });
    expect(choice.attention).toBe(attention);
    expect(choice.attentionVersion).toBe(version);
    expect(choice.because).toMatch(because);
    expect(choice.form).toBe(attention.startsWith('network') ? 'padded' : 'packed');
    const isInt8 = { ...large, ...changes }.precision === 'int8';
    const isTanh = attention === 'plugin_int8_interleaved' || (isInt8 && attention.startsWith('network'));
    expect(choice.gelu).toBe(isTanh ? 'tanh' : 'erf');
  });

  it.each([
    ['int8 kernels without int8', { attention: 'plugin_int8' }, /need --precision=int8/],
    ['an older attention layer', { attention: 'attention_layer' }, /from 11\.1 on, this is 10\.6\.0/],
    [
      'an attention layer for odd heads',
      { attention: 'attention_layer', tensorrt_version: '11.1.0', headSizes: [20] },
      /16 to 256 in steps of 8, this model has 20/,
    ],
    ['a GPU without them', { attention: 'plugin_fp16', compute_capability: '7.0' }, /compute capability 7.0/],
    [
      'int8 attention of places that calibration keeps',
      { attention: 'plugin_int8', precision: 'int8', kept: new Set(['layer.0.query']) },
      /calibration leaves layer\.0\.query in higher precision/,
    ],
    [
      'padding at the same time',
      { attention: 'plugin_fp16', variable_length: false },
      /leave one of them out/,
    ],
  ] as const)('asked for by name is refused: %s', (_what, changes, message) => {
    expect(() => chooseNetwork({ ...large, ...changes })).toThrow(ConfigError);
    expect(() => chooseNetwork({ ...large, ...changes })).toThrow(message);
  });
});

const gpu = { ...gpuSettingsSchema.parse({}), max_seq_length: 384 };

describe('shapes', () => {
  it('of packed tokens: one profile from one token to a full batch of the longest', () => {
    const [profile, ...others] = profilesOf({
      form: 'packed',
      batch_size: 128,
      gpu: { ...gpu, bert_opt_seqlen: 184 },
    });
    expect(others).toEqual([]);
    expect(profile?.find(({ tensor }) => tensor === 'input_ids')).toEqual({
      tensor: 'input_ids',
      min: [1],
      opt: [23_552],
      max: [49_152],
    });
    expect(profile?.find(({ tensor }) => tensor === 'cu_seqlens')).toEqual({
      tensor: 'cu_seqlens',
      min: [2],
      opt: [129],
      max: [129],
    });
  });

  it('of padded batches: one profile per bucket, without gaps', () => {
    const profiles = profilesOf({
      form: 'padded',
      batch_size: 8,
      gpu: { ...gpu, length_buckets: '128,384' },
    });
    expect(profiles.map(([first]) => [first?.min, first?.max])).toEqual([
      [
        [1, 1],
        [8, 128],
      ],
      [
        [1, 129],
        [8, 384],
      ],
    ]);
  });

  it('of large padded batches: one profile for every length, tuned where it is asked for', () => {
    const large = { form: 'padded', batch_size: 256 } as const;
    const ranges = profilesOf({ ...large, gpu: { ...gpu, bert_opt_seqlen: 184, least_batch_size: 64 } });
    expect(ranges.map(([first]) => [first?.min, first?.opt, first?.max])).toEqual([
      [
        [64, 1],
        [256, 184],
        [256, 384],
      ],
    ]);
    // Each bucket is tuned for its end, but the one that holds the length asked for.
    const buckets = { ...gpu, bert_opt_seqlen: 184, length_buckets: '128,256,384' };
    expect(profilesOf({ ...large, gpu: buckets }).map(([first]) => first?.opt[1])).toEqual([128, 184, 384]);
    expect(profilesOf({ ...large, batch_size: 1, gpu })).toHaveLength(5);
  });

  it.each([
    ['padded', 'input_ids', [32, 384]],
    ['packed', 'input_ids', [12_288]],
    ['packed', 'cu_seqlens', [33]],
  ] as const)('of a fixed shape: no range for the builder to serve (%s, %s)', (form, name, dimensions) => {
    const fixed = { ...gpu, fixed_shape: true, bert_opt_seqlen: 128, length_buckets: '128,384' };
    const [profile, ...others] = profilesOf({ form, batch_size: 32, gpu: fixed });
    expect(others).toEqual([]);
    expect(profile?.find(({ tensor }) => tensor === name)).toEqual({
      tensor: name,
      min: dimensions,
      opt: dimensions,
      max: dimensions,
    });
  });

  it('of batches smaller than the least: refused', () => {
    const request = { form: 'packed', batch_size: 4, gpu: { ...gpu, least_batch_size: 8 } } as const;
    expect(() => profilesOf(request)).toThrow(ConfigError);
  });

  it('captured for single samples: every four tokens up to the longest, no sample without one', () => {
    const { graphs } = warmUpOf({ form: 'packed', batch_size: 1, gpu: { ...gpu, use_graphs: true } });
    expect(graphs).toHaveLength(96);
    expect(graphs.at(-1)).toEqual([1, 384]);
  });

  it('captured for batches: no more than the memory of a GPU bears, up to graphs_max_seqlen', () => {
    const { graphs } = warmUpOf({
      form: 'packed',
      batch_size: 256,
      gpu: { ...gpu, use_graphs: true, graphs_max_seqlen: 240 },
    });
    expect(graphs.length).toBeLessThanOrEqual(400);
    expect(graphs.at(-1)).toEqual([256, 256 * 240]);
  });

  it('captured as graph_specs says', () => {
    const { graphs } = warmUpOf({
      form: 'packed',
      batch_size: 8,
      gpu: { ...gpu, use_graphs: true, graph_specs: '(128, 64, 256, 64)' },
    });
    expect(graphs).toEqual([
      [8, 64],
      [8, 128],
      [8, 192],
      [8, 256],
    ]);
  });

  it('are run before they are timed, the longest first; nothing is captured unasked', () => {
    const { shapes, graphs } = warmUpOf({
      form: 'packed',
      batch_size: 4,
      gpu: { ...gpu, bert_opt_seqlen: 184 },
    });
    expect(shapes).toEqual([
      [4, 384],
      [1, 384],
      [4, 184],
      [1, 184],
    ]);
    expect(graphs).toEqual([]);
  });
});

describe('the CPUs of a GPU', () => {
  it.each([
    ['by the setting', 5, 0, '0-3:0-1&4-7:2-3', [2, 3]],
    ['by its NUMA node', 0, 1, '', [8, 9, 12]],
    ['all where neither tells', 0, -1, '', []],
    ['all for a GPU that the setting leaves out', 9, 0, '0:0-1', []],
  ] as const)('are chosen %s', (_how, index, numa_node, config, cpus) => {
    expect(cpusFor({ index, numa_node }, config, () => '8-9,12\n')).toEqual(cpus);
  });
});
