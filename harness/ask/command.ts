// `loadrig ask`: questions about a passage, or a whole SQuAD file. Does the work of inference.py and evaluate-v1.1.py of
// the TensorRT BERT demo.

import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { ConfigError, exitCodes, SetupError } from '../../configs/errors.js';
import { readPredictions } from '../accuracy/score.js';
import type { AnswerRules } from '../accuracy/n-best.js';
import { MAX_ANSWER_LENGTH, BEST_COUNT } from '../accuracy/predict.js';
import { commandHelp, parseCommandFlags } from '../command-flags.js';
import { SYNTHETIC } from '../model-files.js';
import { inputPath } from '../places.js';
import { readSquad, type SquadData } from '../qsl/squad.js';
import { toJsonText, writeWholeFile } from '../write-file.js';
import { answerPage, type AnsweredPassage } from './answer-page.js';
import { answerLines, answersJson, stageLine } from './answer-text.js';
import { createAsker, type Answered } from './asker.js';
import { askFlags, askUsage, type AskFlags } from './flags.js';
import { readPassage, readQuestions } from './inputs.js';
import { count, openModel } from './open-model.js';
import { promptForQuestions } from './prompt.js';
import {
  latencyPercentiles,
  latencyText,
  writeQuestionLatencies,
  type QuestionLatency,
} from './question-latencies.js';
import {
  readNullOdds,
  reportScores,
  reportText,
  speedText,
  throughputOf,
  writePredictions,
  type SquadReport,
} from './squad-run.js';
import { checkRequirements } from './verdict.js';

/** @throws {ConfigError | SetupError | RunError} */
export async function run(argv: readonly string[]): Promise<number> {
  const { values: flags, isHelp } = parseCommandFlags(askFlags, askUsage, argv);
  if (isHelp) {
    process.stdout.write(await commandHelp(askFlags, askUsage));
    return exitCodes.valid.code;
  }
  checkRequirements(flags);
  refuseMixedUse(flags);
  if (flags.latency_file !== undefined) requireWritable(flags.latency_file, 'latency_file');
  if (flags.html !== undefined) requireWritable(flags.html, 'html');
  if (flags.score !== undefined) return scoreFile(flags, flags.score);
  if (flags.squad_json !== undefined) return answerSquad(flags, flags.squad_json);
  return answerPassage(flags);
}

/** Flags of one use beside those of another would be ignored without a word. @throws {ConfigError} */
function refuseMixedUse(flags: AskFlags): void {
  const given = (names: readonly (keyof AskFlags)[]): readonly string[] =>
    names
      .filter((name) => {
        const value = flags[name];
        return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
      })
      .map((name) => `--${name}`);
  const ofFile = given([
    'score',
    'null_odds',
    'output_prediction_file',
    'limit',
    'null_score_diff_threshold',
    'min_f1',
    'min_em',
    'tolerance',
    'relative_to',
    'at_least',
  ]);
  const ofPassage = given(['passage', 'passage_file', 'question', 'question_file', 'html']);
  if (flags.squad_json === undefined && ofFile.length > 0)
    throw new ConfigError(`${ofFile.join(', ')}: only with --squad_json=FILE`);
  if (flags.squad_json !== undefined && ofPassage.length > 0)
    throw new ConfigError(
      `${ofPassage.join(', ')}: not with --squad_json, which brings its own passages and questions`,
    );
  if (flags.latency_file !== undefined && flags.score !== undefined)
    throw new ConfigError('--latency_file: not with --score, which runs nothing');
  if (flags.null_odds !== undefined && flags.score === undefined)
    throw new ConfigError('--null_odds: only with --score=FILE; otherwise they are computed');
}

async function answerPassage(flags: AskFlags): Promise<number> {
  const questions = readQuestions(flags);
  const passage = await readPassage(flags, {
    isTerminal: process.stdin.isTTY,
    readAll: () => text(process.stdin),
  });
  if (questions.length === 0 && !process.stdin.isTTY && flags.passage === undefined && isFromInput(flags))
    throw new ConfigError(
      'no question: standard input holds the passage, so give one with --question or --question_file',
    );
  if (passage === undefined && questions.length > 0)
    throw new ConfigError(
      'no passage: give one with --passage="…", --passage_file=FILE or on standard input',
    );
  const rules = rulesOf(flags);
  await using model = await openModel(flags, say);
  const asker = createAsker(model);
  const latencies: QuestionLatency[] = [];
  const shown: AnsweredPassage[] = [];
  const keep = (context: string, asked: readonly string[], answered: Answered): void => {
    latencies.push(...latenciesOf(asked, answered));
    if (flags.latency_file !== undefined) writeQuestionLatencies(flags.latency_file, latencies);
    shown.push({ passage: context, questions: asked, answered });
    if (flags.html !== undefined) writeWholeFile(flags.html, answerPage(model, shown));
  };
  if (questions.length > 0 && passage !== undefined) {
    const answered = await asker.ask(
      questions.map((question) => ({ question, context: passage })),
      rules,
    );
    keep(passage, questions, answered);
    if (flags.json) process.stdout.write(toJsonText(answersJson(passage, questions, answered, model)));
    else {
      const blocks = questions.map((question, place) =>
        answerLines(question, answered.answers[place]!, flags.n_best),
      );
      process.stdout.write(
        `${model.isSynthetic ? `(${SYNTHETIC})\n` : ''}Passage: ${passage.trim()}\n\n${blocks.join('\n')}\n${stageLine(answered.stages)}` +
          (questions.length > 1 ? latencyText(answered.questionTimes) : ''),
      );
    }
    return exitCodes.valid.code;
  }
  await promptForQuestions({
    input: process.stdin,
    output: process.stdout,
    isTerminal: process.stdin.isTTY && process.stdout.isTTY,
    passage,
    answer: async (context, question) => {
      const answered = await asker.ask([{ question, context }], rules);
      keep(context, [question], answered);
      if (flags.json) return toJsonText(answersJson(context, [question], answered, model));
      return answerLines(question, answered.answers[0]!, flags.n_best) + stageLine(answered.stages);
    },
  });
  return exitCodes.valid.code;
}

