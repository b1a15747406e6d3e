// The parts of a call that prepare and stop: preprocess_data and generate_engines.

import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import type { Action } from '../configs/selection.js';
import { generateEngine } from '../engines/index.js';
import type { Call } from './call.js';
import { engineRequest } from './engine-request.js';
import { openDataset } from './qsl/open-dataset.js';

/** Makes what the configurations need, each once, and stops. */
export async function prepareOnly(
  action: Action,
  configs: readonly BenchmarkConfig[],
  call: Call,
): Promise<void> {
  for (const config of configs) {
    switch (action) {
      case 'preprocess_data': {
        const { samples, fromCache } = await openDataset(config, call);
        call.say(
          `${config.settings.data}: ${samples.sampleCount} samples, ${fromCache ? 'from the cache' : 'preprocessed'}`,
        );
        break;
      }
      case 'generate_engines':
        await generateEngine(engineRequest(config, call));
        break;
      case 'run':
      case 'run_harness':
        throw new Error(`${action} does more than prepare`);
    }
  }
}
