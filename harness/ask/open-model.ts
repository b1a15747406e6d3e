// From flags to an open model: engine, vocabulary and lengths that fit each other.

import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../configs/errors.js';
import { precisions } from '../../configs/schema.js';
import { openDirectInference } from '../../engines/index.js';
import type { DirectInference } from '../../engines/contract.js';
import { buildPath, inputPath } from '../places.js';
import type { SequenceLengths } from '../qsl/features.js';
import { readVocabulary, type Vocabulary } from '../qsl/vocabulary.js';
import type { AskFlags } from './flags.js';

const DEFAULT_MODEL = 'data/models/minilm-qa';

export interface OpenModel extends AsyncDisposable {
  readonly inference: Pick<DirectInference, 'run'>;
  readonly vocabulary: Vocabulary;
  readonly lengths: SequenceLengths;
  readonly batchSize: number;
  /** For a person: engine, precision, model. */
  readonly title: string;
}

const modelSchema = z.object({
  vocab_size: z.int().positive(),
  max_position_embeddings: z.int().positive(),
});

export type ModelSizes = z.infer<typeof modelSchema>;

/** Checks everything that can be checked, then opens the engine. @throws {ConfigError | SetupError} */
export async function openModel(flags: AskFlags, say: (line: string) => void): Promise<OpenModel> {
  const modelDir = inputPath(flags.model ?? DEFAULT_MODEL);
  const sizes = readModelSizes(modelDir);
  const lengths = lengthsOf(flags, sizes);
  const batchSize = count(flags.batch_size, 1, 'batch_size');
  const threads = count(flags.threads, availableParallelism(), 'threads');
  const vocabFile =
    flags.vocab_file === undefined ? join(modelDir, 'vocab.txt') : inputPath(flags.vocab_file);
  const vocabulary = await readVocabulary(vocabFile);
  checkVocabulary(vocabulary, vocabFile, sizes);
  const precision = precisions.find((each) => each === flags.precision) ?? 'fp32';
  const engine = flags.engine ?? 'onnxruntime';
  const isFile = engine.includes('/') || engine.endsWith('.onnx');
  const inference = isFile
    ? await openEngineFile(engine, threads, batchSize)
    : await openDirectInference({
        engine,
        precision,
        batch_size: batchSize,
        instances: 1,
        threads_per_instance: threads,
        scenario: 'SingleStream',
        modelDir,
        enginesDir: buildPath('engines'),
        mayBuild: true,
        report: say,
      });
  return {
    inference,
    vocabulary,
    lengths,
    batchSize,
    title: isFile ? engine : `${engine} ${precision}, ${modelDir}`,
    [Symbol.asyncDispose]: () => inference[Symbol.asyncDispose](),
  };
}

/** @throws {SetupError | ConfigError} */
function readModelSizes(modelDir: string): ModelSizes {
  const file = join(modelDir, 'config.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SetupError(
      `cannot read ${file}: ${reasonOf(cause)}. --model names a folder with config.json, model.safetensors and vocab.txt.`,
      { cause },
    );
  }
  try {
    return modelSchema.parse(JSON.parse(text));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : reasonOf(cause);
    throw new ConfigError(`${file}: not the configuration of a BERT: ${reason}`, { cause });
  }
}

/** The lengths asked for; the longest sample is as long as the model allows. @throws {ConfigError} */
export function lengthsOf(
  flags: Pick<AskFlags, 'sequence_length' | 'doc_stride' | 'max_query_length'>,
  { max_position_embeddings: longest }: ModelSizes,
): SequenceLengths {
  const maxSequenceLength = count(flags.sequence_length, longest, 'sequence_length');
  if (maxSequenceLength > longest) {
    throw new ConfigError(
      `--sequence_length must be at most ${longest}, the longest this model has, got ${maxSequenceLength}`,
    );
  }
  const maxQueryLength = count(flags.max_query_length, 64, 'max_query_length');
  return { maxSequenceLength, docStride: count(flags.doc_stride, 128, 'doc_stride'), maxQueryLength };
}

/** @throws {ConfigError} for a vocabulary with ids that the model has no embedding for. */
export function checkVocabulary({ pieces }: Vocabulary, file: string, { vocab_size }: ModelSizes): void {
  if (pieces.length <= vocab_size) return;
  throw new ConfigError(
    `${file}: ${pieces.length} pieces, but the model has embeddings for ${vocab_size}; it was trained with another vocabulary. Name its own with --vocab_file.`,
  );
}

/** A flag that counts something: a whole number of at least 1. @throws {ConfigError} */
export function count(value: number | undefined, fallback: number, name: string): number {
  const used = value ?? fallback;
  if (Number.isSafeInteger(used) && used >= 1) return used;
  throw new ConfigError(`--${name} must be a whole number of at least 1, got ${used}`);
}

/** An engine file that was built before: loaded as it is. @throws {SetupError} */
async function openEngineFile(
  file: string,
  threads: number,
  batchSize: number,
): Promise<Pick<DirectInference, 'run' | typeof Symbol.asyncDispose>> {
  if (!existsSync(file)) {
    throw new SetupError(
      `engine file ${file}: no such file. Give the name of an engine (onnxruntime) to have it built, or a built file.`,
    );
  }
  // Loaded on demand: other engines must not need its library.
  const { openDirectSession } = await import('../../engines/onnxruntime/direct.js');
  try {
    return await openDirectSession(file, threads, batchSize);
  } catch (cause) {
    throw new SetupError(`engine file ${file}: ONNX Runtime cannot load it: ${reasonOf(cause)}`, { cause });
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
