// A model that the settings of a GPU ask for and that is not there is told with every way on.

import { expect, test } from 'vitest';
import { SetupError } from '../../configs/errors.js';
import { refuseMissingModel, waysToModel } from '../../harness/missing-model.js';
import { parseFlags } from '../../harness/flags.js';
import { resolveFlags } from '../../harness/resolve-flags.js';
import { cpuMachine } from '../fakes/machines.js';

const configsOf = (...argv: readonly string[]) => {
  const line = parseFlags(argv);
  if (line.kind !== 'run') throw new Error('flags of a run');
  return resolveFlags(line.flags, { system: cpuMachine, useGpus: true }).configs;
};

test('a GPU system asks for BERT-Large, and says how to get it or do without', () => {
  const [config] = configsOf('--system=T4x8', '--scenarios=Offline');
  expect(config?.settings.model).toBe('data/models/mlperf-pytorch');
  // Here somebody may have fetched it.
  const absent = { ...config!, settings: { ...config!.settings, model: 'data/models/not-fetched' } };
  expect(() => refuseMissingModel([absent])).toThrow(SetupError);
  expect(() => refuseMissingModel([absent])).toThrow(
    'Offline: the model data/models/not-fetched is not there (configs/bert/Offline/gpus.json#gpu asks for it). `loadrig fetch not-fetched` loads it',
  );
});

test('the model that ships is there, and one that was typed is told of where it is read', () => {
  expect(() => refuseMissingModel(configsOf('--scenarios=Offline'))).not.toThrow();
  expect(() => refuseMissingModel(configsOf('--system=T4x8', '--model=data/models/minilm-qa'))).not.toThrow();
  expect(() => refuseMissingModel(configsOf('--model=no/such/folder'))).not.toThrow();
});

test("a folder of one's own is not called a preset", () => {
  expect(waysToModel('/mine/bert')).not.toContain('fetch bert');
  expect(waysToModel('/mine/bert')).toContain('--model=DIR');
});
