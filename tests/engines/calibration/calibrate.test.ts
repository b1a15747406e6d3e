// Calibration of a tiny BERT: found again by what it was made of, refused for anything else; sensitivity and what is kept.

import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { ConfigError, SetupError } from '../../../configs/errors.js';
import { openCheckpoint, type BertCheckpoint } from '../../../engines/bert/checkpoint.js';
import { placements, type GraphOptions } from '../../../engines/bert/graph-options.js';
import { calibrate, type FoundCalibration } from '../../../engines/calibration/calibrate.js';
import type { CalibrationData } from '../../../engines/calibration/calibration-data.js';
import { quantizationPlaces } from '../../../engines/bert/quantization-places.js';
import { findCalibration, rangesOf } from '../../../engines/calibration/calibration-file.js';
import { rangeChoices, type RangeChoice } from '../../../engines/calibration/candidates.js';
import { referenceLogits } from '../../../engines/calibration/choose-ranges.js';
import { openGraphSession } from '../../../engines/calibration/graph-session.js';
import { keepForRatio, measureSensitivity } from '../../../engines/calibration/sensitivity.js';
import { buildBertGraph } from '../../../engines/bert/graph.js';
import { temporaryFolder } from '../../built.js';
import { tinyTensors, writeTinyBert } from '../../fakes/tiny-bert.js';
import { unprivileged } from '../../fakes/unprivileged.js';
import { tokenizedSamples } from '../../fakes/tokenized-samples.js';

const modelDir = writeTinyBert();
const otherDir = writeTinyBert(tinyTensors(8n));
let checkpoint: BertCheckpoint;
let other: BertCheckpoint;
beforeAll(() => {
  checkpoint = openCheckpoint(modelDir);
  other = openCheckpoint(otherDir);
});
afterAll(() => {
  checkpoint[Symbol.dispose]();
  other[Symbol.dispose]();
});

const samples = tokenizedSamples(
  Array.from({ length: 6 }, (_unused, sample) => ({
    ids: Array.from({ length: 8 + sample }, (_none, i) => (i === 0 ? 2 : 4 + ((i * 7 + sample) % 30))),
    segmentStart: 4,
  })),
);
/** 100 less the logits' distance from the reference: a score that every loss shows in. */
const scoreAgainst =
  (reference: () => readonly Float32Array[]) =>
  (logits: readonly Float32Array[]): number => {
    let sum = 0;
    for (const [i, each] of logits.entries())
      for (const [j, value] of each.entries()) sum += Math.abs(value - reference()[i]![j]!);
    return 100 - sum;
  };
const dataOf = (isEvaluation = false): CalibrationData => ({
  samples,
  slice: [0, 1, 2, 3],
  scoreSlice: () => 50,
  source: {
    name: 'text.json',
    sha256: 'd'.repeat(64),
    seed: '1',
    question_count: 6,
    max_seq_length: 64,
    doc_stride: 16,
    max_query_length: 8,
    is_evaluation_data: isEvaluation,
  },
});

function calibrateTiny(
  cacheDir: string,
  more: {
    readonly model?: BertCheckpoint;
    readonly method?: RangeChoice | 'best';
    readonly file?: string;
    readonly data?: CalibrationData;
  } = {},
): Promise<FoundCalibration> {
  return calibrate({
    checkpoint: more.model ?? checkpoint,
    data: more.data ?? dataOf(),
    method: more.method ?? 'max',
    cacheDir,
    ...(more.file === undefined ? {} : { file: more.file }),
    threads: 1,
    report: () => undefined,
  });
}

