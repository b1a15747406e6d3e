// The data set of the examples, in memory: short passages, and the longest word of each as the answer.
// @ts-check

const passages = [
  'the river carries the timber down to the harbour',
  'a clock that is never wound is right twice a day',
  'nothing travels faster than a rumour in a small town',
  'the lighthouse keeper counted the ships every morning',
  'bread needs flour water salt and a good deal of patience',
];

/** The samples: enough that no two neighbours are alike. */
export const samples = Array.from(
  { length: 200 },
  (_unused, i) => `${passages[i % 5]} ${'abcdefgh'.repeat(i % 3)}`,
);

/** The work of every example: the longest word of a passage, as bytes. @param {number} index */
export function answer(index) {
  const words = (samples[index] ?? '').split(' ');
  return new TextEncoder().encode(
    words.reduce((longest, word) => (word.length > longest.length ? word : longest)),
  );
}

/** @type {import('loadrig').QuerySampleLibrary} */
export const library = {
  name: 'passages',
  totalSampleCount: samples.length,
  performanceSampleCount: samples.length,
  loadSamplesToRam() {}, // all of them are there already
  unloadSamplesFromRam() {},
};
