// What makes the official LoadGen crash, hang or read out of bounds is refused with what to do.

import { describe, expect, it } from 'vitest';
import type { TestSettingsInput } from '../../configs/test-settings.js';
import { ConfigError } from '../../configs/errors.js';
import { createFakeClock } from '../fakes/fake-clock.js';
import { createFakeSut, createTinyQsl } from '../fakes/fake-suts.js';
import { runFailingTest } from '../fakes/run-test.js';

const noSamples = 'performanceSampleCount of tiny must be a whole number of 1 or more, got 0';
const cases: readonly (readonly [TestSettingsInput, number, string])[] = [
  [{ scenario: 'SingleStream' }, 0, noSamples],
  [{ scenario: 'Server', mode: 'AccuracyOnly' }, 0, noSamples],
  [{ sample_concatenate_permutation: true, performance_sample_count_override: 10 }, 0, noSamples],
  [
    { scenario: 'MultiStream', performance_issue_unique: true, sample_concatenate_permutation: true },
    64,
    'performance_issue_unique and sample_concatenate_permutation exclude each other in MultiStream',
  ],
  [
    { scenario: 'SingleStream', performance_issue_same: true, performance_issue_same_index: 64 },
    64,
    'performance_issue_same_index must be below the 64 loaded samples, got 64',
  ],
  [
    { scenario: 'MultiStream', performance_issue_same: true, performance_issue_same_index: 66 },
    64,
    'performance_issue_same_index must be below the 64 loaded samples, got 66',
  ],
  [
    { scenario: 'Offline', performance_issue_unique: true, performance_sample_count_override: 200 },
    64,
    'Offline would issue 200 different samples in a query, but only 100 are loaded',
  ],
];

describe('a test that cannot be run is refused, and its log says why', () => {
  it.each(cases)('%j with a set of %d', async (settings, performance, message) => {
    const clock = createFakeClock();
    const sut = createFakeSut({ clock });
    const { error, valuesOf } = await runFailingTest(sut, createTinyQsl(100, performance), settings, {
      clock,
    });
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain(message);
    expect(valuesOf('error_runtime')).toEqual([error.message]);
    expect(sut.calls).toEqual([]);
  });
});
