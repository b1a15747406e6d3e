// An engine file for `ask`: what its sidecar says decides what may be asked of it.

import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { ConfigError, SetupError } from '../../configs/errors.js';
import type { EngineProfile } from '../../engines/contract.js';
import { runtimeOf } from '../../engines/index.js';
import { damageOf } from '../build/place-engine.js';
import { profileText } from '../build/profiles.js';
import { readSidecar, type Sidecar } from '../build/sidecar.js';

/** Whether the value of --engine is a file and no name. */
export const isEngineFile = (engine: string): boolean =>
  engine.includes('/') || /\.\w+$/.test(engine) || existsSync(engine);

/**
 * The sidecar of an engine file, once everything it says has been checked; undefined of an ONNX file without one.
 *
 * @throws {SetupError} when the file is not there, damaged, or of another runtime or processor.
 * @throws {ConfigError} when the sidecar is none.
 */
export async function checkedSidecar(file: string): Promise<Sidecar | undefined> {
  if (!existsSync(file)) {
    throw new SetupError(
      `engine file ${file}: no such file. Build one with \`loadrig build -o ${file}\`, or give the name of an engine (onnxruntime) to have it built.`,
    );
  }
  const sidecar = readSidecar(file);
  if (sidecar === undefined) return undefined;
  const problem = (await damageOf(file, sidecar)) ?? (await misfitOf(sidecar));
  if (problem === undefined) return sidecar;
  throw new SetupError(`engine file ${file}: ${problem}. Build it again with \`loadrig build -o ${file}\`.`);
}

async function misfitOf({ engine, runtime, build }: Sidecar): Promise<string | undefined> {
  const here = await runtimeOf(engine);
  if (runtime !== here) return `it was built with ${runtime}, this is ${here}`;
  const processor = cpus()[0]?.model;
  const builtOn = build?.machine.processor;
  // A CPU engine may hold layouts of the processor that optimised it.
  if (engine === 'onnxruntime' && builtOn !== undefined && processor !== undefined && builtOn !== processor)
    return `it was built on ${builtOn}, this is ${processor}`;
  return undefined;
}

/** The profile with the least room to spare for a batch and a length. @throws {ConfigError} when none has room. */
export function tightestProfile(
  file: string,
  { profiles }: Sidecar,
  batch: number,
  length: number,
): EngineProfile {
  const roomOf = (profile: EngineProfile): number => profile.batch.max * profile.sequence.max;
  const [best] = profiles
    .filter((profile) => profile.batch.max >= batch && profile.sequence.max >= length)
    .sort((a, b) => roomOf(a) - roomOf(b));
  if (best !== undefined) return best;
  throw new ConfigError(
    `engine file ${file} has no profile for batch ${batch} and length ${length}; it was built for\n` +
      `${profiles.map((profile) => `  ${profileText(profile)}`).join('\n')}\n` +
      'Ask for less with --batch_size and --sequence_length, or build it for more.',
  );
}

/** The longest sample that any profile has room for. */
export const longestOf = ({ profiles }: Sidecar): number =>
  Math.max(...profiles.map(({ sequence }) => sequence.max));
