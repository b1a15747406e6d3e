// Suggestions help, and do not guess wildly.

import { expect, test } from 'vitest';
import { didYouMean, nearestWord } from '../../configs/did-you-mean.js';

const words = ['server_target_qps', 'offline_expected_qps', 'batch_size', 'fast', 'quick'];

test.each([
  ['server_target_qp', 'server_target_qps'],
  ['server-target-qsp', 'server_target_qps'],
  ['Batch_Sise', 'batch_size'],
  ['fats', 'fast'],
  ['kwick', 'quick'],
])('%s is meant to be %s', (word, nearest) => {
  expect(nearestWord(word, words)).toBe(nearest);
});

test.each(['x', 'precision', 'verbose', ''])('"%s" is like none of them', (word) => {
  expect(didYouMean(word, words)).toBe('');
});

test('the suggestion is written as the user would type it', () => {
  expect(didYouMean('fsat', words, '--')).toBe('; did you mean "--fast"?');
});
