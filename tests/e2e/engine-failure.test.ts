// A worker that breaks in the middle of a run, on real threads: the run ends with its error, its logs stay readable.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import '../../engines/onnxruntime/telemetry-off.js';
import { testSettings } from '../../configs/test-settings.js';
import type { EngineRequest } from '../../engines/contract.js';
import { logSettings } from '../../scenarios/logs/log-files.js';
import { importBuilt, temporaryFolder } from '../built.js';
import { writeTinyBert } from '../fakes/tiny-bert.js';
import { tokenizedSamples } from '../fakes/tokenized-samples.js';

const NO_SUCH_TOKEN = 9_999;

describe('an engine worker that throws inside an inference', () => {
  it.each(['Offline', 'Server', 'SingleStream'] as const)('ends a run of %s at once', async (scenario) => {
    // The bad sample is neither the longest nor in the middle, so the warm-up does not meet it.
    const samples = tokenizedSamples(
      Array.from({ length: 12 }, (_unused, i) => ({
        ids: [2, 5, 3, ...(i === 0 ? [8, 9, 10, 3] : [6, i === 9 ? NO_SUCH_TOKEN : 7, 3])],
        segmentStart: 3,
      })),
    );
    const request: EngineRequest = {
      engine: 'onnxruntime',
      precision: 'fp32',
      batch_size: 1,
      instances: 2,
      threads_per_instance: 1,
      scenario,
      modelDir: writeTinyBert(),
      enginesDir: temporaryFolder(),
      mayBuild: true,
      report: () => undefined,
    };
    const engines = await importBuilt<typeof import('../../engines/index.js')>('engines/index.js');
    const threads =
      await importBuilt<typeof import('../../harness/driver-thread.js')>('harness/driver-thread.js');
    const folder = temporaryFolder();
    await using engine = await engines.startEngine(request, samples);
    await using driver = await threads.startDriverThread(engine, {
      qsl: { name: 'tiny', totalSampleCount: 12, performanceSampleCount: 12 },
      program: { name: 'loadrig', version: 'test' },
    });
    const running = driver.run({
      settings: testSettings({
        scenario,
        min_query_count: 200,
        min_duration_ms: 100,
        server_target_qps: 500,
      }),
      logSettings: logSettings(folder),
      rules: 'v4.1',
      stallTimeoutMs: 20_000,
    });
    await expect(running).rejects.toThrow(/engine worker \d failed: .*(indices|out of)/s);
    await expect(running).rejects.toMatchObject({ name: 'RunError' });
    const detail = readFileSync(join(folder, 'mlperf_log_detail.txt'), 'utf8').trimEnd().split('\n');
    for (const line of detail)
      expect(() => JSON.parse(line.replace(/^:::MLLOG /, '')) as unknown).not.toThrow();
    expect(detail.join('\n')).toContain('the engine broke');
    expect(JSON.parse(readFileSync(join(folder, 'mlperf_log_accuracy.json'), 'utf8'))).toEqual([]);
  });
});
