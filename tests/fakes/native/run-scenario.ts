// Runs scenarios of child.mjs and gives back what they say.

import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { parts, releases } from './native-parts.js';

export interface Outcome {
  /** What the scenario returned. */
  readonly value: unknown;
  /** What it threw. */
  readonly error: { readonly code: string | null; readonly message: string } | undefined;
  readonly exitCode: number | undefined;
  /** What ended the process, e.g. SIGABRT. */
  readonly signal: string | undefined;
  readonly output: string;
  /** Of the fake libcuda: what was called, and what was still alive at the end. */
  readonly cuda: CudaReport | undefined;
}

export interface CudaReport {
  readonly calls: Readonly<Record<string, number>>;
  readonly live: Readonly<Record<string, number>>;
  readonly peak_bytes: number;
}

export type Environment = Readonly<Record<string, string>>;

/** Starts a scenario of `file` in a process of its own. */
export async function runScenario(
  file: URL,
  name: string,
  args: unknown,
  { environment = {}, withDriver = true }: { environment?: Environment; withDriver?: boolean } = {},
): Promise<Outcome> {
  const report = join(mkdtempSync(join(tmpdir(), 'loadrig-native-')), 'cuda.jsonl');
  const child = fileURLToPath(new URL('./child.mjs', import.meta.url));
  const result = await execa('node', [child, parts.addon, fileURLToPath(file), name, JSON.stringify(args)], {
    reject: false,
    all: true,
    timeout: 100_000,
    env: {
      LD_LIBRARY_PATH: [...(withDriver ? [parts.driver] : []), ...releases.map(parts.libraries)].join(':'),
      FAKE_CUDA_REPORT: report,
      ...environment,
    },
  });
  const last = result.stdout.split('\n').at(-1) ?? '';
  const said = (last.startsWith('{') ? JSON.parse(last) : {}) as Partial<Pick<Outcome, 'value' | 'error'>>;
  return {
    value: said.value,
    error: said.error,
    exitCode: result.exitCode,
    signal: result.signal,
    output: result.all,
    cuda: existsSync(report)
      ? (JSON.parse(readFileSync(report, 'utf8').split('\n')[0]!) as CudaReport)
      : undefined,
  };
}
