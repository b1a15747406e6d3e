// The names of --config_ver, their parts, and which blocks of a file hold for them.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blocksFor, configVerOf, configVers, variantOf } from '../../configs/variants.js';

test('a name and its parts say the same', () => {
  for (const ver of configVers) expect(configVerOf(variantOf(ver))).toBe(ver);
});

test.each([
  ['default', { accuracy_target: 'k_99', power_setting: 'MaxP', harness_type: 'custom' }],
  ['maxq_high_accuracy', { accuracy_target: 'k_99_9', power_setting: 'MaxQ', harness_type: 'custom' }],
  ['triton_unified', { accuracy_target: 'k_99', power_setting: 'MaxP', harness_type: 'triton_unified' }],
  ['hetero_high_accuracy', { accuracy_target: 'k_99_9', power_setting: 'MaxP', harness_type: 'hetero' }],
] as const)('%s is taken apart', (ver, parts) => {
  expect(variantOf(ver)).toEqual(parts);
});

test('parts that nobody has combined have no name', () => {
  expect(
    configVerOf({ accuracy_target: 'k_99', power_setting: 'MaxQ', harness_type: 'hetero' }),
  ).toBeUndefined();
});

describe('blocks of a file', () => {
  test('hold for every variant that has all their words, the stronger later', () => {
    expect(
      blocksFor('maxq_high_accuracy_triton', [
        'maxq_high_accuracy_triton',
        'default',
        'high_accuracy',
        'triton',
        'maxq',
        'hetero',
        'high_accuracy_triton',
        'triton_unified',
        'maxq_triton',
      ]),
    ).toEqual([
      'triton',
      'maxq',
      'high_accuracy',
      'maxq_triton',
      'high_accuracy_triton',
      'maxq_high_accuracy_triton',
    ]);
  });

  test('of default hold for all variants of the 99 % target, under every other block', () => {
    expect(blocksFor('maxq', ['maxq', 'default'])).toEqual(['default', 'maxq']);
    expect(blocksFor('high_accuracy', ['default', 'high_accuracy'])).toEqual(['high_accuracy']);
  });

  test('hold in one order, however a file lists them, with the variant itself last', () => {
    fc.assert(
      fc.property(fc.constantFrom(...configVers), fc.shuffledSubarray([...configVers]), (ver, given) => {
        const order = blocksFor(ver, given);
        expect(order).toEqual(blocksFor(ver, [...given].sort()));
        if (given.includes(ver)) expect(order.at(-1)).toBe(ver);
      }),
      { seed: 20_260 },
    );
  });
});
