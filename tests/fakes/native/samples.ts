// The data set of the addon's scenarios (makeSamples in tests/engines/tensorrt/addon-scenarios.mjs), for what they should answer.

import type { TokenizedSamples } from '../../../engines/contract.js';
import { expectedLogits } from './logits.js';

interface Scenarios {
  readonly makeSamples: () => TokenizedSamples;
}

// Named by a variable: TypeScript looks for no types of a .mjs file then.
const scenariosFile: string = '../../engines/tensorrt/addon-scenarios.mjs';
const scenarios = (await import(scenariosFile)) as Scenarios;
export const samples = scenarios.makeSamples();

/** Logits of samples, each in a list of its own. */
export const logitsOf = (indices: readonly number[]): number[][] =>
  indices.map((index) => [...expectedLogits(samples, index)]);
