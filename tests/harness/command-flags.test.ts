// Flags of the commands: every spelling, every mistake, and the help made from the same table.

import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../configs/errors.js';
import { commandHelp, parseCommandFlags, type CommandFlags } from '../../harness/command-flags.js';

const flags = {
  passage_file: { kind: 'text', description: 'File with the passage.', aliases: ['pf'] },
  passage: { kind: 'words', description: 'The passage.', aliases: ['p'] },
  question: { kind: 'words', description: 'A question.', aliases: ['q'], repeatable: true },
  batch_size: {
    kind: 'number',
    description: 'Batch sizes.',
    aliases: ['b'],
    repeatable: true,
    unit: 'samples',
  },
  workspace_size: { kind: 'number', description: 'Builder memory.', aliases: ['w'], fallback: '1000' },
  strict: { kind: 'boolean', description: 'Refuse other precisions.', aliases: ['t'] },
  engine: { kind: 'choice', description: 'Engine.', choices: ['onnxruntime', 'null'] },
} as const satisfies CommandFlags;
const usage = { name: 'loadrig try', usage: 'Tries things.', examples: ['loadrig try -b 8'] };
const parse = (...argv: string[]) => parseCommandFlags(flags, usage, argv);
const problemsOf = (...argv: string[]): string => {
  try {
    parse(...argv);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('nothing was refused');
};

describe('the flags of a command', () => {
  it('are read in long form with dashes or underscores and in short form', () => {
    for (const argv of [
      ['--passage-file', 'a.txt'],
      ['--passage_file=a.txt'],
      ['-pf', 'a.txt'],
      ['-pf=a.txt'],
    ]) {
      expect(parse(...argv).values.passage_file).toBe('a.txt');
    }
    expect(parse('-w', '512').values.workspace_size).toBe(512);
  });

  it('take all words up to the next flag where words are wanted', () => {
    const { values } = parse('-p', 'A', 'short', 'passage.', '-q', 'What', 'is', 'it?', '-q', 'Why?');
    expect(values.passage).toBe('A short passage.');
    expect(values.question).toEqual(['What is it?', 'Why?']);
  });

  it('that may be repeated are lists, empty when not given', () => {
    expect(parse('-b', '1', '-b', '8').values.batch_size).toEqual([1, 8]);
    expect(parse().values).toMatchObject({ batch_size: [], question: [], strict: false, engine: undefined });
  });

  it('switch on and off', () => {
    expect(parse('-t').values.strict).toBe(true);
    expect(parse('--strict').values.strict).toBe(true);
    expect(parse('--no-strict').values.strict).toBe(false);
    expect(parse('--strict=false').values.strict).toBe(false);
  });

  it('that are wrong are all named at once', () => {
    const text = problemsOf(
      '--pasage-file',
      'x',
      '-w',
      'much',
      '-w',
      'more',
      '--engine=onxruntime',
      'stray',
      '--passage_file=',
    );
    expect(text).toContain('unknown flag --pasage_file; did you mean "--passage_file"?');
    expect(text).toContain('--workspace_size is given 2 times; give it once');
    expect(text).toContain(
      '--engine must be one of onnxruntime, null, got "onxruntime"; did you mean "onnxruntime"?',
    );
    expect(text).toContain('unexpected argument "stray"');
    expect(text).toContain('--passage_file needs a value: File with the passage.');
    expect(text).toContain('Run `loadrig try --help` for all flags.');
    expect(problemsOf('-w', 'much')).toContain('--workspace_size must be a number, got "much"');
    expect(problemsOf('--strict=perhaps')).toContain('--strict must be true or false, got "perhaps"');
  });

  it('leave words without a flag to commands that want them', () => {
    const { words } = parseCommandFlags(flags, { ...usage, mostWords: 2 }, ['squad', '--strict', '1.1']);
    expect(words).toEqual(['squad', '1.1']);
  });

  it('are all in the help, with unit, choices and default', async () => {
    expect(parse('--help', '--nonsense').isHelp).toBe(true);
    expect(parse('-h').isHelp).toBe(true);
    const text = await commandHelp(flags, usage);
    for (const name of Object.keys(flags)) expect(text).toContain(`--${name}`);
    expect(text).toContain('[samples; may be repeated]');
    expect(text).toContain('[onnxruntime | null]');
    expect(text).toContain('[default: 1000]');
    expect(text).toContain('loadrig try -b 8');
  });
});
