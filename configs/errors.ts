// The three errors a person can meet, told apart by who can mend them, and the exit code of each.

/** The user can mend it: a flag, a config file, a data set. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The machine must change: a missing file or library, no permission, no space. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}

/** The engine or the run broke: a worker died, a session threw, a sample never completed. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

/** One table, shown by --help. */
export const exitCodes = {
  valid: { code: 0, meaning: 'every run VALID and every accuracy PASSED' },
  bug: { code: 1, meaning: 'a bug in loadrig (the stack is printed; please report it)' },
  config: { code: 2, meaning: 'a flag, a config file or the data set is wrong' },
  setup: { code: 3, meaning: 'the machine lacks something: a file, a library, permission, disk space' },
  run: { code: 4, meaning: 'the engine or the run broke; logs up to then are kept' },
  invalid: { code: 5, meaning: 'a run finished but is INVALID' },
  accuracyFailed: { code: 6, meaning: 'the accuracy is below its threshold' },
  interrupted: { code: 130, meaning: 'stopped by Ctrl-C; logs are written and marked interrupted' },
} as const;
