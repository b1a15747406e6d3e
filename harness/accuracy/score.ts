// From an accuracy log to F1/EM: predictions.json, accuracy.txt and what changed against the reference's answers.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../configs/errors.js';
import type { OpenQsl } from '../qsl/open-qsl.js';
import type { SquadQuestion } from '../qsl/squad.js';
import { writeWholeFile } from '../write-file.js';
import { decodeLogits, readAccuracyLog, type ResponseType } from './accuracy-log.js';
import { predictAnswers } from './predict.js';
import { isExactMatch, scorePredictions, type SquadScore } from './squad-score.js';

export interface ScoreLogRequest {
  /** mlperf_log_accuracy.json */
  readonly logFile: string;
  /** The data set of the run. */
  readonly qsl: OpenQsl;
  /** Gets predictions.json and accuracy.txt. */
  readonly outDir: string;
  /** predictions.json of the reference model; without it nothing is compared. */
  readonly referencePredictions?: string;
  /** F1 in percent that must be reached; without it the result is not judged. */
  readonly threshold?: number;
  /** Element type of the responses; float32 by default. */
  readonly responseType?: ResponseType;
}

export interface AccuracyResult {
  /** Percent of all questions. */
  readonly exact_match: number;
  /** Percent. */
  readonly f1: number;
  readonly threshold?: number;
  /** Whether f1 reaches the threshold, compared without rounding; true without one. */
  readonly passed: boolean;
  readonly question_count: number;
  /** Samples without a logged response; they offer no answer. */
  readonly missing_sample_count: number;
  /** SHA-256 of the complete accuracy log, as in accuracy.txt. */
  readonly log_sha256: string;
  /** Questions whose answer differs from the reference's, in data set order; empty without reference predictions. */
  readonly changed: readonly ChangedAnswer[];
}

export interface ChangedAnswer {
  readonly id: string;
  readonly question: string;
  /** The reference's answer. */
  readonly reference: string;
  /** This run's answer. */
  readonly got: string;
  /** Whether each is an exact match. */
  readonly reference_is_correct: boolean;
  readonly got_is_correct: boolean;
}

/**
 * Scores an accuracy log and writes predictions.json and accuracy.txt beside each other, each whole or not at all.
 *
 * @throws {RunError} when the log is damaged or a response has an impossible size.
 * @throws {SetupError} when the log cannot be read or a result cannot be written.
 * @throws {ConfigError} when the reference predictions are not `{question id: text}`.
 */
export async function scoreAccuracyLog(request: ScoreLogRequest): Promise<AccuracyResult> {
  const { logFile, qsl, outDir, threshold, responseType = 'float32' } = request;
  const { questions, features, vocabulary, samples } = qsl;
  const reference =
    request.referencePredictions === undefined
      ? undefined
      : await readPredictions(request.referencePredictions);
  const log = await readAccuracyLog(logFile, samples.sampleCount);
  const answers = predictAnswers({
    questions,
    features,
    vocabulary,
    logitsOf: (sample) => {
      const response = log.responses[sample];
      return response && decodeLogits(response, responseType, samples.maxSequenceLength, sample);
    },
  });
  const score = scorePredictions(questions, new Map(questions.map(({ id }, i) => [id, answers[i]!])));
  writeWholeFile(join(outDir, 'predictions.json'), predictionsText(questions, answers));
  writeWholeFile(join(outDir, 'accuracy.txt'), accuracyText(score, log.sha256));
  return {
    exact_match: score.exact_match,
    f1: score.f1,
    ...(threshold === undefined ? {} : { threshold }),
    passed: threshold === undefined || score.f1 >= threshold,
    question_count: questions.length,
    missing_sample_count: log.responses.filter((response) => response === undefined).length,
    log_sha256: log.sha256,
    changed: reference === undefined ? [] : changedAnswers(questions, answers, reference),
  };
}

/** A predictions.json: question id to text. @throws {ConfigError} */
export async function readPredictions(file: string): Promise<ReadonlyMap<string, string>> {
  try {
    const value = z.record(z.string(), z.string()).parse(JSON.parse(await readFile(file, 'utf8')));
    return new Map(Object.entries(value));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${file}: not predictions ({"question id": "text", …}): ${reason}`, { cause });
  }
}

/** One line per question, in the order of the data; an object literal would put ids that look like integers first. */
export function predictionsText(questions: readonly SquadQuestion[], answers: readonly string[]): string {
  const lines = questions.map(({ id }, i) => `    ${JSON.stringify(id)}: ${JSON.stringify(answers[i]!)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** accuracy.txt as the official checker reads it: the scores at column 0, then the hash of the untruncated log. */
export function accuracyText({ exact_match, f1 }: SquadScore, logSha256: string): string {
  return `{"exact_match": ${pythonFloat(exact_match)}, "f1": ${pythonFloat(f1)}}\nhash=${logSha256}\n`;
}

/** Shortest text that reads back exactly, with a point: Python prints 100.0 where JavaScript prints 100. */
const pythonFloat = (value: number) => (Number.isInteger(value) ? value.toFixed(1) : String(value));

function changedAnswers(
  questions: readonly SquadQuestion[],
  answers: readonly string[],
  references: ReadonlyMap<string, string>,
): readonly ChangedAnswer[] {
  return questions.flatMap(({ id, question, answers: accepted }, i) => {
    const reference = references.get(id);
    const got = answers[i]!;
    if (reference === undefined || reference === got) return [];
    return [
      {
        id,
        question,
        reference,
        got,
        reference_is_correct: isExactMatch(reference, accepted),
        got_is_correct: isExactMatch(got, accepted),
      },
    ];
  });
}
