// What runs worker threads is tested as it is shipped: compiled. `make test` builds before it tests.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, type Options, type Result, type ResultPromise } from 'execa';

const root = new URL('../', import.meta.url);

/** The repository's folder. */
export const repository = fileURLToPath(root);

/** A compiled module; its type is that of its source. */
export async function importBuilt<T>(path: string): Promise<T> {
  return (await import(new URL(`build/js/${path}`, root).href)) as T;
}

/** Variables of the environment, beside those of the tests. */
export type Environment = Readonly<Record<string, string>>;

const options = { cwd: repository, reject: false, all: true, timeout: 110_000 } as const satisfies Options;
const optionsIn = (environment: Environment) => ({ ...options, env: environment }) as const;
type OurOptions = ReturnType<typeof optionsIn>;

/** Runs the program as `make run` does, and waits. */
export async function loadrig(
  args: readonly string[],
  environment: Environment = {},
): Promise<Result<OurOptions>> {
  return startLoadrig(args, environment);
}

/** Starts the program. */
export function startLoadrig(
  args: readonly string[],
  environment: Environment = {},
): ResultPromise<OurOptions> {
  return execa('node', ['build/js/harness/main.js', ...args], optionsIn(environment));
}

/** Runs the program in another working directory, where it looks for conf files. */
export async function loadrigIn(
  cwd: string,
  args: readonly string[],
): Promise<{ readonly exitCode: number | undefined; readonly stdout: string; readonly stderr: string }> {
  const main = join(repository, 'build/js/harness/main.js');
  const { exitCode, stdout, stderr } = await execa('node', [main, ...args], { ...options, cwd });
  return { exitCode, stdout, stderr };
}

/** An empty folder of its own. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'loadrig-e2e-'));
}
