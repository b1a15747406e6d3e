import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ConfigError } from '../../../configs/errors.js';
import { profileText, readProfiles } from '../../../harness/build/profiles.js';
import { temporaryFolder } from '../../built.js';

const none = { batch_size: [], sequence_length: [], profiles: undefined };
const texts = (flags: Partial<Parameters<typeof readProfiles>[0]>, longest = 512) =>
  readProfiles({ ...none, ...flags }, longest).map(profileText);

it('every batch goes with every length', () => {
  expect(texts({ batch_size: [1, 8, 8], sequence_length: ['128', '32:64:384'] })).toEqual([
    'batch 1:1:1, length 1:128:128',
    'batch 1:8:8, length 1:128:128',
    'batch 1:1:1, length 32:64:384',
    'batch 1:8:8, length 32:64:384',
  ]);
});

it('without flags there is one, as long as SQuAD wants and the model has', () => {
  expect(texts({})).toEqual(['batch 1:1:1, length 1:384:384']);
  expect(texts({}, 128)).toEqual(['batch 1:1:1, length 1:128:128']);
});

it('a file says each of them', () => {
  const file = join(temporaryFolder(), 'profiles.json');
  const profile = { batch: { min: 1, opt: 4, max: 8 }, sequence: { min: 16, opt: 64, max: 128 } };
  writeFileSync(file, JSON.stringify([profile]));
  expect(texts({ profiles: file })).toEqual(['batch 1:4:8, length 16:64:128']);
  expect(() => texts({ profiles: file, batch_size: [1] })).toThrow(/leave out --batch_size/);
  writeFileSync(file, JSON.stringify([{ ...profile, batch: { min: 5, opt: 4, max: 8 } }]));
  expect(() => texts({ profiles: file })).toThrow(/batch 5:4:8: min \(5\) is greater than opt \(4\)/);
  writeFileSync(file, '[{"batch": 1}]');
  expect(() => texts({ profiles: file })).toThrow(/no list of profiles/);
});

it.each([
  [{ sequence_length: ['100:50:200'] }, /length 100:50:200: min \(100\) is greater than opt \(50\)/],
  [{ sequence_length: ['10:50:20'] }, /opt \(50\) is greater than max \(20\)/],
  [{ sequence_length: ['513'] }, /512 is the longest this model has/],
  [{ sequence_length: ['long'] }, /must be a length \(384\) or min:opt:max \(32:128:384\), got "long"/],
  [{ sequence_length: ['1:2'] }, /got "1:2"/],
  [{ batch_size: [0] }, /batch must be whole numbers of at least 1/],
  [{ batch_size: [1.5] }, /batch must be whole numbers of at least 1/],
  [{ batch_size: [5000] }, /at most 4096/],
  [{ batch_size: Array.from({ length: 65 }, (_unused, i) => i + 1) }, /65 profiles; at most 64/],
])('%j is refused', (flags, message) => {
  expect(() => texts(flags)).toThrow(ConfigError);
  expect(() => texts(flags)).toThrow(message);
});
