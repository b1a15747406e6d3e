// A whole SQuAD file: its predictions as files, its scores, and how fast it went.

import { basename, dirname, join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError } from '../../configs/errors.js';
import { predictionsText, readPredictions } from '../accuracy/score.js';
import type { RankedAnswer } from '../accuracy/n-best.js';
import { scorePredictions } from '../accuracy/squad-score.js';
import { scoreSquadV2 } from '../accuracy/squad-v2-score.js';
import type { SquadData, SquadQuestion } from '../qsl/squad.js';
import { writeWholeFile } from '../write-file.js';
import type { Answered, InferenceTime } from './asker.js';
import { checkScores, type Check, type Requirements, type Scores } from './verdict.js';

/** Scores as the official script of the file's version prints them. */
export interface ScoredSquad {
  readonly scores: Scores;
  /** Every figure of the official script, under its own key. */
  readonly figures: Readonly<Record<string, number>>;
}

/** @throws never; questions without a prediction count as wrong. */
export function scoreSquad(
  { version, questions }: Pick<SquadData, 'version' | 'questions'>,
  predictions: ReadonlyMap<string, string>,
  nullOdds: ReadonlyMap<string, number> | undefined,
): ScoredSquad {
  if (version === '1.1') {
    const { unanswered_count, ...scores } = scorePredictions(questions, predictions);
    return { scores, figures: { ...scores, unanswered_count } };
  }
  const score = scoreSquadV2(questions, predictions, nullOdds);
  return { scores: { exact_match: score.exact, f1: score.f1 }, figures: { ...score } };
}

/**
 * Writes predictions.json, nbest_predictions.json and, for v2.0, null_odds.json; where the first has another name, the
 * others carry it too, so that two models' files can stand in one folder.
 *
 * @returns the files.
 * @throws {SetupError}
 */
export function writePredictions(
  file: string,
  questions: readonly SquadQuestion[],
  answers: readonly RankedAnswer[],
): readonly string[] {
  const beside = (other: string): string => join(dirname(file), other);
  writeWholeFile(
    file,
    predictionsText(
      questions,
      answers.map(({ answer }) => answer),
    ),
  );
  const name = basename(file);
  const nBestFile = beside(`nbest_${name}`);
  writeWholeFile(
    nBestFile,
    byId(questions, (place) => answers[place]!.candidates),
  );
  if (answers.every(({ nullOdds }) => nullOdds === undefined)) return [file, nBestFile];
  const oddsFile = beside(name === 'predictions.json' ? 'null_odds.json' : `null_odds_${name}`);
  writeWholeFile(
    oddsFile,
    byId(questions, (place) => answers[place]!.nullOdds),
  );
  return [file, nBestFile, oddsFile];
}

/** In the order of the data; an object literal would put ids that look like integers first. */
function byId(questions: readonly SquadQuestion[], valueOf: (place: number) => unknown): string {
  const lines = questions.map(
    ({ id }, place) => `    ${JSON.stringify(id)}: ${JSON.stringify(valueOf(place))}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** null_odds.json: question id to a number. @throws {ConfigError} */
export async function readNullOdds(file: string): Promise<ReadonlyMap<string, number>> {
  try {
    const value = z.record(z.string(), z.number()).parse(JSON.parse(await readFile(file, 'utf8')));
    return new Map(Object.entries(value));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${file}: not null odds ({"question id": number, …}): ${reason}`, { cause });
  }
}

export interface Throughput {
  /** Samples over the time of all inferences: the figure to compare with. */
  readonly samples_per_second: number;
  /** Mean over the samples of 1 ÷ latency, as the demo's script computes it; never less than the other. */
  readonly mean_of_reciprocals_per_second: number;
}

export function throughputOf(inferences: readonly InferenceTime[]): Throughput {
  let samples = 0;
  let milliseconds = 0;
  let reciprocals = 0;
  for (const each of inferences) {
    samples += each.sampleCount;
    milliseconds += each.milliseconds;
    // Each sample of a batch gets its share of the batch's time.
    reciprocals += (each.sampleCount * each.sampleCount * 1000) / each.milliseconds;
  }
  return {
    samples_per_second: (samples * 1000) / milliseconds,
    mean_of_reciprocals_per_second: reciprocals / samples,
  };
}

export interface SquadReport {
  readonly version: string;
  readonly question_count: number;
  readonly figures: Readonly<Record<string, number>>;
  readonly checks: readonly Check[];
}

/** Scores predictions and judges them. @throws {ConfigError} when the predictions to compare with cannot be read. */
export async function reportScores(
  data: Pick<SquadData, 'version' | 'questions'>,
  predictions: ReadonlyMap<string, string>,
  nullOdds: ReadonlyMap<string, number> | undefined,
  requirements: Requirements,
): Promise<SquadReport> {
  const { scores, figures } = scoreSquad(data, predictions, nullOdds);
  const { relative_to } = requirements;
  const reference =
    relative_to === undefined
      ? undefined
      : scoreSquad(data, await readPredictions(relative_to), undefined).scores;
  return {
    version: data.version,
    question_count: data.questions.length,
    figures,
    checks: checkScores(scores, requirements, reference),
  };
}

/** The figures of a report, one a line, then the checks. */
export function reportText({ version, question_count, figures, checks }: SquadReport): string {
  const lines = Object.entries(figures).map(([key, value]) => `${key}: ${value}`);
  return `${[`SQuAD v${version}, ${question_count} questions`, ...lines, ...checks.map(({ line }) => line)].join('\n')}\n`;
}

/** What a file's answers took, for a person. */
export function speedText({ stages, inferences, sampleCount }: Answered): string {
  const { samples_per_second, mean_of_reciprocals_per_second } = throughputOf(inferences);
  return (
    `${sampleCount} samples: tokenize ${stages.tokenize_ms.toFixed(0)} ms, inference ${stages.inference_ms.toFixed(0)} ms, project ${stages.project_ms.toFixed(0)} ms\n` +
    `${samples_per_second.toFixed(1)} samples/s (samples over inference time); mean of 1/latency ${mean_of_reciprocals_per_second.toFixed(1)}/s\n`
  );
}