describe('a calibration', () => {
  it('is made once for a model, its data and its method, and again for another of them', async () => {
    const folder = temporaryFolder();
    expect((await calibrateTiny(folder)).made).toBe(true);
    expect((await calibrateTiny(folder)).made).toBe(false);
    expect((await calibrateTiny(folder, { method: 'mse' })).made).toBe(true);
    expect((await calibrateTiny(folder, { model: other })).made).toBe(true);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it('holds by max what the model really computes', async () => {
    const { calibration } = await calibrateTiny(temporaryFolder());
    const ranges = rangesOf(calibration);
    const graph = buildBertGraph(checkpoint, { precision: 'fp32', observe: true });
    await using session = await openGraphSession(graph, { threads: 1 });
    for (const place of ['layer.1.ffn_gelu', 'layer.0.query', 'layer.1.ffn_residual']) {
      const extremes = { min: Infinity, max: -Infinity };
      for (let index = 0; index < samples.sampleCount; index++) {
        const name = `observed.${place}`;
        for (const value of (await session.run(samples, index, [name]))[name]!) {
          extremes.min = Math.min(extremes.min, value);
          extremes.max = Math.max(extremes.max, value);
        }
      }
      expect(ranges.get(place), place).toEqual(extremes);
    }
  });

  it('of another model, of other data or another method is refused, naming what differs', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'ranges.json');
    await calibrateTiny(folder, { file });
    await expect(calibrateTiny(folder, { file, model: other })).rejects.toThrow(ConfigError);
    await expect(calibrateTiny(folder, { file, model: other })).rejects.toThrow(
      /model_sha256: [0-9a-f]{64}, wanted/,
    );
    await expect(calibrateTiny(folder, { file, method: 'mse' })).rejects.toThrow(/method: max, wanted mse/);
    const { source, ...rest } = dataOf();
    const data = { ...rest, source: { ...source, seed: '2' } };
    await expect(calibrateTiny(folder, { file, data })).rejects.toThrow(/data\.seed: 1, wanted 2/);
  });

  it('that cannot be read or written is refused by its name', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'ranges.json');
    writeFileSync(file, '{"ranges": 1}');
    await expect(calibrateTiny(folder, { file })).rejects.toThrow(
      /ranges\.json: not a calibration of loadrig/,
    );
    const noFolder = join(modelDir, 'vocab.txt');
    await expect(calibrateTiny(noFolder)).rejects.toThrow(SetupError);
    await expect(calibrateTiny(noFolder)).rejects.toThrow(/--calib_path/);
    chmodSync(folder, 0o500);
    await unprivileged(() =>
      expect(calibrateTiny(folder)).rejects.toThrow(/cannot write the calibration .*EACCES.*--calib_path/),
    );
    chmodSync(folder, 0o700);
    expect(readdirSync(folder)).toEqual(['ranges.json']);
  });

  it('with the evaluation data carries a warning', async () => {
    const { calibration, path } = await calibrateTiny(temporaryFolder(), { data: dataOf(true) });
    expect(calibration.warnings.join()).toMatch(/the data that accuracy is measured with/);
    expect(readFileSync(path, 'utf8')).toContain('flatters');
  });

  it('is found by its model, in the cache or in the folder of the model', async () => {
    const folder = temporaryFolder();
    const { path } = await calibrateTiny(folder);
    expect(findCalibration(folder, modelDir, checkpoint.model_sha256)).toBeDefined();
    expect(findCalibration(folder, otherDir, other.model_sha256)).toBeUndefined();
    const model = temporaryFolder();
    writeFileSync(join(model, 'calibration.json'), readFileSync(path));
    expect(findCalibration(temporaryFolder(), model, checkpoint.model_sha256)).toBeDefined();
    expect(findCalibration(temporaryFolder(), model, other.model_sha256)).toBeUndefined();
    writeFileSync(path, readFileSync(path, 'utf8').replace('"kept"', '"once_kept"'));
    expect(findCalibration(folder, modelDir, checkpoint.model_sha256)).toBeUndefined();
  });

  it('by the best method keeps the ranges that moved the logits least, and says what it tried', async () => {
    const { calibration } = await calibrateTiny(temporaryFolder(), { method: 'best' });
    const full = calibration.tried.filter(({ places }) => places === 'full');
    expect(full.map(({ method }) => method).sort()).toEqual(['mixture', ...rangeChoices].sort());
    const least = full.reduce((best, each) => (each.logit_error < best.logit_error ? each : best));
    expect(calibration.chosen.method).toBe(least.method);
  });
});

it('the default model brings its own, with which its attention stays in higher precision', () => {
  using model = openCheckpoint('data/models/minilm-qa');
  const found = findCalibration(temporaryFolder(), 'data/models/minilm-qa', model.model_sha256)?.calibration;
  expect(found?.key.data).toMatchObject({ name: 'calibration.json', is_evaluation_data: false });
  expect(found?.kept).toContain('layer.5.probabilities');
  expect(rangesOf(found!).size).toBe(6 * (quantizationPlaces.length + 4));
});

describe('sensitivity', () => {
  const options: GraphOptions = { precision: 'int8-dynamic', storedWeights: 'int7' };

  it('tells for each group of each layer what it alone costs, the worst first', async () => {
    const reference = await referenceLogits(checkpoint, dataOf(), 1);
    const data = { ...dataOf(), scoreSlice: scoreAgainst(() => reference) };
    const request = { checkpoint, options, data, reference, threads: 1, report: () => undefined };
    const result = await measureSensitivity(request);
    expect(result.map(({ group }) => group).sort()).toEqual(
      [0, 1].flatMap((layer) =>
        ['attention', 'attention_output', 'feed_forward'].map((part) => `layer.${layer}.${part}`),
      ),
    );
    const errors = result.map(({ logit_error }) => logit_error);
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    for (const { f1_change, logit_error } of result) {
      expect(f1_change).toBeLessThan(0);
      expect(logit_error).toBeGreaterThan(0);
    }
  });

  it('keeps groups, the worst first, until the ratio holds, and none where it held before', async () => {
    const reference = await referenceLogits(checkpoint, dataOf(), 1);
    const data = { ...dataOf(), scoreSlice: scoreAgainst(() => reference) };
    const request = { checkpoint, options, data, reference, threads: 1, report: () => undefined };
    const sensitivity = await measureSensitivity(request);
    const none = await keepForRatio(request, 0.1, () => Promise.resolve(sensitivity));
    expect(none).toMatchObject({ kept_groups: [], holds: true });
    const half = await keepForRatio(request, (none.f1 + 100) / 200, () => Promise.resolve(sensitivity));
    expect(half.holds).toBe(true);
    expect(half.kept_groups.length).toBeGreaterThan(0);
    expect(half.kept_groups.length).toBeLessThan(6);
    expect(half.kept_groups[0]).toBe(sensitivity[0]!.group);
    const all = await keepForRatio(request, 1, () => Promise.resolve(sensitivity));
    expect(all).toMatchObject({ holds: true, f1: 100 });
    expect(all.kept_groups).toHaveLength(6);
  });
});

it('a quantised graph emulated computes with rounded values and real products', async () => {
  const { calibration } = await calibrateTiny(temporaryFolder());
  const graph = buildBertGraph(checkpoint, {
    precision: 'int8',
    quantization: { ranges: rangesOf(calibration), placement: placements.full, weights: 'int8' },
  });
  const logits = async (emulateQuantization: boolean) => {
    await using session = await openGraphSession(graph, { threads: 1, emulateQuantization });
    return (await session.run(samples, 0, ['logits']))['logits']!;
  };
  const emulated = await logits(true);
  expect(emulated.every((value) => Number.isFinite(value))).toBe(true);
  expect(emulated).toHaveLength(16);
});
