// What every engine promises, run through the compiled program: its workers are threads.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../engines/onnxruntime/telemetry-off.js';
import type { Engine, EngineRequest } from '../../engines/contract.js';
import type { SystemUnderTest } from '../../scenarios/contract.js';
import { scenarios } from '../../configs/test-settings.js';
import { importBuilt, temporaryFolder } from '../built.js';
import { createTinyQsl } from '../fakes/fake-suts.js';
import { runTest, runTestWith } from '../fakes/run-test.js';
import { writeTinyBert } from '../fakes/tiny-bert.js';
import { tokenizedSamples } from '../fakes/tokenized-samples.js';

// Twenty samples of five lengths, so that batches of equal length exist.
const samples = tokenizedSamples(
  Array.from({ length: 20 }, (_unused, i) => ({
    ids: [2, ...Array.from({ length: 4 + (i % 5) * 7 }, (_none, j) => 4 + ((i + j) % 26)), 3],
    segmentStart: 3,
  })),
);
const lengthOf = (index: number): number => samples.offsets[index + 1]! - samples.offsets[index]!;

const request: Omit<EngineRequest, 'engine'> = {
  precision: 'int8',
  batch_size: 4,
  instances: 2,
  threads_per_instance: 1,
  scenario: 'Offline',
  modelDir: writeTinyBert(),
  enginesDir: temporaryFolder(),
  mayBuild: true,
  report: () => undefined,
};

describe.each([
  ['null', () => 8],
  ['onnxruntime', (index: number) => lengthOf(index) * 8],
] as const)('the %s engine', (name, responseBytes) => {
  let engine: Engine;
  let sut: SystemUnderTest;
  beforeAll(async () => {
    const engines = await importBuilt<typeof import('../../engines/index.js')>('engines/index.js');
    engine = await engines.startEngine({ ...request, engine: name }, samples);
    sut = await engines.connectSut(engine.sutSpec);
  });
  afterAll(async () => {
    for (const port of engine.sutSpec.ports) port.close();
    await engine.close();
  });

  it.each(scenarios)(
    'answers every sample of %s once, each with a response of the right size',
    async (scenario) => {
      const { accuracy, result } = await runTest(sut, createTinyQsl(20, 20), {
        scenario,
        mode: 'AccuracyOnly',
        server_target_qps: 2000,
        multi_stream_samples_per_query: 4,
      });
      expect(new Set(accuracy.map(({ qsl_idx }) => qsl_idx)).size).toBe(20);
      for (const { qsl_idx, data } of accuracy) expect(data).toHaveLength(responseBytes(qsl_idx) * 2);
      expect(result.errors).toEqual([]);
    },
  );

  it('answers every sample once when threads issue in turns', async () => {
    const { startTest } = await importBuilt<typeof import('../../scenarios/index.js')>('scenarios/index.js');
    const { accuracy, result } = await runTestWith(
      startTest,
      sut,
      createTinyQsl(20, 20),
      {
        scenario: 'Server',
        mode: 'AccuracyOnly',
        server_target_qps: 2000,
        server_num_issue_query_threads: 2,
        server_coalesce_queries: true,
      },
      { selfTest: false },
    );
    expect(result.errors).toEqual([]);
    expect(accuracy.map(({ qsl_idx }) => qsl_idx).sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
    for (const { qsl_idx, data } of accuracy) expect(data).toHaveLength(responseBytes(qsl_idx) * 2);
  });

  it('gives the same answers whatever the scenario and the batch', async () => {
    const answers = async (scenario: (typeof scenarios)[number]): Promise<unknown> => {
      const { accuracy } = await runTest(sut, createTinyQsl(20, 20), {
        scenario,
        mode: 'AccuracyOnly',
        server_target_qps: 2000,
      });
      return accuracy.filter(({ qsl_idx }) => qsl_idx === 3).map(({ data }) => data.length);
    };
    expect(await answers('Offline')).toEqual(await answers('SingleStream'));
  });

  it('runs phase after phase on the same sessions', async () => {
    for (let round = 0; round < 3; round++) {
      const { result } = await runTest(sut, createTinyQsl(20, 20), {
        scenario: 'Offline',
        min_query_count: 50,
        min_duration_ms: 0,
      });
      expect(result.results?.sampleCount).toBe(50);
    }
  });

  it('tells what it is', () => {
    expect(engine.facts.engine).toBe(name);
    expect(engine.facts.runtime).not.toBe('');
  });
});

describe('an engine that is asked to close', () => {
  it('closes once all threads are done, and closing again does no harm', async () => {
    const { startEngine } = await importBuilt<typeof import('../../engines/index.js')>('engines/index.js');
    const engine = await startEngine({ ...request, engine: 'onnxruntime' }, samples);
    await engine.close();
    await engine.close();
    for (const port of engine.sutSpec.ports) port.close();
    expect(await Promise.race([engine.failure.catch(() => 'failed'), Promise.resolve('quiet')])).toBe(
      'quiet',
    );
  });
});

describe('an engine that nobody knows', () => {
  it('is refused with the list of those that exist', async () => {
    const { startEngine } = await importBuilt<typeof import('../../engines/index.js')>('engines/index.js');
    await expect(startEngine({ ...request, engine: 'tensorflow' }, samples)).rejects.toThrow(
      /unknown engine "tensorflow"; there are: onnxruntime, tensorrt, null/,
    );
  });
});
