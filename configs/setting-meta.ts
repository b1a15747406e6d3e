// What every setting says of itself beside its type and its default: made into help, the JSON Schema and messages.

import type { EngineName } from './engine-choices.js';

declare module 'zod' {
  interface GlobalMeta {
    /** Unit of the value, for people. */
    unit?: string;
    /** Heading of --help. */
    group?: Group;
    /** Other spellings of the flag. */
    aliases?: readonly string[];
    /** What applies when nothing is said, where the schema itself has no default. */
    unset?: string;
    /** The engines a setting has a meaning for; all where it is absent. */
    engines?: readonly EngineName[];
  }
}

export const groups = [
  'What to run',
  'Engine',
  'GPU engine',
  'Data set',
  'Output',
  'Targets that nobody gave',
  'LoadGen: targets and bounds',
  'LoadGen: length of a run',
  'LoadGen: seeds and accuracy log',
  'LoadGen: special tests',
] as const;
export type Group = (typeof groups)[number];
