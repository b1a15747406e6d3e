// Optimisation profiles: the batches and lengths that an engine is built for, as TensorRT has them.

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../configs/errors.js';
import type { EngineProfile, ShapeRange } from '../../engines/contract.js';
import type { BuildFlags } from './flags.js';

/** More would be a slip: each costs build time and memory. */
const MOST_PROFILES = 64;
const LARGEST_BATCH = 4096;
const DEFAULT_LENGTH = 384;

const rangeSchema = z.strictObject({
  min: z.int().positive(),
  opt: z.int().positive(),
  max: z.int().positive(),
});
const fileSchema = z.array(z.strictObject({ batch: rangeSchema, sequence: rangeSchema })).min(1);

/** The profiles that flags ask for. @throws {ConfigError} with everything that is wrong. @throws {SetupError} */
export function readProfiles(
  flags: Pick<BuildFlags, 'batch_size' | 'sequence_length' | 'profiles'>,
  longest: number,
): readonly EngineProfile[] {
  const profiles = flags.profiles === undefined ? crossed(flags, longest) : readFile(flags);
  const problems = profiles.flatMap((profile, place) =>
    problemsOf(profile, longest).map((problem) =>
      profiles.length === 1 ? problem : `profile ${place + 1} of ${profiles.length}: ${problem}`,
    ),
  );
  if (profiles.length > MOST_PROFILES)
    problems.push(`${profiles.length} profiles; at most ${MOST_PROFILES} make sense. Give fewer -b and -s.`);
  if (problems.length > 0) throw new ConfigError([...new Set(problems)].join('\n'));
  return profiles;
}

function crossed(
  { batch_size, sequence_length }: Pick<BuildFlags, 'batch_size' | 'sequence_length'>,
  longest: number,
): readonly EngineProfile[] {
  const batches = batch_size.length === 0 ? [1] : [...new Set(batch_size)];
  const lengths =
    sequence_length.length === 0 ? [`${Math.min(DEFAULT_LENGTH, longest)}`] : [...new Set(sequence_length)];
  return lengths.flatMap((length) =>
    batches.map((batch) => ({ batch: { min: 1, opt: batch, max: batch }, sequence: readLength(length) })),
  );
}

/** `384`: up to 384, best at 384; `32:128:384` says each. @throws {ConfigError} */
function readLength(text: string): ShapeRange {
  const numbers = text.split(':').map((part) => (/^\d+$/.test(part) ? Number(part) : NaN));
  const [first = NaN, opt = NaN, max = NaN] = numbers;
  if (numbers.length === 1 && first > 0) return { min: 1, opt: first, max: first };
  if (numbers.length === 3 && numbers.every((number) => number > 0)) return { min: first, opt, max };
  throw new ConfigError(`--sequence_length must be a length (384) or min:opt:max (32:128:384), got "${text}"`);
}

function readFile({
  profiles: file = '',
  batch_size,
  sequence_length,
}: Pick<BuildFlags, 'batch_size' | 'sequence_length' | 'profiles'>): readonly EngineProfile[] {
  if (batch_size.length + sequence_length.length > 0)
    throw new ConfigError('--profiles says everything; leave out --batch_size and --sequence_length');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`--profiles: cannot read ${file}: ${reason}`, { cause });
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : 'it is not JSON';
    throw new ConfigError(
      `${file}: no list of profiles [{"batch": {"min", "opt", "max"}, "sequence": {…}}, …]:\n${reason}`,
      { cause },
    );
  }
}

function problemsOf({ batch, sequence }: EngineProfile, longest: number): readonly string[] {
  return [
    ...problemsOfRange('batch', batch, LARGEST_BATCH, `at most ${LARGEST_BATCH} are allowed`),
    ...problemsOfRange('length', sequence, longest, `${longest} is the longest this model has`),
  ];
}

function problemsOfRange(
  what: string,
  { min, opt, max }: ShapeRange,
  largest: number,
  why: string,
): readonly string[] {
  const triple = `${min}:${opt}:${max}`;
  return [
    ...([min, opt, max].every((number) => Number.isSafeInteger(number) && number >= 1)
      ? []
      : [`${what} must be whole numbers of at least 1, got ${triple}`]),
    ...(min > opt ? [`${what} ${triple}: min (${min}) is greater than opt (${opt})`] : []),
    ...(opt > max ? [`${what} ${triple}: opt (${opt}) is greater than max (${max})`] : []),
    ...(max > largest ? [`${what} ${triple}: ${why}`] : []),
  ];
}

/** `batch 1:8:8, length 1:384:384` */
export function profileText({ batch, sequence }: EngineProfile): string {
  const range = ({ min, opt, max }: ShapeRange): string => `${min}:${opt}:${max}`;
  return `batch ${range(batch)}, length ${range(sequence)}`;
}
