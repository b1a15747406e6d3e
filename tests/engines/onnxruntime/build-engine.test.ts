// Engines in their folder: one build at a time, nothing half built, nothing stale, damage noticed in every file.

import { spawnSync } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { SetupError } from '../../../configs/errors.js';
import { buildEngine, type EngineFile } from '../../../engines/onnxruntime/build-engine.js';
import { optimizeGraph } from '../../../engines/onnxruntime/graph-optimization.js';
import { temporaryFolder } from '../../built.js';
import { tinyTensors, writeTinyBert } from '../../fakes/tiny-bert.js';

interface Shop {
  readonly enginesDir: string;
  readonly lines: string[];
  build(modelDir: string, precision?: 'fp32' | 'int8'): Promise<EngineFile>;
}

function createShop(): Shop {
  const enginesDir = temporaryFolder();
  const lines: string[] = [];
  return {
    enginesDir,
    lines,
    build: (modelDir, precision = 'int8') =>
      buildEngine({
        modelDir,
        precision,
        enginesDir,
        mayBuild: true,
        report: (line) => void lines.push(line),
      }),
  };
}

/** The id of a process that is no more. */
const deadProcess = (): number => spawnSync('true').pid;

describe('an engine folder', () => {
  const modelDir = writeTinyBert();

  it('is built by one of two who want it at the same time, and both get the same file', async () => {
    const shop = createShop();
    const files = await Promise.all([shop.build(modelDir), shop.build(modelDir)]);
    expect(files.map(({ built }) => built).sort()).toEqual([false, true]);
    expect(files[0].sha256).toBe(files[1].sha256);
    expect(shop.lines.filter((line) => line.startsWith('building'))).toHaveLength(1);
    expect(shop.lines.filter((line) => line.startsWith('waiting for another build'))).toHaveLength(1);
    expect(readdirSync(shop.enginesDir)).toHaveLength(1);
  });

  it('does not wait for a builder that was killed, and clears up after it', async () => {
    const shop = createShop();
    const { path } = await createShop().build(modelDir);
    const folder = join(shop.enginesDir, dirname(path).split('/').at(-1)!);
    writeFileSync(`${folder}.lock`, `${hostname()} ${deadProcess()}`);
    mkdirSync(`${folder}.tmp`);
    writeFileSync(join(`${folder}.tmp`, 'half'), 'an engi');
    expect((await shop.build(modelDir)).built).toBe(true);
    expect(readdirSync(shop.enginesDir)).toEqual([folder.split('/').at(-1)]);
    expect(readdirSync(folder).sort()).toEqual(['engine.json', 'engine.onnx', 'model.onnx']);
  });

  it('is another one for other weights and for another precision', async () => {
    const shop = createShop();
    const other = writeTinyBert(tinyTensors(8n));
    const files = [await shop.build(modelDir), await shop.build(other), await shop.build(modelDir, 'fp32')];
    expect(files.map(({ built }) => built)).toEqual([true, true, true]);
    expect(new Set(files.map(({ path }) => path)).size).toBe(3);
    expect((await shop.build(modelDir)).built).toBe(false);
  });

  it('says what it was built from, with the hash of every file', async () => {
    const { path, sha256, model_sha256 } = await createShop().build(modelDir);
    const sidecar: unknown = JSON.parse(readFileSync(join(dirname(path), 'engine.json'), 'utf8'));
    expect(sidecar).toMatchObject({
      built_from: { model_sha256, precision: 'int8', onnxruntime: '1.30.0' },
      sha256: { 'engine.onnx': sha256, 'model.onnx': expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    });
  });

  it('builds the same bytes each time', async () => {
    const [one, two] = [await createShop().build(modelDir), await createShop().build(modelDir)];
    const model = ({ path }: EngineFile): Buffer => readFileSync(join(dirname(path), 'model.onnx'));
    expect(model(one).equals(model(two))).toBe(true);
  });

  it('keeps the weights of a large model in files of their own, watched like the others', async () => {
    const shop = createShop();
    const { path, dataFiles } = await shop.build('data/models/minilm-qa', 'fp32');
    const folder = dirname(path);
    expect(readdirSync(folder).sort()).toEqual([
      expect.stringMatching(/^bert-fp32-[0-9a-f]{24}\.data$/),
      'engine.json',
      'engine.onnx',
      'model.data',
      'model.onnx',
    ]);
    const fd = openSync(dataFiles[0]!, 'r+');
    writeSync(fd, Uint8Array.of(1, 2, 3), 0, 3, 1_000_000);
    closeSync(fd);
    const again = await shop.build('data/models/minilm-qa', 'fp32');
    expect(again.built).toBe(true);
    expect(shop.lines.at(-1)).toMatch(/again, since bert-fp32-.*\.data has changed since it was built/);
  });
});

describe('a graph that ONNX Runtime refuses', () => {
  it('is a setup error with its reason', async () => {
    const folder = temporaryFolder();
    const model = join(folder, 'model.onnx');
    writeFileSync(model, 'no model at all');
    const optimize = (): Promise<void> => optimizeGraph(model, join(folder, 'engine.onnx'), undefined);
    await expect(optimize()).rejects.toThrow(SetupError);
    await expect(optimize()).rejects.toThrow(/could not optimise .*model\.onnx: .*[Pp]rotobuf/);
  });
});
