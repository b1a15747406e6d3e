// systems/<system_id>.json of a call, in the form of an MLPerf submission: written beside the results, so that nothing of
// the checkout changes by itself.

import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import { ConfigError, SetupError } from '../configs/errors.js';
import type { Machine } from '../systems/machine.js';
import { submissionForm, UNKNOWN } from '../systems/submission-form.js';
import type { SubmissionForm } from '../systems/submission-form.js';
import type { Call } from './call.js';
import { toJsonText, writeWholeFile } from './write-file.js';

/** The form of this machine with the names that stand for a person's. */
export function formOf(machine: Machine, system_name: string, engine: string): SubmissionForm {
  return submissionForm(machine, {
    division: 'closed',
    submitter: UNKNOWN,
    status: 'available',
    system_name,
    framework: frameworkOf(machine, engine),
  });
}

function frameworkOf({ libraries }: Machine, engine: string): string {
  if (engine !== 'tensorrt') return `loadrig, ${engine}`;
  const version = libraries.find(({ library }) => library === 'TensorRT')?.version;
  return version == null ? 'TensorRT' : `TensorRT ${version}`;
}

/** Writes a form for each system that the call's results are filed under; `system` is what the machine's own file says too. @throws {SetupError} when the disk refuses. */
export function writeSystemForms(
  configs: readonly BenchmarkConfig[],
  { folder, machine, system }: Pick<Call, 'folder' | 'machine' | 'system'>,
): void {
  const systems = join(folder, 'systems');
  try {
    mkdirSync(systems, { recursive: true });
  } catch (cause) {
    throw cannotWrite(systems, cause);
  }
  const engines = new Map(configs.map((config) => [config.system_name, config.settings.engine]));
  for (const [name, engine] of engines)
    writeWholeFile(join(systems, `${name}.json`), toJsonText(formOf({ ...machine, system }, name, engine)));
}

/**
 * Writes a form to a file that must not be there yet.
 *
 * @throws {ConfigError} when it is. @throws {SetupError} when it cannot be written.
 */
export function writeNewForm(file: string, form: SubmissionForm): void {
  try {
    // Taking the name first makes sure that nobody's file is replaced.
    closeSync(openSync(file, 'wx'));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
      throw new ConfigError(
        `--write_system: ${file} is there already and stays as it is. Give another name, or move it away.`,
        { cause },
      );
    throw cannotWrite(file, cause);
  }
  try {
    writeWholeFile(file, toJsonText(form));
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
}

function cannotWrite(place: string, cause: unknown): SetupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SetupError(`cannot write ${place}: ${reason}. Give another place, or mend its permissions.`, {
    cause,
  });
}
