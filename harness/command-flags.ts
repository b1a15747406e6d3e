// Flags of the commands beside `run`: one table per command gives parsing, help and error texts. Long forms are taken with
// dashes or underscores; short forms may have several letters (-pf), as in the scripts of the TensorRT BERT demo.

import { Parser } from 'yargs/helpers';
import yargs from 'yargs';
import { didYouMean } from '../configs/did-you-mean.js';
import { ConfigError } from '../configs/errors.js';
import { quoted } from '../configs/explain-issue.js';

/** One flag of a command. */
export interface CommandFlag {
  /**
   * text, number, boolean: one value; choice: one of `choices`; words: all words up to the next flag, joined by blanks.
   */
  readonly kind: 'text' | 'number' | 'boolean' | 'choice' | 'words';
  /** What it is for, as one sentence. */
  readonly description: string;
  /** Further spellings: `p` for -p, `pf` for -pf, `passage_text` for --passage-text. */
  readonly aliases?: readonly string[];
  readonly choices?: readonly string[];
  /** May be given several times; the value is a list then. */
  readonly repeatable?: boolean;
  /** Shown in the help where the command itself has a default. */
  readonly fallback?: string;
  readonly unit?: string;
  /** Heading in the help. */
  readonly group?: string;
}

/** The flags of a command: canonical name in snake_case → flag. */
export type CommandFlags = Readonly<Record<string, CommandFlag>>;

type ValueOf<F extends CommandFlag> = F['kind'] extends 'boolean'
  ? boolean
  : F['repeatable'] extends true
    ? readonly (F['kind'] extends 'number' ? number : string)[]
    : (F['kind'] extends 'number' ? number : string) | undefined;

/** Booleans that are not given are false, lists empty, other values undefined. */
export type FlagValues<F extends CommandFlags> = { readonly [K in keyof F]: ValueOf<F[K]> };

export interface ParsedCommand<F extends CommandFlags> {
  readonly values: FlagValues<F>;
  /** What stands without a flag, in order. */
  readonly words: readonly string[];
  /** Whether --help or -h was given; nothing else was checked then. */
  readonly isHelp: boolean;
}

export interface CommandUsage {
  /** "loadrig ask": what is typed. */
  readonly name: string;
  /** Shown at the head of the help: what the command does, how it is called. */
  readonly usage: string;
  readonly examples: readonly string[];
  /** Most words without a flag; 0 by default. */
  readonly mostWords?: number;
}

/** Reads a command's arguments. @throws {ConfigError} with every mistake, one a line. */
export function parseCommandFlags<const F extends CommandFlags>(
  flags: F,
  { name, mostWords = 0 }: CommandUsage,
  argv: readonly string[],
): ParsedCommand<F> {
  const problems: string[] = [];
  const canonical = canonicalNames(flags);
  const ofKind = (kind: CommandFlag['kind']): string[] =>
    Object.keys(flags).filter((key) => flags[key]?.kind === kind);
  const parsed = Parser(
    argv.map((argument) => canonicalArgument(argument, flags, canonical)),
    {
      boolean: ['help'],
      array: ofKind('words'),
      string: Object.keys(flags),
      configuration: {
        'boolean-negation': false,
        'camel-case-expansion': false,
        'dot-notation': false,
        'duplicate-arguments-array': true,
        'flatten-duplicate-arrays': false,
        'parse-numbers': false,
        'parse-positional-numbers': false,
        'short-option-groups': false,
      },
    },
  );
  const { _: words, help, ...given } = parsed as { readonly _: readonly string[] } & Record<string, unknown>;
  const isHelp = help === true;
  if (!isHelp) {
    for (const key of Object.keys(given)) {
      if (key in flags) continue;
      const dashes = key.length === 1 ? '-' : '--';
      problems.push(`unknown flag ${dashes}${key}${didYouMean(key, [...canonical.keys()], '--')}`);
    }
    for (const word of words.slice(mostWords)) problems.push(`unexpected argument ${quoted(word)}`);
  }
  const entries = Object.entries(flags).map(([key, flag]) => [
    key,
    valueOf(key, flag, given[key], isHelp ? [] : problems),
  ]);
  if (problems.length > 0)
    throw new ConfigError([...problems, `Run \`${name} --help\` for all flags.`].join('\n'));
  return { values: Object.fromEntries(entries) as FlagValues<F>, words: words.map(String), isHelp };
}

