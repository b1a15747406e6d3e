// The driver's thread: connects the engine's SUT and runs LoadGen on it, once per 'run' message.
// While a run is on, this thread blocks on shared memory; it hears the main thread through `control` only.

import { parentPort, workerData } from 'node:worker_threads';
import { connectSut } from '../engines/index.js';
import { startTest } from '../scenarios/start-test.js';
import type { DriverData, FromDriver, ToDriver } from './driver-protocol.js';
import { toErrorMessage } from './error-message.js';
import { createSquadQsl } from './qsl/open-qsl.js';

const port = parentPort;
if (port === null) throw new Error('driver-worker.js runs as a worker thread only');

const { sutSpec, qsl, program, control } = workerData as DriverData;
const tell = (message: FromDriver): void => port.postMessage(message);
const library = createSquadQsl(qsl.name, qsl.totalSampleCount, qsl.performanceSampleCount);

try {
  const sut = await connectSut(sutSpec);
  port.on('message', (message: ToDriver) => {
    switch (message.type) {
      case 'run':
        void run(message);
        break;
      case 'close':
        port.close();
        for (const enginePort of sutSpec.ports) enginePort.close();
        break;
    }
  });
  tell({ type: 'ready' });

  async function run({ settings, logSettings, ...options }: ToDriver & { type: 'run' }): Promise<void> {
    try {
      const result = await startTest(sut, library, settings, logSettings, {
        program,
        control,
        rules: options.rules,
        auditConfig: options.auditConfig,
        stall_timeout_ms: options.stallTimeoutMs,
        onPhase: (shared) => tell({ type: 'phase', shared }),
      });
      tell({ type: 'done', result });
    } catch (error) {
      tell({ type: 'failed', error: toErrorMessage(error) });
    }
  }
} catch (error) {
  tell({ type: 'failed', error: toErrorMessage(error) });
  port.close();
}
