// The addon's pipeline without Node, over the fakes, under AddressSanitizer with UBSan and under ThreadSanitizer.

import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { repository, temporaryFolder } from '../../built.js';
import { makeParts, missingTools } from '../../fakes/native/native-parts.js';

const why = await missingTools();
const H100 = 'NVIDIA H100 80GB HBM3|9.0|80';

describe.skipIf(why !== undefined)(
  `the pipeline under sanitizers${why === undefined ? '' : ` (not tested: ${why})`}`,
  () => {
    describe.each(['address', 'thread'] as const)('%s', (variant) => {
      it.each([
        ['answers rightly on two GPUs, in every way to run', {}],
        ['ends in order when a GPU is lost', { FAKE_CUDA_LOST_AT: '40' }],
      ])(
        '%s',
        async (_what, environment) => {
          await makeParts(variant);
          const folder = join(repository, 'build/native-tests', variant);
          const result = await execa(
            join(folder, 'pipeline-check'),
            [join(folder, '10.16'), join(temporaryFolder(), 'plan')],
            {
              reject: false,
              all: true,
              timeout: 100_000,
              env: {
                LD_LIBRARY_PATH: join(folder, 'driver'),
                FAKE_CUDA_DEVICES: `${H100};${H100}`,
                // A lost GPU's memory cannot be given back.
                ASAN_OPTIONS: `detect_leaks=${'FAKE_CUDA_LOST_AT' in environment ? 0 : 1}`,
                ...environment,
              },
            },
          );
          expect({ said: result.all, exitCode: result.exitCode }).toEqual({ said: '', exitCode: 0 });
        },
        300_000,
      );
    });
  },
);
