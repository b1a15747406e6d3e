// One call of the program: what all its configurations share.

import type { Machine } from '../systems/machine.js';
import type { SystemDescription } from '../systems/schema.js';
import type { Interruption } from './interruption.js';
import type { Program } from './program.js';

export interface Call {
  readonly program: Program;
  /** Arguments as typed, for metadata.json. */
  readonly command: readonly string[];
  readonly startedAt: Date;
  /** build/logs/<date>, made already. */
  readonly folder: string;
  /** This machine, with what its own file says. */
  readonly system: SystemDescription;
  /** This machine as detected, its GPUs and what surrounds it. */
  readonly machine: Machine;
  readonly interruption: Interruption;
  readonly quiet: boolean;
  /** Shows a line to the person; silent with --quiet. */
  readonly say: (line: string) => void;
  /** False for run_harness: an engine that is not there yet is an error that says how to build it. */
  readonly mayBuildEngines: boolean;
  /** Folders of generated files. */
  readonly enginesDir: string;
  readonly preprocessedDir: string;
}
