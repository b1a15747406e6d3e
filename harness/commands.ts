// The commands of the program beside `run`: an explicit list. `loadrig NAME …`; without a name it runs benchmarks.

/** A command's module: harness/<name>/command.ts. */
export interface CommandModule {
  /**
   * Does the command with the arguments after its name.
   *
   * @returns the exit code (configs/errors.ts).
   * @throws {ConfigError | SetupError | RunError}
   */
  run(argv: readonly string[]): Promise<number>;
}

export interface Command {
  readonly name: string;
  /** One line for --help. */
  readonly summary: string;
  /** Loaded on demand: a command must not pay for the others' libraries. */
  readonly load: () => Promise<CommandModule>;
}

export const commands: readonly Command[] = [
  {
    name: 'ask',
    summary: 'answers to questions about a passage, or to all of a SQuAD file, with their score',
    load: () => import('./ask/command.js'),
  },
  {
    name: 'build',
    summary: 'an engine file from a checkpoint of any kind, with what it was made of',
    load: () => import('./build/command.js'),
  },
  {
    name: 'compare',
    summary: 'results side by side, with those that were submitted, as tables and a picture',
    load: () => import('./compare/command.js'),
  },
  {
    name: 'doctor',
    summary: 'whether this machine is ready for a run, and what to do where it is not',
    load: () => import('./doctor/command.js'),
  },
  {
    name: 'explain',
    summary: 'where the value of a setting comes from, and what each layer says',
    load: () => import('./explain/command.js'),
  },
  {
    name: 'fetch',
    summary: 'models and data sets from an address, a file, a folder or an archive, checked',
    load: () => import('./fetch/command.js'),
  },
  {
    name: 'list',
    summary: 'the systems, scenarios and variants there are',
    load: () => import('./list/command.js'),
  },
  {
    name: 'perf',
    summary: 'times of a TensorRT engine without LoadGen, as trtexec gives them',
    load: () => import('./perf/command.js'),
  },
];
