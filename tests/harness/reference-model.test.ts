import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../configs/errors.js';
import { readReferenceModel } from '../../harness/reference-model.js';

let folder: string;
const write = (content: unknown): void =>
  writeFileSync(
    join(folder, 'metrics.json'),
    typeof content === 'string' ? content : JSON.stringify(content),
  );
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loadrig-reference-'));
});

const metrics = { model_sha256: 'abc', data_set: 'x.json (3 questions)', exact_match: 50, f1: 60 };

describe('the reference figures of a model', () => {
  it('are used for exactly their model and data set', () => {
    write(metrics);
    expect(readReferenceModel(folder, 'abc', 'data/x.json')).toMatchObject({ exact_match: 50, f1: 60 });
    expect(readReferenceModel(folder, 'abd', 'data/x.json')).toBeUndefined();
    expect(readReferenceModel(folder, 'abc', 'data/y.json')).toBeUndefined();
  });

  it('are missing for a model without metrics.json', () => {
    expect(readReferenceModel(folder, 'abc', 'x.json')).toBeUndefined();
  });

  it.each([['{'], [{ ...metrics, f1: 'high' }]])(
    'that cannot be read are an error that names the file: %j',
    (content) => {
      write(content);
      expect(() => readReferenceModel(folder, 'abc', 'x.json')).toThrow(ConfigError);
      expect(() => readReferenceModel(folder, 'abc', 'x.json')).toThrow(/metrics\.json/);
    },
  );

  it('of the default model are there for the default data', () => {
    expect(readReferenceModel('data/models/minilm-qa', null, 'data/squad/xquad.en.json')?.f1).toBeCloseTo(
      72.389,
      3,
    );
  });
});
