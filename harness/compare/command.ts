// `loadrig compare FOLDER …`: results side by side, from their logs alone.

import { ConfigError, exitCodes, SetupError } from '../../configs/errors.js';
import { commandHelp, parseCommandFlags } from '../command-flags.js';
import type { CommandFlags, CommandUsage } from '../command-flags.js';
import { openCatalogue } from '../gpu-systems.js';
import { packageRoot } from '../program.js';
import { toJsonText, writeWholeFile } from '../write-file.js';
import { compare } from './comparison.js';
import type { Group } from './comparison.js';
import { findRuns } from './find-runs.js';
import type { ComparedRun } from './find-runs.js';
import { publishedRuns } from './published-runs.js';
import { svgChart } from './svg-chart.js';
import { csvText, markdownText, plainRows, screenText } from './text.js';

const formats = ['text', 'markdown', 'csv', 'json'] as const;

const flags = {
  published: {
    kind: 'boolean',
    description:
      'Also show what was submitted to MLPerf on each GPU: for each the best result of one GPU, v0.7 to v4.1.',
  },
  format: {
    kind: 'choice',
    choices: formats,
    fallback: 'text',
    description: 'Form of the tables; csv and json give plain numbers.',
  },
  svg: { kind: 'text', description: 'Also draw the bars into this file.' },
} as const satisfies CommandFlags;

const usage: CommandUsage = {
  name: 'loadrig compare',
  usage:
    'loadrig compare FOLDER …: results side by side, from their logs alone\n\nFolders are those of build/logs, results/ of a submission, or of one run; every performance run below them\nis a row. Runs of one benchmark and scenario make a table; the first is what the others are compared with.',
  examples: [
    'loadrig compare build/logs/2026.11.25-10.57.56 --published',
    'loadrig compare t4/logs a100/logs --svg=t4-a100.svg --format=markdown > t4-a100.md',
    'loadrig compare ../inference_results_v4.1/closed/NVIDIA/results --format=csv',
  ],
  mostWords: Number.POSITIVE_INFINITY,
};

/** Prints the comparison. @throws {ConfigError} for folders without runs. @throws {SetupError} where the picture cannot be written. */
export async function run(argv: readonly string[]): Promise<number> {
  const { values, words, isHelp } = parseCommandFlags(flags, usage, argv);
  if (isHelp) {
    process.stdout.write(await commandHelp(flags, usage));
    return exitCodes.valid.code;
  }
  if (words.length === 0)
    throw new ConfigError('compare needs at least one folder with logs, such as: loadrig compare build/logs');
  const own = runsOf(words);
  const groups = compare([...own, ...(values.published ? publishedFor(own) : [])]);
  process.stdout.write(textOf(groups, formats.find((each) => each === values.format) ?? 'text'));
  if (values.svg !== undefined) writePicture(values.svg, groups);
  return exitCodes.valid.code;
}

/** All folders' problems at once. */
function runsOf(folders: readonly string[]): readonly ComparedRun[] {
  const problems: string[] = [];
  const runs = folders.flatMap((folder) => {
    try {
      return findRuns(folder);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return runs;
}

/** What was submitted of the same benchmark and scenario. */
function publishedFor(own: readonly ComparedRun[]): readonly ComparedRun[] {
  return publishedRuns(openCatalogue(packageRoot)).filter((published) =>
    own.some(
      ({ benchmark, scenario }) => benchmark === published.benchmark && scenario === published.scenario,
    ),
  );
}

function textOf(groups: readonly Group[], format: (typeof formats)[number]): string {
  switch (format) {
    case 'text':
      return screenText(groups);
    case 'markdown':
      return markdownText(groups);
    case 'csv':
      return csvText(groups);
    case 'json':
      return toJsonText(plainRows(groups));
  }
}

function writePicture(file: string, groups: readonly Group[]): void {
  try {
    writeWholeFile(file, svgChart(groups));
  } catch (cause) {
    if (cause instanceof SetupError) throw cause;
    throw new SetupError(`cannot write ${file}: ${(cause as Error).message}. Give another place.`, { cause });
  }
  process.stderr.write(`${file}: written\n`);
}
