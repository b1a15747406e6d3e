// An engine file for `ask`: what its sidecar says decides what may be asked of it.

import { existsSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { ConfigError, SetupError } from '../../configs/errors.js';
import type { EngineProfile } from '../../engines/contract.js';
import { runtimeHere } from '../../engines/index.js';
import { damageOf } from '../build/place-engine.js';
import { profileText } from '../build/profiles.js';
import { readSidecar, type Sidecar } from '../build/sidecar.js';

/** Whether the value of --engine is a file and no name. */
export const isEngineFile = (engine: string): boolean =>
  engine.includes('/') || /\.\w+$/.test(engine) || existsSync(engine);

/** Of a folder with a plan, the plan. */
export function engineFileOf(engine: string): string {
  const isFolder = statSync(engine, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) return engine;
  const plan = join(engine, 'engine.plan');
  if (existsSync(plan)) return plan;
  throw new ConfigError(`--engine: no engine.plan in the folder ${engine}; name the engine file itself`);
}

/** Whether a file without a sidecar is TensorRT's, by its name. */
export const isPlan = (file: string): boolean => file.endsWith('.plan');

/**
 * The sidecar of an engine file, once everything it says has been checked; undefined of an ONNX file or a plan without one.
 *
 * @throws {SetupError} when the file is not there, damaged, or of another runtime, processor or GPU; for a plan, without a GPU.
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

async function misfitOf({ engine, runtime, build, built_from }: Sidecar): Promise<string | undefined> {
  const here = await runtimeHere(engine);
  if (runtime !== here.runtime) return `it was built with ${runtime}, this is ${here.runtime}`;
  if (engine === 'tensorrt' && built_from !== undefined && built_from.gpu !== here.gpu)
    return `it was built for ${built_from.gpu}, this is ${here.gpu ?? 'no GPU'}`;
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
