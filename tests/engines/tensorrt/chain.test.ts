// The whole engine on the real addon over fake CUDA and TensorRT: every scenario answers every sample, and rightly.

import { beforeAll, describe, expect, it } from 'vitest';
import type { Spread } from '../../../harness/bench/table.js';
import { makeParts, missingTools, parts } from '../../fakes/native/native-parts.js';
import { runScenario } from '../../fakes/native/run-scenario.js';
import { tinyTensors, wideHeadConfig, writeTinyBert } from '../../fakes/tiny-bert.js';

const file = new URL('./chain-scenarios.mjs', import.meta.url);
const why = await missingTools();

interface Result {
  readonly scenario: string;
  readonly threads: number;
  readonly errors: readonly string[];
  readonly answers: number;
  readonly right: number;
  readonly form: string;
  readonly graph_launches: number;
  readonly batches: number;
  readonly logit_cosine: number;
}

describe.skipIf(why !== undefined)(
  `the engine on the addon${why === undefined ? '' : ` (not tested: ${why})`}`,
  () => {
    beforeAll(() => makeParts(), 300_000);
    const modelDir = writeTinyBert(tinyTensors(7n, wideHeadConfig), wideHeadConfig);

    it.each([
      ['packed, with CUDA graphs', { form: 'packed', useGraphs: true, gpus: 1 }, '10.16'],
      ['packed, with TensorRT 11', { form: 'packed', useGraphs: false, gpus: 1 }, '11.4'],
      [
        'packed, by the attention layer of TensorRT 11',
        { form: 'packed', attention: 'attention_layer', useGraphs: true, gpus: 1 },
        '11.4',
      ],
      ['padded, on two GPUs', { form: 'padded', useGraphs: false, gpus: 2 }, '10.16'],
    ] as const)(
      'answers every sample of every scenario: %s',
      async (_how, args, release) => {
        const folder = parts.libraries(release);
        const FAKE_CUDA_DEVICES = Array.from(
          { length: args.gpus },
          () => 'NVIDIA H100 80GB HBM3|9.0|80',
        ).join(';');
        const environment = { FAKE_CUDA_DEVICES, TENSORRT_ADDON: parts.addon };
        const { value, error, exitCode } = await runScenario(
          file,
          'everyScenario',
          { folder, modelDir, ...args },
          { environment },
        );
        expect(error).toBeUndefined();
        expect(exitCode).toBe(0);
        const results = value as readonly Result[];
        expect(results.map(({ scenario, threads }) => `${scenario} ${threads}`)).toEqual([
          'SingleStream 0',
          'MultiStream 0',
          'Server 0',
          'Offline 0',
          'Server 2',
        ]);
        for (const { errors, answers, right, form, graph_launches, batches, logit_cosine } of results) {
          expect(errors).toEqual([]);
          expect(answers).toBeGreaterThanOrEqual(30);
          expect(right).toBe(answers);
          expect(form).toBe(args.form);
          expect(logit_cosine).toBe(1);
          expect(graph_launches).toBe(args.useGraphs ? batches : 0);
        }
      },
      60_000,
    );

    it.each([
      ['Offline over its own batches', { isOffline: true, form: 'packed', useGraphs: false }, 'ratio'],
      ['SingleStream', { isOffline: false, form: 'padded', useGraphs: true }, 'added'],
    ] as const)(
      'measures LoadGen beside the closed loop on one open engine: %s',
      async (_what, args, difference) => {
        const { value, error, cuda } = await runScenario(
          file,
          'byTurns',
          { folder: parts.libraries('10.16'), modelDir, ...args },
          { environment: { TENSORRT_ADDON: parts.addon } },
        );
        expect(error).toBeUndefined();
        const row = value as Readonly<Record<string, unknown>>;
        expect(row['rounds']).toBe(3);
        for (const key of ['bare', 'loadgen', difference]) {
          const { min, median, max } = row[key] as Spread;
          expect(min).toBeLessThanOrEqual(median);
          expect(median).toBeLessThanOrEqual(max);
        }
        expect((row['loadgen'] as Spread).min).toBeGreaterThan(0);
        // Everything that was opened for it is closed again.
        expect(Object.values(cuda!.live).every((count) => count === 0)).toBe(true);
      },
      60_000,
    );
  },
);
