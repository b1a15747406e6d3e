// Reads config files from disk; all that is wrong with them is reported at once.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { configFromJson } from './benchmark-config.js';
import type { BenchmarkConfig } from './benchmark-config.js';
import { checkBenchmarkConfig, checkJson, checkSystemConfigs } from './check-file.js';
import type { BenchmarkConfigFile, SystemConfigFile } from './config-file.js';
import { ConfigError } from './errors.js';
import type { Benchmark } from './selection.js';
import type { Scenario } from './test-settings.js';

/**
 * configs/<benchmark>/<Scenario>/config.json of each wanted scenario.
 *
 * @param root Folder that holds configs/.
 * @throws {ConfigError} naming file and key of everything that is wrong, in all files.
 */
export function loadBenchmarkConfigs(
  root: string,
  benchmark: Benchmark,
  wanted: readonly Scenario[],
): readonly BenchmarkConfigFile[] {
  const problems: string[] = [];
  const files = wanted.flatMap((scenario) => {
    try {
      const file = `configs/${benchmark}/${scenario}/config.json`;
      return [checkBenchmarkConfig(loadJson(join(root, file), file), file, benchmark, scenario)];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return files;
}

/** A systems/<system_id>.json: what it says of the machine, in the form of `schema`, and the settings it gives. */
export interface LoadedSystem<D> {
  readonly description: D;
  readonly configs: SystemConfigFile;
}

/**
 * The file that describes this machine: `systemFile` where a flag names one, else systems/<systemId>.json where that
 * exists. `schema` is the form of the whole file (systems/schema.ts), with the settings under `configs`.
 *
 * @param root Folder that holds systems/.
 * @throws {ConfigError} naming file and key of everything that is wrong.
 */
export function loadSystemFile<S extends z.ZodType<{ readonly configs?: unknown }>>(
  root: string,
  systemId: string,
  systemFile: string | undefined,
  schema: S,
): LoadedSystem<z.output<S>> | undefined {
  const file = systemFile ?? `systems/${systemId}.json`;
  const path = systemFile ?? join(root, file);
  if (systemFile === undefined && !existsSync(path)) return undefined;
  const description = checkJson(loadJson(path, file), file, schema);
  return { description, configs: checkSystemConfigs(description.configs, file) };
}

/**
 * A saved config.json, to repeat its run.
 *
 * @throws {ConfigError} when it is missing or wrong.
 */
export function loadSavedConfig(file: string): BenchmarkConfig {
  return configFromJson(readText(file, file), file);
}

/**
 * Reads a JSON file; `name` is what messages call it.
 *
 * @throws {ConfigError} when it is missing, unreadable or not JSON.
 */
export function loadJson(path: string, name: string): unknown {
  const text = readText(path, name);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${name}: not JSON (${(cause as Error).message})`, { cause });
  }
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new ConfigError(
      `${name}: ${code === 'ENOENT' ? 'no such file' : `cannot be read (${code ?? ''})`}`,
      {
        cause,
      },
    );
  }
}
