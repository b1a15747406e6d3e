import { cpSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, SetupError } from '../../../configs/errors.js';
import { createSquadQsl, openQsl, type QslRequest } from '../../../harness/qsl/open-qsl.js';

let request: QslRequest;
beforeEach(() => {
  request = {
    dataFile: 'tests/fixtures/squad/small.json',
    vocabFile: 'data/models/minilm-qa/vocab.txt',
    cacheDir: mkdtempSync(join(tmpdir(), 'loadrig-qsl-')),
    maxSequenceLength: 384,
    docStride: 128,
    maxQueryLength: 64,
  };
});

describe('opening a data set', () => {
  it('gives what engines run and what scoring needs, and says where it comes from', async () => {
    const qsl = await openQsl(request);
    expect(qsl.name).toBe('small.json');
    expect(qsl.samples).toBe(qsl.features.samples);
    expect(qsl.samples.sampleCount).toBe(5);
    expect(qsl.questions).toHaveLength(5);
    expect(qsl.fromCache).toBe(false);
    for (const hash of [qsl.dataSha256, qsl.vocabSha256, qsl.featuresSha256]) {
      expect(hash).toMatch(/^[0-9a-f]{64}$/u);
    }
  });

  it('a second time takes the cache and gives the same', async () => {
    const first = await openQsl(request);
    const second = await openQsl(request);
    expect(second).toEqual({ ...first, fromCache: true });
  });

  it('eight times at once leaves one whole cache file', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => openQsl(request)));
    expect(new Set(all.map(({ featuresSha256 }) => featuresSha256)).size).toBe(1);
    expect(readdirSync(request.cacheDir)).toHaveLength(1);
    expect((await openQsl(request)).fromCache).toBe(true);
  });

  it('makes new features, saying so, when the data changed under its name', async () => {
    const dataFile = join(request.cacheDir, 'my.json');
    cpSync(request.dataFile, dataFile);
    await openQsl({ ...request, dataFile });
    writeFileSync(dataFile, ' ', { flag: 'a' });
    const lines: string[] = [];
    const { fromCache } = await openQsl({ ...request, dataFile, report: (line) => lines.push(line) });
    expect(fromCache).toBe(false);
    expect(lines).toHaveLength(1);
  });

  it('without any text is a config error', async () => {
    const dataFile = join(request.cacheDir, 'blank.json');
    const qas = [{ id: '1', question: 'What?', answers: [{ text: 'x' }] }];
    writeFileSync(dataFile, JSON.stringify({ data: [{ paragraphs: [{ context: '  ', qas }] }] }));
    await expect(openQsl({ ...request, dataFile })).rejects.toThrow(ConfigError);
  });

  it('that is not there is a setup error', async () => {
    await expect(openQsl({ ...request, dataFile: 'tests/no-such.json' })).rejects.toThrow(SetupError);
  });
});

describe("LoadGen's view of a data set", () => {
  it('has its name and counts', () => {
    expect(createSquadQsl('small.json', 5, 4)).toMatchObject({
      name: 'small.json',
      totalSampleCount: 5,
      performanceSampleCount: 4,
    });
  });

  it.each([['loadSamplesToRam'], ['unloadSamplesFromRam']] as const)(
    '%s takes any samples of it, also twice, and no others',
    (method) => {
      const qsl = createSquadQsl('small.json', 5, 5);
      expect(() => qsl[method](Int32Array.of(0, 4, 4))).not.toThrow();
      expect(() => qsl[method](Int32Array.of(0, 5))).toThrow(/small\.json: sample index 5 .* 0 … 4/u);
      expect(() => qsl[method](Int32Array.of(-1))).toThrow(RangeError);
    },
  );

  it.each([6, 0, -1, Number.NaN])('is a config error for %d samples of 5', (count) => {
    expect(() => createSquadQsl('small.json', 5, count)).toThrow(ConfigError);
    expect(() => createSquadQsl('small.json', 5, count)).toThrow(
      /performance_sample_count must be 1 to 5, the samples of small\.json/u,
    );
  });
});
