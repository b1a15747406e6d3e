// The built graph against a plain forward pass, and the built engine file against damage.

import { appendFileSync, chmodSync, readdirSync, rmSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import '../../engines/onnxruntime/telemetry-off.js';
import { SetupError } from '../../configs/errors.js';
import { buildEngine, type EngineFile } from '../../engines/onnxruntime/build-engine.js';
import { openDirectSession } from '../../engines/onnxruntime/direct.js';
import { temporaryFolder } from '../built.js';
import { plainBert } from '../fakes/plain-bert.js';
import { tinyTensors, writeTinyBert } from '../fakes/tiny-bert.js';
import { unprivileged } from '../fakes/unprivileged.js';
import { tokenizedSamples } from '../fakes/tokenized-samples.js';

const modelDir = writeTinyBert();
const enginesDir = temporaryFolder();
const lines: string[] = [];
const build = (precision: 'fp32' | 'fp16' | 'int8', mayBuild = true): Promise<EngineFile> =>
  buildEngine({ modelDir, precision, enginesDir, mayBuild, report: (line) => void lines.push(line) });

async function logitsOf(
  precision: 'fp32' | 'fp16' | 'int8',
  ids: readonly number[],
  segmentStart: number,
): Promise<Float32Array> {
  const { path } = await build(precision);
  await using session = await openDirectSession(path, 1, 1);
  const [logits] = await session.run(tokenizedSamples([{ ids, segmentStart }]));
  return logits!;
}

describe('the engine of a tiny BERT', () => {
  const ids = [2, 9, 14, 30, 3, 5, 6, 7, 22, 3];
  const expected = plainBert(tinyTensors(), ids, 5);

  it.each([
    ['fp32', 1e-4],
    ['fp16', 5e-3],
    ['int8', 0.15],
  ] as const)('in %s answers like a plain forward pass within %d', async (precision, tolerance) => {
    const got = await logitsOf(precision, ids, 5);
    expect(got).toHaveLength(ids.length * 2);
    for (const [place, value] of got.entries())
      expect(Math.abs(value - expected[place]!)).toBeLessThan(tolerance);
  });
});

describe('an engine file', () => {
  beforeAll(async () => {
    await build('fp32');
  });

  it('is built once while nothing changes', async () => {
    expect((await build('fp32')).built).toBe(false);
  });

  it('that was damaged is noticed and built again, saying so', async () => {
    const { path } = await build('fp32');
    appendFileSync(path, 'x');
    lines.length = 0;
    const again = await build('fp32');
    expect(again.built).toBe(true);
    expect(lines.join('\n')).toMatch(/engine\.onnx has changed since it was built/);
    expect((await build('fp32')).built).toBe(false);
  });

  it('that lost a part is noticed', async () => {
    const { path } = await build('fp32');
    rmSync(join(path, '..', 'engine.json'));
    lines.length = 0;
    expect((await build('fp32')).built).toBe(true);
    expect(lines.join('\n')).toContain('engine.json cannot be read');
  });

  it('that is missing and may not be built is an error that says how to build it', async () => {
    const request = {
      modelDir,
      precision: 'fp32',
      enginesDir: temporaryFolder(),
      mayBuild: false,
      report: () => undefined,
    } as const;
    await expect(buildEngine(request)).rejects.toThrow(SetupError);
    await expect(buildEngine(request)).rejects.toThrow(/make generate_engines/);
  });

  it('leaves nothing but whole engines behind', async () => {
    await build('int8');
    expect(readdirSync(enginesDir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('that cannot be written is a setup error', async () => {
    const request = {
      modelDir,
      precision: 'fp32',
      enginesDir: join(modelDir, 'vocab.txt'),
      mayBuild: true,
      report: () => undefined,
    } as const;
    await expect(buildEngine(request)).rejects.toThrow(SetupError);
  });

  it('that may not be written is a setup error that names the folder', async () => {
    const mayRead = writeTinyBert();
    for (const name of ['', ...readdirSync(mayRead)]) chmodSync(join(mayRead, name), 0o755);
    const closed = temporaryFolder(); // 0700: closed to others
    chmodSync(closed, 0o500);
    const request = { modelDir: mayRead, precision: 'fp32', enginesDir: closed, mayBuild: true } as const;
    await unprivileged(async () => {
      const refused = () => buildEngine({ ...request, report: () => undefined });
      await expect(refused()).rejects.toThrow(SetupError);
      await expect(refused()).rejects.toThrow(closed);
    });
    chmodSync(closed, 0o700);
    expect(readdirSync(closed)).toEqual([]);
  });
});

describe('the default model in fp32', () => {
  interface Golden {
    readonly features: readonly {
      readonly input_ids: readonly number[];
      readonly segment_ids: readonly number[];
      readonly start_logits: readonly number[];
      readonly end_logits: readonly number[];
    }[];
  }

  it('gives the reference logits', async () => {
    const golden = JSON.parse(readFileSync('data/models/minilm-qa/golden.json', 'utf8')) as Golden;
    const { path } = await buildEngine({
      modelDir: 'data/models/minilm-qa',
      precision: 'fp32',
      enginesDir: temporaryFolder(),
      mayBuild: true,
      report: () => undefined,
    });
    const features = golden.features.slice(0, 5);
    const samples = tokenizedSamples(
      features.map(({ input_ids, segment_ids }) => ({
        ids: input_ids,
        segmentStart: segment_ids.indexOf(1),
      })),
    );
    await using session = await openDirectSession(path, 1, 2);
    const answers = await session.run(samples);
    for (const [sample, { start_logits, end_logits }] of features.entries()) {
      const logits = answers[sample]!;
      for (const [token, start] of start_logits.entries()) {
        expect(Math.abs(logits[2 * token]! - start)).toBeLessThan(1e-3);
        expect(Math.abs(logits[2 * token + 1]! - end_logits[token]!)).toBeLessThan(1e-3);
      }
    }
  });
});
