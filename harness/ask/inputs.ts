// Where passage and questions come from: flags, files, standard input.

import { readFileSync } from 'node:fs';
import { ConfigError, SetupError } from '../../configs/errors.js';
import type { AskFlags } from './flags.js';

/** What there is to read besides flags. */
export interface TextSource {
  readonly isTerminal: boolean;
  /** All of standard input. */
  readonly readAll: () => Promise<string>;
}

/** The passage, or undefined when a person at a terminal is to be asked for it. @throws {ConfigError | SetupError} */
export async function readPassage(
  flags: Pick<AskFlags, 'passage' | 'passage_file'>,
  input: TextSource,
): Promise<string | undefined> {
  const { passage, passage_file } = flags;
  if (passage !== undefined && passage_file !== undefined)
    throw new ConfigError('--passage and --passage_file both give the passage; keep one of them');
  if (passage !== undefined) return withText(passage, '--passage');
  if (passage_file !== undefined && passage_file !== '-')
    return withText(readText(passage_file, 'passage_file'), passage_file);
  if (input.isTerminal && passage_file === undefined) return undefined;
  return withText(await input.readAll(), 'standard input');
}

/** The questions of all flags, in order; none at all when they are to be asked for. @throws {ConfigError | SetupError} */
export function readQuestions(flags: Pick<AskFlags, 'question' | 'question_file'>): readonly string[] {
  const { question, question_file } = flags;
  const blank = question.findIndex((text) => text.trim() === '');
  if (blank >= 0)
    throw new ConfigError(`--question number ${blank + 1} is empty; write what you want to know`);
  if (question_file === undefined) return question;
  const lines = readText(question_file, 'question_file')
    .split(/\r?\n/u)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length === 0)
    throw new ConfigError(`${question_file}: no question in it; one per line is wanted`);
  return [...question, ...lines];
}

function withText(text: string, source: string): string {
  if (text.trim() !== '') return text;
  throw new ConfigError(
    `no passage: ${source} is empty. Give one with --passage="…", --passage_file=FILE or on standard input.`,
  );
}

function readText(file: string, flag: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`--${flag}: cannot read ${file}: ${reason}`, { cause });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigError(`--${flag}: ${file} is not text in UTF-8`, { cause });
  }
}
