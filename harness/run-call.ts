// One call of the program: from flags to resolved configurations, each of them run, and the blocks that close the call.

import { join } from 'node:path';
import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import { dryRunText } from '../configs/dry-run-text.js';
import { exitCodes } from '../configs/errors.js';
import { loadBenchmarkConfigs, loadSavedConfig, loadSystemFile } from '../configs/load.js';
import { resolveConfigs } from '../configs/resolve.js';
import type { Flags } from '../configs/schema.js';
import { captureSystem } from '../systems/capture.js';
import { describeSystem } from '../systems/detect.js';
import { describedBy, systemFileSchema } from '../systems/schema.js';
import type { Call } from './call.js';
import { closingBlocks, summaryObjects } from './closing-blocks.js';
import { listenForInterruption } from './interruption.js';
import { prepareOnly } from './prepare.js';
import { describeProgram, packageRoot } from './program.js';
import { createCallFolder } from './run-folder.js';
import { exitCodeOf, type RunOutcome } from './run-outcome.js';
import { runBenchmark } from './run.js';
import { toJsonText, writeWholeFile } from './write-file.js';

/** Does what the flags ask for and returns the exit code. @throws {ConfigError | SetupError | RunError} */
export async function runCall(flags: Flags, command: readonly string[]): Promise<number> {
  const { selection } = flags;
  const { system, configs } = resolveAll(flags);
  if (selection.dry_run) {
    process.stdout.write(dryRunText(configs));
    return exitCodes.valid.code;
  }

  const say = (line: string): void => {
    if (!selection.quiet) process.stderr.write(`${line}\n`);
  };
  using interruption = listenForInterruption((line) => process.stderr.write(`${line}\n`));
  const startedAt = new Date();
  const isRun = selection.action === 'run' || selection.action === 'run_harness';
  const call: Call = {
    program: await describeProgram(),
    command,
    startedAt,
    folder: isRun ? createCallFolder(selection.log_dir, startedAt) : selection.log_dir,
    system,
    interruption,
    quiet: selection.quiet,
    say,
    mayBuildEngines: selection.action !== 'run_harness',
    enginesDir: 'build/engines',
    preprocessedDir: 'build/preprocessed_data',
  };
  if (!isRun) {
    await prepareOnly(selection.action, configs, call);
    return exitCodes.valid.code;
  }
  say(
    `Detected system ID: ${system.system_id} (${system.host_processor_model_name}, ${system.available_cores} cores)`,
  );

  const outcomes: RunOutcome[] = [];
  try {
    for (const config of configs) {
      if (interruption.requested) break;
      outcomes.push(await runBenchmark(config, call));
    }
  } finally {
    // What finished before an error is told and kept.
    if (outcomes.length > 0) close(outcomes, call.folder);
  }
  return exitCodeOf(outcomes);
}

function resolveAll({ selection, overrides }: Flags): {
  readonly system: Call['system'];
  readonly configs: readonly BenchmarkConfig[];
} {
  const detected = describeSystem(captureSystem());
  const file = loadSystemFile(packageRoot, detected.system_id, selection.system_file, systemFileSchema);
  const system = file === undefined ? detected : describedBy(file.description, detected);
  if (selection.config !== undefined) return { system, configs: [loadSavedConfig(selection.config)] };
  const configs = resolveConfigs({
    flags: { selection, overrides },
    benchmarkConfigs: loadBenchmarkConfigs(packageRoot, 'bert', selection.scenarios),
    system: { system_id: system.system_id, available_cores: system.available_cores, configs: file?.configs },
  });
  return { system, configs };
}

function close(outcomes: readonly RunOutcome[], folder: string): void {
  const { performance, accuracy } = summaryObjects(outcomes);
  writeWholeFile(join(folder, 'perf_harness_summary.json'), toJsonText(performance));
  writeWholeFile(join(folder, 'accuracy_summary.json'), toJsonText(accuracy));
  process.stdout.write(`${closingBlocks(outcomes)}\nLogs: ${folder}\n`);
}