function canonicalNames(flags: CommandFlags): ReadonlyMap<string, string> {
  const names = Object.entries(flags).flatMap(([key, { aliases = [] }]) =>
    [key, ...aliases].map((name) => [name, key] as const),
  );
  return new Map([...names, ['help', 'help'], ['h', 'help']]);
}

/** -pf=x, --passage-file=x → --passage_file=x; --no-json → --json=false. What is not a known flag stays as it is. */
function canonicalArgument(
  argument: string,
  flags: CommandFlags,
  canonical: ReadonlyMap<string, string>,
): string {
  const [, name, value] = /^--?([a-zA-Z][^=]*)(=[^]*)?$/.exec(argument) ?? [];
  if (name === undefined) return argument;
  const spelled = name.replaceAll('-', '_');
  const key = canonical.get(spelled) ?? canonical.get(spelled.toLowerCase());
  const isSwitch = (of: string | undefined): boolean =>
    of === 'help' || (of !== undefined && flags[of]?.kind === 'boolean');
  if (key !== undefined) return `--${key}${value ?? (isSwitch(key) && key !== 'help' ? '=true' : '')}`;
  const negated = canonical.get(spelled.replace(/^no_/, ''));
  if (negated !== undefined && isSwitch(negated) && value === undefined) return `--${negated}=false`;
  return `--${spelled}${value ?? ''}`;
}

function valueOf(key: string, flag: CommandFlag, given: unknown, problems: string[]): unknown {
  const texts = textsOf(flag, given);
  if (texts.length === 0) return flag.kind === 'boolean' ? false : flag.repeatable ? [] : undefined;
  if (texts.length > 1 && !flag.repeatable) {
    problems.push(`--${key} is given ${texts.length} times; give it once`);
    return undefined;
  }
  const values = texts.map((text) => readValue(key, flag, text, problems));
  return flag.repeatable ? values : values[0];
}

function textsOf({ kind }: CommandFlag, given: unknown): readonly string[] {
  if (given === undefined) return [];
  if (kind !== 'words') return (Array.isArray(given) ? given : [given]).map(String);
  const lists = Array.isArray(given) && Array.isArray(given[0]) ? given : [given];
  return lists.map((words) => (Array.isArray(words) ? words.join(' ') : String(words)));
}

function readValue(key: string, flag: CommandFlag, text: string, problems: string[]): unknown {
  const { kind, description, choices = [] } = flag;
  if (text === '') {
    problems.push(`--${key} needs a value: ${description}`);
    return undefined;
  }
  switch (kind) {
    case 'text':
    case 'words':
      return text;
    case 'boolean': {
      if (['true', 'yes', 'on', '1'].includes(text.toLowerCase())) return true;
      if (['false', 'no', 'off', '0'].includes(text.toLowerCase())) return false;
      problems.push(`--${key} must be true or false, got ${quoted(text)}`);
      return undefined;
    }
    case 'number': {
      if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
      problems.push(`--${key} must be a number, got ${quoted(text)}`);
      return undefined;
    }
    case 'choice': {
      const plain = (word: string): string => word.toLowerCase().replace(/[-_\s]/g, '');
      const found = choices.find((each) => plain(each) === plain(text));
      if (found === undefined) {
        problems.push(
          `--${key} must be one of ${choices.join(', ')}, got ${quoted(text)}${didYouMean(text, choices)}`,
        );
      }
      return found;
    }
  }
}

/** The help text of a command. */
export async function commandHelp(flags: CommandFlags, usage: CommandUsage): Promise<string> {
  const builder = yargs([])
    .help(false)
    .version(false)
    .locale('en')
    .wrap(110)
    .usage(usage.usage)
    .epilogue(['Examples:', ...usage.examples.map((line) => `  ${line}`)].join('\n'));
  for (const [
    key,
    { description, aliases = [], choices, unit, fallback, group, repeatable },
  ] of Object.entries(flags)) {
    const notes = [
      ...(choices === undefined ? [] : [choices.join(' | ')]),
      ...(unit === undefined ? [] : [unit]),
      ...(repeatable ? ['may be repeated'] : []),
      ...(fallback === undefined ? [] : [`default: ${fallback}`]),
    ];
    builder.option(key, {
      describe: notes.length === 0 ? description : `${description} [${notes.join('; ')}]`,
      alias: [...aliases],
      ...(group === undefined ? {} : { group: `${group}:` }),
    });
  }
  builder.option('help', { describe: 'Show this text.', alias: 'h' });
  return `${await builder.getHelp()}\n`;
}
