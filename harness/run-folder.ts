// Where a run writes: build/logs/<date>/<system>/<benchmark>/<Scenario>/, the layout of NVIDIA's harness.

import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import { SetupError } from '../configs/errors.js';
import type { Call } from './call.js';

/** `2021.03.07-06.49.07`, local time: one folder per call of the program. */
export function callFolderName(date: Date): string {
  const two = (value: number): string => value.toString().padStart(2, '0');
  const day = `${date.getFullYear()}.${two(date.getMonth() + 1)}.${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}.${two(date.getMinutes())}.${two(date.getSeconds())}`;
}

/**
 * Makes the folder of one call; an existing one (two calls in one second) gets a suffix, nothing is overwritten.
 *
 * @throws {SetupError} when the folder cannot be made or written.
 */
export function createCallFolder(logDir: string, date: Date): string {
  const name = callFolderName(date);
  try {
    mkdirSync(logDir, { recursive: true });
    for (let attempt = 0; ; attempt++) {
      const folder = join(logDir, attempt === 0 ? name : `${name}_${attempt}`);
      try {
        mkdirSync(folder);
        accessSync(folder, constants.W_OK);
        return folder;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
    }
  } catch (cause) {
    throw notWritable(logDir, cause);
  }
}

/** The folder of one scenario and, when one call runs several modes, of its mode. */
export interface RunPlace {
  readonly callFolder: string;
  readonly system: string;
  /** bert-99 or bert-99.9 */
  readonly benchmark: string;
  readonly scenario: string;
  /** Below the scenario's folder: '' for the first mode, 'accuracy' for an accuracy run after a performance run, 'probe'. */
  readonly part: string;
}

/** The place of a configuration's first mode. */
export function placeOf(config: BenchmarkConfig, call: Pick<Call, 'folder'>): RunPlace {
  return {
    callFolder: call.folder,
    system: config.system_name,
    benchmark: config.benchmark_full,
    scenario: config.scenario,
    part: '',
  };
}

/** Makes and names the folder of a run. @throws {SetupError} when it cannot be made. */
export function createRunFolder(place: RunPlace): string {
  const folder = join(place.callFolder, place.system, place.benchmark, place.scenario, place.part);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw notWritable(folder, cause);
  }
  return folder;
}

function notWritable(folder: string, cause: unknown): SetupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SetupError(
    `cannot write logs to ${folder}: ${reason}. Give another folder with --log_dir=FOLDER, or mend its permissions.`,
    { cause },
  );
}
