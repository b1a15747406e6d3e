// A model that the settings name and that is not there: a GPU's values are those of BERT-Large, which does not ship.

import { existsSync } from 'node:fs';
import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import { SetupError } from '../configs/errors.js';
import { inputPath } from './places.js';

/** What to do where a model's folder is not there. */
export const waysToModel = (model: string): string => {
  const preset = /^data\/models\/([\w.-]+)$/.exec(model)?.[1];
  const fetch =
    preset === undefined ? '' : `\`loadrig fetch ${preset}\` loads it (--dry_run shows from where); `;
  return (
    `${fetch}--model=DIR takes a checkpoint of your own; \`loadrig fetch synthetic-bert-large\` and ` +
    '--model=data/models/synthetic-bert-large measure speed with random weights; ' +
    '--model=data/models/minilm-qa is the small model that ships (its targets are measured).'
  );
};

/** @throws {SetupError} for a model that a file chose and that is not there; one that a person typed is told of where it is read. */
export function refuseMissingModel(configs: readonly BenchmarkConfig[]): void {
  for (const { settings, provenance, scenario } of configs) {
    const { model, engine } = settings;
    const origin = provenance['model']?.origin ?? 'default';
    if (engine === 'null' || origin === 'flag' || existsSync(inputPath(model))) continue;
    throw new SetupError(
      `${scenario}: the model ${model} is not there (${origin} asks for it). ${waysToModel(model)}`,
    );
  }
}
