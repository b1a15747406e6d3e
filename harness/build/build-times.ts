// What earlier builds took, kept among the engines: from it a later build of that kind tells how long it may be.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWholeFile } from '../write-file.js';

const FILE = 'build-times.json';
const MOST_BUILDS = 100;

const buildSchema = z.object({
  /** Engine, precision and what else decides about its phases. */
  kind: z.string(),
  /** Processor or GPU. */
  machine: z.string(),
  parameter_count: z.number().positive(),
  /** Of each phase, in order. */
  seconds: z.record(z.string(), z.number()),
});
export type TimedBuild = Readonly<z.output<typeof buildSchema>>;

export type Seconds = Readonly<Record<string, number>>;

/**
 * What each phase may take: as the build of that kind and machine whose model was nearest in size, the newest of several, in
 * proportion to the parameters. Undefined where there was none.
 */
export function expectedSeconds(
  folder: string,
  { kind, machine, parameter_count }: Omit<TimedBuild, 'seconds'>,
): Seconds | undefined {
  const distance = (build: TimedBuild): number => Math.abs(Math.log(build.parameter_count / parameter_count));
  const [nearest] = readBuilds(folder)
    .filter((build) => build.kind === kind && build.machine === machine)
    .reverse()
    .sort((a, b) => distance(a) - distance(b));
  if (nearest === undefined) return undefined;
  const ratio = parameter_count / nearest.parameter_count;
  return Object.fromEntries(
    Object.entries(nearest.seconds).map(([phase, seconds]) => [phase, seconds * ratio]),
  );
}

/** Keeps what a build took. An estimate that cannot be kept is no reason to fail. */
export function keepBuildTimes(folder: string, build: TimedBuild): void {
  try {
    const builds = [...readBuilds(folder), build].slice(-MOST_BUILDS);
    writeWholeFile(join(folder, FILE), `${JSON.stringify(builds, null, 1)}\n`);
  } catch {
    // the next build tells nothing, as the first did
  }
}

function readBuilds(folder: string): readonly TimedBuild[] {
  try {
    return z.array(buildSchema).parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')));
  } catch {
    return []; // none yet, or of another version
  }
}
