// What a GPU cannot do is refused by name, with what to use.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Provenance } from '../../configs/benchmark-config.js';
import { estimatedBytes, infeasible, largestBatch } from '../../configs/feasible.js';
import type { SettingKey } from '../../configs/schema.js';

const GIB = 2 ** 30;
const volta = { architecture: 'Volta', compute_capability: 7, memory_bytes: 16 * GIB };
const turing = { architecture: 'Turing', compute_capability: 7.5, memory_bytes: 16 * GIB };
const xavier = { architecture: 'Volta (iGPU)', compute_capability: 7.2, memory_bytes: 8 * GIB };
const ampere = { architecture: 'Ampere', compute_capability: 8, memory_bytes: 40 * GIB };
const ada = { architecture: 'Ada', compute_capability: 8.9, memory_bytes: 24 * GIB };
const hopper = { architecture: 'Hopper', compute_capability: 9, memory_bytes: 80 * GIB };

const values = (said: Readonly<Partial<Record<SettingKey, Provenance['value']>>>) =>
  new Map(
    Object.entries({
      precision: 'fp16',
      batch_size: 16,
      gpu_inference_streams: 1,
      max_seq_length: 384,
      variable_length: false,
      ...said,
    }).map(([key, value]) => [key as SettingKey, { value }]),
  );

describe('number formats', () => {
  test.each([
    [
      'fp8',
      ampere,
      'precision fp8 needs compute capability 8.9 (Ada, Hopper), this is Ampere (compute capability 8.0); use fp16 or int8',
    ],
    [
      'bf16',
      turing,
      'precision bf16 needs compute capability 8.0, this is Turing (compute capability 7.5); use fp16',
    ],
    [
      'int8',
      volta,
      'precision int8 gains nothing on Volta (compute capability 7.0), which has no INT8 tensor cores; use fp16 for both accuracy targets',
    ],
    [
      'fp16',
      { architecture: 'Pascal', compute_capability: 6.1, memory_bytes: 16 * GIB },
      'precision fp16 needs tensor cores, Pascal (compute capability 6.1) has none; use fp32',
    ],
  ])('%s where it has no units is refused', (precision, gpu, message) => {
    expect(infeasible(values({ precision }), gpu)).toEqual([message]);
  });

  test.each([
    ['fp8', ada],
    ['fp8', hopper],
    ['bf16', ampere],
    ['int8', xavier],
    ['int8', turing],
    ['fp16', volta],
    ['fp32', volta],
  ])('%s is fine on %o', (precision, gpu) => {
    expect(infeasible(values({ precision }), gpu)).toEqual([]);
  });
});

test('variable length on Volta is refused, since its kernels refuse sm_70', () => {
  expect(infeasible(values({ variable_length: true }), volta)).toEqual([
    expect.stringContaining('use --no-variable_length (padded)'),
  ]);
  expect(infeasible(values({ variable_length: true }), xavier)).toEqual([]);
});

describe('memory', () => {
  test('a batch that cannot fit is refused with the batch that can', () => {
    const [message = ''] = infeasible(values({ batch_size: 4096, gpu_inference_streams: 2 }), turing);
    const [, most] = /use at most (\d+)/.exec(message) ?? [];
    expect(message).toMatch(
      /^batch_size 4096 with gpu_inference_streams 2 takes about \d+\.\d GiB \(estimated for BERT-Large\), the GPU has 16\.0 GiB; use at most \d+$/,
    );
    expect(infeasible(values({ batch_size: Number(most), gpu_inference_streams: 2 }), turing)).toEqual([]);
  });

  test('where even one sample is too much, that is said', () => {
    expect(infeasible(values({ batch_size: 1 }), { ...turing, memory_bytes: GIB / 4 })).toEqual([
      expect.stringContaining('even one sample does not fit'),
    ]);
    expect(largestBatch(values({}), { ...turing, memory_bytes: GIB / 4 })).toBe(0);
  });

  test('the estimate grows with batch, streams and width of the format, and with padding', () => {
    const base = estimatedBytes(values({}), 16);
    expect(estimatedBytes(values({}), 32)).toBeGreaterThan(base);
    expect(estimatedBytes(values({ gpu_inference_streams: 2 }), 16)).toBeGreaterThan(base);
    expect(estimatedBytes(values({ precision: 'fp32' }), 16)).toBe(2 * base);
    expect(estimatedBytes(values({ variable_length: true }), 16)).toBeLessThan(base);
  });

  test('the largest batch fits, and twice it does not, whatever the memory', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2 * GIB, max: 200 * GIB }),
        fc.constantFrom('fp32', 'fp16', 'int8'),
        fc.integer({ min: 1, max: 4 }),
        (memory_bytes, precision, streams) => {
          const gpu = { ...hopper, memory_bytes };
          const said = { precision, gpu_inference_streams: streams };
          const most = largestBatch(values(said), gpu);
          expect(infeasible(values({ ...said, batch_size: Math.max(1, most) }), gpu)).toHaveLength(
            most > 0 ? 0 : 1,
          );
          expect(infeasible(values({ ...said, batch_size: Math.max(1, 2 * most) }), gpu)).toHaveLength(1);
        },
      ),
      { seed: 20_260 },
    );
  });
});
