// The one path: what happens when someone types `make run`. A table of contents; each step is a file of its own.

import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import { withDatasetSize, withMeasuredTargets } from '../configs/measured.js';
import { startEngine } from '../engines/index.js';
import type { Call } from './call.js';
import { driveLoadGen } from './drive-loadgen.js';
import { startDriverThread } from './driver-thread.js';
import { engineRequest } from './engine-request.js';
import { probeTargets } from './probe.js';
import { countsOf, openDataset } from './qsl/open-dataset.js';
import { placeOf } from './run-folder.js';
import type { RunOutcome } from './run-outcome.js';
import { saveRun } from './save-run.js';
import { scoreRun } from './score-run.js';

/**
 * Runs one configuration: its data set, its engine, then LoadGen once per test mode. The facts of each mode are on disk
 * before the next begins.
 *
 * @throws {ConfigError | SetupError | RunError} when it cannot go on; an INVALID result is not an error.
 */
export async function runBenchmark(requested: BenchmarkConfig, call: Call): Promise<RunOutcome> {
  const qsl = await openDataset(requested, call);
  await using engine = await startEngine(engineRequest(requested, call), qsl.samples);
  await using driver = await startDriverThread(engine, {
    qsl: countsOf(qsl),
    program: call.program,
  });

  const sized = withDatasetSize(requested, qsl.samples.sampleCount);
  const config =
    sized.needs_probe.length === 0
      ? sized
      : withMeasuredTargets(sized, await probeTargets(sized, driver, placeOf(sized, call)));

  let outcome: RunOutcome | undefined;
  for (const mode of config.test_modes) {
    const run = await driveLoadGen({ config, mode, driver, engine, call });
    const accuracy = await scoreRun({ config, mode, run, qsl, engine });
    outcome = await saveRun({ config, mode, run, accuracy, qsl, engine, call, earlier: outcome });
    if (run.result.interrupted) break;
  }
  if (outcome === undefined) throw new Error('a configuration has at least one test mode');
  return outcome;
}
