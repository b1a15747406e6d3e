// Runs the process that builds an engine, and tells how it ended: built, refused, or crashed.

import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { delimiter } from 'node:path';
import { RunError } from '../../configs/errors.js';
import type { BuildMessage, BuildTask } from './build-child.js';
import { explained } from './native-errors.js';
import type { NativeBuilt } from './native-build.js';

/** Last lines shown when the process ends by itself. */
const LAST_LINES = 12;
/** Share of the machine's memory that a build may take before it is stopped: the machine would stop something else. */
const MEMORY_SHARE = 0.9;
const MEMORY_CHECK_MS = 1000;

/** Builds in a process of its own. Resolves with the result. */
export type RunBuild = (task: BuildTask, report: (line: string) => void) => Promise<NativeBuilt>;

/** @throws {SetupError | RunError} as the addon says, or with signal and last lines when the process ended without a word. */
export const runBuild: RunBuild = (task, report) => {
  const child = fork(new URL('./build-child.js', import.meta.url), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A debugger's or a test runner's flags are not for this process.
    execArgv: [],
    env: { ...process.env, ...loaderPath(task.libraries.folder) },
  });
  const lastLines: string[] = [];
  const keep = (line: string): void => {
    if (line.trim() === '') return;
    lastLines.push(line.trimEnd());
    if (lastLines.length > LAST_LINES) lastLines.shift();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => text.split('\n').forEach(keep));
  }
  let tooMuchMemory = false;
  const watch = setInterval(() => {
    if (residentBytes(child.pid) <= totalmem() * MEMORY_SHARE) return;
    tooMuchMemory = true;
    child.kill('SIGKILL');
  }, MEMORY_CHECK_MS);

  return new Promise<NativeBuilt>((resolve, reject) => {
    let isSettled = false;
    const settle = (end: () => void): void => {
      isSettled = true;
      clearInterval(watch);
      end();
    };
    child.on('message', (message: BuildMessage) => {
      switch (message.type) {
        case 'line':
          keep(message.line);
          report(message.line);
          break;
        case 'built':
          settle(() => resolve(message.built));
          break;
        case 'failed': {
          const error = Object.assign(new Error(message.message), { code: message.code });
          settle(() => reject(explained(error, { doing: 'building the engine' })));
          break;
        }
      }
    });
    child.once('error', (cause) =>
      settle(() =>
        reject(new RunError(`the process that builds the engine cannot start: ${cause.message}`, { cause })),
      ),
    );
    child.once('close', (code, signal) => {
      if (isSettled) return;
      settle(() => reject(crashed(code, signal, tooMuchMemory, lastLines)));
    });
    child.send(task, () => undefined); // a process that is gone already tells so by its end
  });
};

/** TensorRT opens its builder resource by name alone: the loader must look where it lies, and reads where to only at its start. */
function loaderPath(folder: string | undefined): Readonly<Record<string, string>> {
  if (folder === undefined) return {};
  const before = process.env['LD_LIBRARY_PATH'] ?? '';
  return { LD_LIBRARY_PATH: before === '' ? folder : `${folder}${delimiter}${before}` };
}

function crashed(
  code: number | null,
  signal: NodeJS.Signals | null,
  tooMuchMemory: boolean,
  lastLines: readonly string[],
): RunError {
  if (tooMuchMemory) {
    return new RunError(
      `building the engine took more than ${MEMORY_SHARE * 100} % of this machine's memory and was stopped. ` +
        'Use a smaller model or --builder_optimization_level, or build on a machine with more memory.',
    );
  }
  const how = signal === null ? `with exit code ${code ?? 'unknown'}` : `by signal ${signal}`;
  const lines = lastLines.length === 0 ? 'It said nothing.' : `Its last lines:\n  ${lastLines.join('\n  ')}`;
  return new RunError(
    `TensorRT ended the process that builds the engine ${how}; nothing half built was kept. ${lines}`,
  );
}

/** 0 where it cannot be told. */
function residentBytes(pid: number | undefined): number {
  try {
    const kib = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid ?? 'self'}/status`, 'utf8'))?.[1];
    return Number(kib ?? 0) * 1024;
  } catch {
    return 0;
  }
}
