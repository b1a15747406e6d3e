// The command line: flags from the schema, every spelling of them, all mistakes at once, and --help.
// Spelling follows NVIDIA's harness (RUN_ARGS), but a flag is never ignored: unknown, repeated or senseless is an error.

import yargs from 'yargs';
import { Parser } from 'yargs/helpers';
import { exitCodes, ConfigError } from '../configs/errors.js';
import { didYouMean } from '../configs/did-you-mean.js';
import { explainIssue, quoted } from '../configs/explain-issue.js';
import { selectionSchema } from '../configs/selection.js';
import { groups } from '../configs/setting-meta.js';
import type { Flags } from '../configs/schema.js';
import type { Selection } from '../configs/selection.js';
import { findSetting, settingTable } from '../configs/setting-table.js';
import type { Setting } from '../configs/setting-table.js';
import { uint64 } from '../configs/test-settings.js';
import { allConfigVers } from '../configs/variants.js';
import { variantFlags, variantWord } from './variant-flags.js';
import { commands } from './commands.js';

/** What the command line asks for. */
export type CommandLine =
  { readonly kind: 'help' } | { readonly kind: 'version' } | { readonly kind: 'run'; readonly flags: Flags };

/** Flags that make sense beside --config, which brings all the others. */
const besideConfig = [
  ...['config', 'action', 'log_dir', 'quiet', 'dry_run'],
  ...settingTable
    .filter(({ group, scope }) => group === 'Output' && scope === 'setting')
    .map(({ key }) => key),
];

/**
 * Reads the arguments after the program's name.
 *
 * @throws {ConfigError} with every mistake, one a line.
 */
export function parseFlags(argv: readonly string[]): CommandLine {
  const problems: string[] = [];
  const given = readArguments(argv, problems);
  if (given.has('help')) return { kind: 'help' };
  if (given.has('version')) return { kind: 'version' };

  const values = new Map<string, unknown>();
  for (const [key, texts] of given) {
    const setting = findSetting(key);
    if (setting === undefined) problems.push(`unknown flag --${key}${didYouMean(key, flagNames, '--')}`);
    else if (texts.length > 1) problems.push(`--${key} is given ${texts.length} times; give it once`);
    else values.set(key, readValue(setting, texts[0] ?? '', problems));
  }
  const selection = readSelection(variantFlags(values, problems));
  // Which flags make sense is only known once the scenarios are.
  const isKnown = !values.has('scenarios') || values.get('scenarios') !== undefined;
  if (isKnown) problems.push(...senseless([...values.keys()], selection));
  if (problems.length > 0) throw new ConfigError([...problems, 'Run with --help for all flags.'].join('\n'));
  const overrides = Object.fromEntries([...values].filter(([key]) => findSetting(key)?.scope === 'setting'));
  return { kind: 'run', flags: Object.freeze({ selection, overrides: Object.freeze(overrides) }) };
}

const canonicalNames = new Map(
  settingTable.flatMap(({ key, aliases }) => [key, ...aliases].map((name) => [name, key] as const)),
);
const flagNames = [...canonicalNames.keys(), 'help', 'version'];
const isBoolean = (key: string) =>
  key === 'help' || key === 'version' || findSetting(key)?.kind === 'boolean';

/** key → every text given for it. */
function readArguments(argv: readonly string[], problems: string[]): ReadonlyMap<string, readonly string[]> {
  const texts = flagNames.filter((name) => findSetting(name) !== undefined || !canonicalNames.has(name));
  const parsed = Parser(argv.map(canonicalArgument), {
    string: texts,
    configuration: {
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'duplicate-arguments-array': true,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
    },
  });
  problems.push(...parsed._.map((word) => `unexpected argument ${quoted(word)}: flags start with --`));
  return new Map(
    Object.entries(parsed)
      .filter(([key]) => key !== '_')
      .map(([key, value]) => [key, (Array.isArray(value) ? value : [value]).map(String)]),
  );
}

/**
 * One spelling for each flag: --server-target-qps=5 → --server_target_qps=5, --test_run → --fast=true,
 * --no-probe → --probe=false. What is not a known flag stays as it is.
 */
function canonicalArgument(argument: string): string {
  if (argument === '-h') return '--help=true';
  const [, name, value] = /^--([^=]+)(=[^]*)?$/.exec(argument) ?? [];
  if (name === undefined) return argument;
  const spelled = name.toLowerCase().replaceAll('-', '_');
  const key = canonicalNames.get(spelled) ?? spelled;
  const negated = canonicalNames.get(spelled.replace(/^no_/, ''));
  if (negated !== undefined && negated !== key && isBoolean(negated) && value === undefined) {
    return `--${negated}=false`;
  }
  return `--${key}${value ?? (isBoolean(key) ? '=true' : '')}`;
}

