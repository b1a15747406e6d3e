// Questions with their passages and reference answers, from a SQuAD JSON file: v1.1, or v2.0 where the caller takes it.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../configs/errors.js';

/** One question of the data set. Questions of one paragraph share the context string. */
export interface SquadQuestion {
  readonly id: string;
  readonly question: string;
  readonly context: string;
  /** Texts of the reference answers: at least one in v1.1; none where v2.0 holds the question to be unanswerable. */
  readonly answers: readonly string[];
}

export type SquadVersion = '1.1' | '2.0';

/** A data file as read: its questions in file order and the hash of its bytes. */
export interface SquadData {
  /** 2.0 when the file says so or holds a question to be impossible. */
  readonly version: SquadVersion;
  readonly questions: readonly SquadQuestion[];
  /** Lower-case hex. */
  readonly sha256: string;
}

// Only what is read; titles, versions, answer offsets and keys of other tools may be there or not.
const squadSchema = z.object({
  version: z.union([z.string(), z.number()]).optional().catch(undefined),
  data: z.array(
    z.object({
      paragraphs: z.array(
        z.object({
          context: z.string(),
          qas: z.array(
            z.object({
              id: z.string(),
              question: z.string(),
              is_impossible: z.unknown().optional(),
              answers: z.array(z.object({ text: z.string() })),
            }),
          ),
        }),
      ),
    }),
  ),
});

const MOST_ISSUES_SHOWN = 5;
const MOST_IDS_SHOWN = 5;

/**
 * Reads a SQuAD file.
 *
 * @throws {SetupError} when the file cannot be read.
 * @throws {ConfigError} when it is not SQuAD of a version in `accepted`, or a question cannot be scored.
 */
export async function readSquad(
  file: string,
  accepted: readonly SquadVersion[] = ['1.1'],
): Promise<SquadData> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const flag = accepted.includes('2.0') ? '--squad-json=FILE' : '--data=FILE';
    const message = `cannot read the data set ${file}: ${reason}. Name a SQuAD v${accepted.join(' or v')} JSON file with ${flag}.`;
    throw new SetupError(message, { cause });
  }
  return {
    ...parseSquadVersion(bytes, file, accepted),
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

/** The questions in the bytes of a SQuAD v1.1 file; `file` is for messages. @throws {ConfigError} */
export function parseSquad(bytes: Uint8Array, file: string): readonly SquadQuestion[] {
  return parseSquadVersion(bytes, file, ['1.1']).questions;
}

/** The questions in the bytes of a SQuAD file, and its version. @throws {ConfigError} */
export function parseSquadVersion(
  bytes: Uint8Array,
  file: string,
  accepted: readonly SquadVersion[],
): Omit<SquadData, 'sha256'> {
  const parsed = squadSchema.safeParse(parseJson(bytes, file));
  if (!parsed.success) {
    const { issues } = parsed.error;
    const shown = z.prettifyError(new z.ZodError(issues.slice(0, MOST_ISSUES_SHOWN)));
    const rest = issues.length > MOST_ISSUES_SHOWN ? `\n… and ${issues.length - MOST_ISSUES_SHOWN} more` : '';
    throw new ConfigError(
      `${file}: JSON, but not SQuAD v${accepted.join(' or v')} ({ data: [{ paragraphs: [{ context, qas: [{ id, question, answers }] }] }] }):\n${shown}${rest}`,
    );
  }
  const rows = parsed.data.data.flatMap(({ paragraphs }) =>
    paragraphs.flatMap(({ context, qas }) => qas.map((qa) => ({ context, ...qa }))),
  );
  const isSecond =
    /^v?2/u.test(String(parsed.data.version ?? '')) || rows.some((row) => row.is_impossible === true);
  const version = isSecond && accepted.includes('2.0') ? '2.0' : '1.1';
  const questions = rows.map(({ id, question, context, answers }): SquadQuestion => ({
    id,
    question,
    context,
    answers: answers.map(({ text }) => text),
  }));
  const contradictory = rows.filter((row) => row.is_impossible === true && row.answers.length > 0);
  checkQuestions(questions, version, version === '2.0' ? contradictory.map(({ id }) => id) : [], file);
  return { version, questions };
}

function parseJson(bytes: Uint8Array, file: string): unknown {
  if (bytes.length === 0) throw new ConfigError(`${file}: the file is empty; SQuAD v1.1 JSON is wanted`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${file}: not JSON in UTF-8: ${reason}`, { cause });
  }
}

/** Every mistake at once: a question that nobody can score, or two that would overwrite each other's answer. */
function checkQuestions(
  questions: readonly SquadQuestion[],
  version: SquadVersion,
  contradictory: readonly string[],
  file: string,
): void {
  if (questions.length === 0)
    throw new ConfigError(`${file}: SQuAD v${version}, but without a single question`);
  const unanswered =
    version === '2.0' ? [] : questions.filter(({ answers }) => answers.length === 0).map(({ id }) => id);
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { id } of questions) {
    if (seen.has(id)) repeated.add(id);
    seen.add(id);
  }
  const problems: string[] = [];
  if (unanswered.length > 0) {
    problems.push(
      `${file}: ${countOf(unanswered.length, 'question')} without a reference answer: ${listOf(unanswered)}. ` +
        'Give each at least one, or remove it (SQuAD v2 data has such questions; v1.1 is wanted).',
    );
  }
  if (contradictory.length > 0) {
    problems.push(
      `${file}: ${countOf(contradictory.length, 'question')} with is_impossible and reference answers at once: ` +
        `${listOf(contradictory)}. Remove one of the two.`,
    );
  }
  if (repeated.size > 0) {
    problems.push(
      `${file}: ${countOf(repeated.size, 'question id')} used more than once: ${listOf([...repeated])}. ` +
        'Predictions are kept by id, so each must be unique.',
    );
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
}

const countOf = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

function listOf(ids: readonly string[]): string {
  const shown = ids.slice(0, MOST_IDS_SHOWN).map((id) => JSON.stringify(id));
  return ids.length > shown.length
    ? `${shown.join(', ')} and ${ids.length - shown.length} more`
    : shown.join(', ');
}
