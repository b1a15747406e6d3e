// The lengths of the default data's samples, one a line, for peers that take lengths alone: pytorch_bert.py.

import { openBenchData } from '../default-engine.js';

const { offsets, sampleCount } = (await openBenchData()).samples;
for (let sample = 0; sample < sampleCount; sample++)
  process.stdout.write(`${offsets[sample + 1]! - offsets[sample]!}\n`);