/** A flag's text as a value of its schema; undefined with a problem when it is none. */
function readValue(setting: Setting, text: string, problems: string[]): unknown {
  const name = `--${setting.key}`;
  if (text === '') {
    problems.push(`${name} needs a value: ${setting.description}`);
    return undefined;
  }
  const value = fromText(setting, text);
  const parsed = setting.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const [place] = issue.path;
    const got: unknown = Array.isArray(value) && typeof place === 'number' ? value[place] : value;
    const hint = typeof got === 'string' ? didYouMean(got, setting.choices) : '';
    problems.push(`${name} ${explainIssue(issue, got)}${hint}`);
  }
  return undefined;
}

const booleanWords: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  yes: true,
  on: true,
  false: false,
  0: false,
  no: false,
  off: false,
};

/** The text in the type its schema wants; left as text where it is not of that kind, for the schema to refuse. */
function fromText(setting: Setting, text: string): unknown {
  switch (setting.kind) {
    case 'boolean':
      return booleanWords[text.toLowerCase()] ?? text;
    case 'number':
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
    case 'seed':
      return uint64.safeParse(text).data ?? text;
    case 'choice':
      return variantWord(setting.key, text) ?? choice(text, setting.choices);
    case 'list': {
      const words = text
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== '');
      const all: readonly string[] = setting.key === 'config_ver' ? allConfigVers : setting.choices;
      const chosen = words.flatMap((word) =>
        word.toLowerCase() === 'all' ? all : [choice(word, setting.choices)],
      );
      return [...new Set(chosen)];
    }
    case 'text':
      return text;
  }
}

/** Single-Stream, singlestream, SINGLE_STREAM → SingleStream. */
function choice(word: string, choices: readonly string[]): string {
  const plain = (text: string) => text.toLowerCase().replace(/[-_\s]/g, '');
  return choices.find((each) => plain(each) === plain(word)) ?? word;
}

function readSelection(values: ReadonlyMap<string, unknown>): Selection {
  const given = [...values].filter(([key, value]) => key in selectionSchema.shape && value !== undefined);
  return Object.freeze(selectionSchema.parse(Object.fromEntries(given)));
}

/** Flags that are right by themselves, but have no effect or contradict each other. */
function senseless(given: readonly string[], selection: Selection): string[] {
  const problems = given.flatMap((key) => {
    const scenario = findSetting(key)?.scenario;
    if (scenario === undefined || selection.scenarios.includes(scenario)) return [];
    return [`--${key} belongs to ${scenario}, but --scenarios is ${selection.scenarios.join(',')}`];
  });
  if (selection.system !== undefined && selection.system_file !== undefined)
    problems.push('--system and --system_file exclude each other; give one of them');
  if (selection.quick && selection.fast)
    problems.push('--quick and --fast exclude each other; give one of them');
  if (selection.config !== undefined) {
    const others = given.filter((key) => !besideConfig.includes(key));
    if (others.length > 0) {
      problems.push(`--config brings all settings; leave out ${others.map((key) => `--${key}`).join(', ')}`);
    }
  }
  return problems;
}

/** The text of --help: every flag from the schema, the exit codes, three examples. */
export async function helpText(): Promise<string> {
  const builder = yargs([])
    .help(false)
    .version(false)
    .locale('en')
    .wrap(110)
    .usage(
      'loadrig: LoadGen benchmarks of question answering\n\nUsage: make run RUN_ARGS="--flag=value …"   or   loadrig --flag=value …',
    )
    .epilogue(epilogue());
  for (const setting of settingTable) {
    builder.option(setting.key, {
      group: setting.group,
      describe: describe(setting),
      alias: [...setting.aliases],
    });
  }
  builder.option('help', { group: groups[0], describe: 'Show this text.', alias: 'h' });
  builder.option('version', { group: groups[0], describe: 'Show the version.' });
  return `${await builder.getHelp()}\n`;
}

function describe({ description, unit, kind, choices, fallback, unset }: Setting): string {
  const parts = [
    ...(choices.length > 0 ? [choices.join(' | ')] : []),
    ...(unit === undefined ? [] : [unit]),
    ...(kind === 'boolean' && fallback === false ? [] : [`default: ${unset ?? String(fallback)}`]),
  ];
  return parts.length === 0 ? description : `${description} [${parts.join('; ')}]`;
}

function epilogue(): string {
  const codes = Object.values(exitCodes).map(
    ({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`,
  );
  return [
    'Flags: --server_target_qps and --server-target-qps are the same; --flag=false and --no-flag switch off;',
    'lists are separated by commas; words are taken in any case (singlestream, Single-Stream).',
    "Defaults here are the schema's; --dry_run shows what applies, and why:",
    'schema defaults < rules of the round < configs/<benchmark>/<Scenario>/config.json < systems/<system id>.json',
    '< user.conf < flags; an audit.config in the working directory wins over all of them.',
    '',
    'Commands (loadrig NAME --help):',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(8)} ${summary}`),
    '',
    'Exit codes:',
    ...codes,
    '',
    'Examples:',
    '  make run RUN_ARGS="--quick"',
    '  make run RUN_ARGS="--benchmarks=bert --scenarios=Offline,Server --test_mode=AccuracyOnly"',
    '  make run_harness RUN_ARGS="--scenarios=server --server_target_qps=40 --min_duration=120000 --dry_run"',
  ].join('\n');
}