const isFromInput = ({ passage_file }: AskFlags): boolean =>
  passage_file === undefined || passage_file === '-';

async function answerSquad(flags: AskFlags, squadFile: string): Promise<number> {
  const data = await readLimited(flags, squadFile);
  const outFile = flags.output_prediction_file ?? 'predictions.json';
  requireWritable(outFile, 'output_prediction_file');
  const nullScoreDiffThreshold = data.version === '2.0' ? (flags.null_score_diff_threshold ?? 0) : undefined;
  if (nullScoreDiffThreshold === undefined && flags.null_score_diff_threshold !== undefined)
    throw new ConfigError(
      `--null_score_diff_threshold: ${squadFile} is SQuAD v1.1, where every question has an answer`,
    );
  const rules = {
    ...rulesOf(flags),
    ...(nullScoreDiffThreshold === undefined ? {} : { nullScoreDiffThreshold }),
  };
  await using model = await openModel(flags, say);
  if (model.isSynthetic)
    throw new ConfigError(`${model.title} has ${SYNTHETIC}: there is nothing to score. Use a trained model.`);
  say(`${squadFile}: SQuAD v${data.version}, ${data.questions.length} questions; ${model.title}`);
  const answered = await createAsker(model).ask(data.questions, rules, createProgressLine(flags.quiet));
  const { questions } = data;
  const { answers } = answered;
  const files = [...writePredictions(outFile, questions, answers)];
  if (flags.latency_file !== undefined) {
    const ids = questions.map(({ id }) => id);
    writeQuestionLatencies(flags.latency_file, latenciesOf(ids, answered));
    files.push(flags.latency_file);
  }
  const predictions = new Map(questions.map(({ id }, place) => [id, answers[place]!.answer]));
  const nullOdds = new Map(questions.map(({ id }, place) => [id, answers[place]!.nullOdds ?? 0]));
  const report = await reportScores(data, predictions, data.version === '2.0' ? nullOdds : undefined, flags);
  if (flags.json)
    process.stdout.write(
      toJsonText({
        ...report,
        files,
        sample_count: answered.sampleCount,
        ...answered.stages,
        ...throughputOf(answered.inferences),
        question_latency: latencyPercentiles(answered.questionTimes),
      }),
    );
  else
    process.stdout.write(
      `${reportText(report)}${speedText(answered)}${latencyText(answered.questionTimes)}${files.join(', ')} written\n`,
    );
  return exitCodeOf(report);
}

async function scoreFile(flags: AskFlags, predictionsFile: string): Promise<number> {
  if (flags.squad_json === undefined) throw new ConfigError('--score needs --squad_json=FILE, the questions');
  const data = await readLimited(flags, flags.squad_json);
  const nullOdds = flags.null_odds === undefined ? undefined : await readNullOdds(flags.null_odds);
  if (nullOdds !== undefined && data.version === '1.1')
    throw new ConfigError(
      `--null_odds: ${flags.squad_json} is SQuAD v1.1, where every question has an answer`,
    );
  const report = await reportScores(data, await readPredictions(predictionsFile), nullOdds, flags);
  process.stdout.write(flags.json ? toJsonText(report) : reportText(report));
  return exitCodeOf(report);
}

const exitCodeOf = ({ checks }: SquadReport): number =>
  checks.every(({ passed }) => passed) ? exitCodes.valid.code : exitCodes.accuracyFailed.code;

async function readLimited(flags: AskFlags, squadFile: string): Promise<SquadData> {
  const data = await readSquad(inputPath(squadFile), ['1.1', '2.0']);
  return { ...data, questions: data.questions.slice(0, count(flags.limit, data.questions.length, 'limit')) };
}

function rulesOf({ n_best_size, max_answer_length }: AskFlags): AnswerRules {
  return {
    nBestSize: count(n_best_size, BEST_COUNT, 'n_best_size'),
    maxAnswerLength: count(max_answer_length, MAX_ANSWER_LENGTH, 'max_answer_length'),
  };
}

function latenciesOf(names: readonly string[], { questionTimes }: Answered): readonly QuestionLatency[] {
  return questionTimes.map((times, place) => ({ question: names[place] ?? '', ...times }));
}

/** Minutes of inference must not end at a folder that is not there. @throws {SetupError} */
function requireWritable(file: string, flag: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(
      `--${flag}: cannot write into ${dirname(file)}: ${reason}. Name a file in a folder that is there.`,
      { cause },
    );
  }
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const PROGRESS_EVERY_MS = 200;

/** `120 of 1232 samples, 70.1/s, 16 s left` on a terminal; nothing elsewhere. */
function createProgressLine(quiet: boolean): (done: number, all: number) => void {
  const { stderr } = process;
  if (quiet || !stderr.isTTY) return () => undefined;
  const startMs = performance.now();
  let shownMs = 0;
  return (done, all) => {
    const nowMs = performance.now();
    if (nowMs - shownMs < PROGRESS_EVERY_MS && done < all) return;
    shownMs = nowMs;
    const perSecond = (done * 1000) / (nowMs - startMs);
    const leftS = Math.ceil((all - done) / perSecond);
    stderr.write(
      `\r\x1b[K${done} of ${all} samples, ${perSecond.toFixed(1)}/s, ${leftS} s left${done === all ? '\n' : ''}`,
    );
  };
}
