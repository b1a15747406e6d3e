#!/usr/bin/env node
// The program: the only reader of argv and the only setter of the exit code.

import '../engines/onnxruntime/telemetry-off.js';
import { ConfigError, exitCodes, RunError, SetupError } from '../configs/errors.js';
import { didYouMean } from '../configs/did-you-mean.js';
import { commands, type Command } from './commands.js';
import { runCall } from './run-call.js';
import { helpText, parseFlags } from './flags.js';
import { describeProgram } from './program.js';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}

async function main(argv: readonly string[]): Promise<number> {
  const [word = ''] = argv;
  if (/^[a-z]/.test(word)) return (await findCommand(word).load()).run(argv.slice(1));
  const commandLine = parseFlags(argv);
  switch (commandLine.kind) {
    case 'help':
      process.stdout.write(await helpText());
      return exitCodes.valid.code;
    case 'version': {
      const { name, version, commit } = await describeProgram();
      process.stdout.write(`${name} ${version} (${commit})\n`);
      return exitCodes.valid.code;
    }
    case 'run':
      return runCall(commandLine.flags, argv);
  }
}

/** @throws {ConfigError} for a word that names no command. */
function findCommand(word: string): Command {
  const command = commands.find(({ name }) => name === word);
  if (command !== undefined) return command;
  const names = commands.map(({ name }) => name);
  throw new ConfigError(
    `unknown command "${word}"${didYouMean(word, names)}. There are: ${names.join(', ')}; without one of them, benchmarks run.`,
  );
}

/** Tells a person what went wrong; the stack is shown only where it is our own fault. */
function reportError(error: unknown): number {
  if (error instanceof ConfigError) return tell('config', error, exitCodes.config.code);
  if (error instanceof SetupError) return tell('setup', error, exitCodes.setup.code);
  if (error instanceof RunError) return tell('run', error, exitCodes.run.code);
  process.stderr.write(
    `loadrig: a bug, please report it with the lines below.\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return exitCodes.bug.code;
}

function tell(kind: string, error: Error, code: number): number {
  process.stderr.write(`loadrig: ${kind} error\n${error.message.replace(/^/gm, '  ')}\n`);
  return code;
}
