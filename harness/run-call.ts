// One call of the program: from flags to resolved configurations, each of them run, and the blocks that close the call.

import { join } from 'node:path';
import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import { dryRunText } from '../configs/dry-run-text.js';
import { exitCodes, SetupError } from '../configs/errors.js';
import type { Flags } from '../configs/schema.js';
import { variantOf } from '../configs/variants.js';
import { whyNoTensorRt } from '../engines/index.js';
import { detectMachine } from '../systems/capture.js';
import { machineLines } from '../systems/machine-text.js';
import type { Call } from './call.js';
import { closingBlocks, summaryObjects } from './closing-blocks.js';
import { listenForInterruption } from './interruption.js';
import { refuseMissingModel } from './missing-model.js';
import { markSynthetic } from './model-files.js';
import { prepareOnly } from './prepare.js';
import { buildPath } from './places.js';
import { describeProgram } from './program.js';
import { detectedFor, resolveFlags } from './resolve-flags.js';
import { createCallFolder } from './run-folder.js';
import { writeSystemForms } from './system-forms.js';
import { exitCodeOf, type RunOutcome } from './run-outcome.js';
import { runBenchmark } from './run.js';
import { toJsonText, writeWholeFile } from './write-file.js';

/** Does what the flags ask for and returns the exit code. @throws {ConfigError | SetupError | RunError} */
export async function runCall(flags: Flags, command: readonly string[]): Promise<number> {
  const { selection } = flags;
  const machine = await detectMachine();
  const { system, configs: resolved, notes } = resolveFlags(flags, await detectedFor(flags, machine));
  if (selection.dry_run) {
    for (const note of notes) process.stdout.write(`${note}\n\n`);
    process.stdout.write(dryRunText(resolved));
    return exitCodes.valid.code;
  }

  refuseOtherHarness(resolved);
  if (selection.action !== 'preprocess_data') await refuseMissingEngine(resolved);
  refuseMissingModel(resolved);

  const say = (line: string): void => {
    if (!selection.quiet) process.stderr.write(`${line}\n`);
  };
  const configs = markSynthetic(resolved, say);
  using interruption = listenForInterruption((line) => process.stderr.write(`${line}\n`));
  const startedAt = new Date();
  const isRun = selection.action === 'run' || selection.action === 'run_harness';
  const logDir = selection.log_dir ?? buildPath('logs');
  const call: Call = {
    program: await describeProgram(),
    command,
    startedAt,
    folder: isRun ? createCallFolder(logDir, startedAt) : logDir,
    system,
    machine,
    interruption,
    quiet: selection.quiet,
    say,
    mayBuildEngines: selection.action !== 'run_harness',
    enginesDir: buildPath('engines'),
    preprocessedDir: buildPath('preprocessed_data'),
  };
  if (!isRun) {
    await prepareOnly(selection.action, configs, call);
    return exitCodes.valid.code;
  }
  for (const line of machineLines({ ...machine, system })) say(line);
  for (const note of notes) say(note);

  writeSystemForms(configs, call);

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

/** @throws {SetupError} for a variant that is served by a program that this one does not drive. */
function refuseOtherHarness(configs: readonly BenchmarkConfig[]): void {
  const other = configs.find(({ config_ver }) => variantOf(config_ver).harness_type.startsWith('triton'));
  if (other === undefined) return;
  throw new SetupError(
    `config_ver ${other.config_ver} is served through Triton Inference Server, which this version does not drive: its values can be read (--dry_run, loadrig explain), not run. Leave "triton" out to run the same settings here.`,
  );
}

/** @throws {SetupError} for engine tensorrt where it cannot run: said before anything is written. */
async function refuseMissingEngine(configs: readonly BenchmarkConfig[]): Promise<void> {
  const onGpus = configs.find(({ settings }) => settings.engine === 'tensorrt');
  if (onGpus === undefined) return;
  const why = await whyNoTensorRt(onGpus.settings.tensorrt_lib);
  if (why !== undefined) throw new SetupError(why);
}

function close(outcomes: readonly RunOutcome[], folder: string): void {
  const { performance, accuracy } = summaryObjects(outcomes);
  writeWholeFile(join(folder, 'perf_harness_summary.json'), toJsonText(performance));
  writeWholeFile(join(folder, 'accuracy_summary.json'), toJsonText(accuracy));
  process.stdout.write(`${closingBlocks(outcomes)}\nLogs: ${folder}\n`);
}
