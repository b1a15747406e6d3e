// From flags to an open model: engine, vocabulary and lengths that fit each other.

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../configs/errors.js';
import { precisions } from '../../configs/engine-choices.js';
import { gpuSettingsSchema } from '../../configs/gpu-settings.js';
import { findModel, openCheckpoint } from '../../engines/bert/checkpoint.js';
import { modelOfPlan, openDirectInference, openEngineFile, openForeignModel } from '../../engines/index.js';
import type { DirectInference } from '../../engines/contract.js';
import { DEFAULT_MODEL } from '../build/model-source.js';
import { profileText } from '../build/profiles.js';
import { modelFolder, SYNTHETIC, vocabularyOf } from '../model-files.js';
import { buildPath, inputPath } from '../places.js';
import { modelConfigOf } from '../resolve-flags.js';
import type { SequenceLengths } from '../qsl/features.js';
import { readVocabulary, type Vocabulary } from '../qsl/vocabulary.js';
import {
  checkedSidecar,
  engineFileOf,
  isEngineFile,
  isPlan,
  longestOf,
  tightestProfile,
} from './engine-file.js';
import type { AskFlags } from './flags.js';

export interface OpenModel extends AsyncDisposable {
  readonly inference: Pick<DirectInference, 'run'>;
  readonly vocabulary: Vocabulary;
  readonly lengths: SequenceLengths;
  readonly batchSize: number;
  /** For a person: engine, precision, model. */
  readonly title: string;
  /** Random weights: answers mean nothing. */
  readonly isSynthetic: boolean;
}

export interface ModelSizes {
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
}

/** What decides about vocabulary and lengths, and how to open the rest. */
interface Found {
  readonly sizes: ModelSizes;
  readonly vocabFile: string;
  readonly isSynthetic: boolean;
  readonly title: string;
  /** @throws {ConfigError | SetupError} */
  readonly open: (
    lengths: SequenceLengths,
  ) => Promise<Pick<DirectInference, 'run' | typeof Symbol.asyncDispose>>;
}

/** Checks everything that can be checked, then opens the engine. @throws {ConfigError | SetupError} */
export async function openModel(flags: AskFlags, say: (line: string) => void): Promise<OpenModel> {
  const batchSize = count(flags.batch_size, 1, 'batch_size');
  const engine = flags.engine ?? 'onnxruntime';
  const found = isEngineFile(engine)
    ? await findEngineFile(engineFileOf(engine), flags, batchSize, say)
    : findByModel(engine, flags, batchSize, say);
  const vocabFile = flags.vocab_file === undefined ? found.vocabFile : inputPath(flags.vocab_file);
  const lengths = lengthsOf(flags, found.sizes);
  const vocabulary = await readVocabulary(vocabFile);
  checkVocabulary(vocabulary, vocabFile, found.sizes);
  if (found.isSynthetic) say(`${found.title}: ${SYNTHETIC}`);
  const inference = await found.open(lengths);
  return {
    inference,
    vocabulary,
    lengths,
    batchSize,
    title: found.title,
    isSynthetic: found.isSynthetic,
    [Symbol.asyncDispose]: () => inference[Symbol.asyncDispose](),
  };
}

const threadsOf = ({ threads }: AskFlags): number => count(threads, availableParallelism(), 'threads');

/** An engine by its name, for a model: built when it is not there yet. */
function findByModel(engine: string, flags: AskFlags, batchSize: number, say: (line: string) => void): Found {
  const modelDir = inputPath(flags.model ?? DEFAULT_MODEL);
  const { config, kind } = findModel(modelDir);
  const precision = precisions.find((each) => each === flags.precision) ?? 'fp32';
  return {
    sizes: config,
    vocabFile: vocabularyOf(modelDir),
    isSynthetic: kind === 'synthetic',
    title: `${engine} ${precision}, ${modelDir}`,
    open: ({ maxSequenceLength }) =>
      openDirectInference({
        engine,
        precision,
        batch_size: batchSize,
        instances: 1,
        threads_per_instance: threadsOf(flags),
        scenario: 'SingleStream',
        modelDir,
        enginesDir: buildPath('engines'),
        mayBuild: true,
        report: say,
        gpu: {
          ...gpuSettingsSchema.parse({}),
          accelerators_per_node: 1,
          max_seq_length: maxSequenceLength,
        },
      }),
  };
}

/** An ONNX model of others: its inputs and outputs by their names, vocabulary and sizes from files beside it or --model. */
async function findForeignModel(
  file: string,
  flags: AskFlags,
  batchSize: number,
  say: (line: string) => void,
): Promise<Found> {
  if (flags.precision !== undefined)
    throw new ConfigError(`${file} is run as it is; leave out --precision=${flags.precision}`);
  const folder = flags.model === undefined ? dirname(file) : modelFolder(inputPath(flags.model));
  const vocabFile = join(folder, 'vocab.txt');
  if (flags.vocab_file === undefined && !existsSync(vocabFile)) {
    throw new ConfigError(
      `${file} was not built by \`loadrig build\` and has no vocab.txt beside it; name its vocabulary with --vocab_file, or the folder it came from with --model`,
    );
  }
  const model = await openForeignModel(file, threadsOf(flags), batchSize);
  const { inputs, outputs, batch, sequence } = model.interface;
  const fixed = [batch > 0 ? `batch ${batch}` : '', sequence > 0 ? `length ${sequence}` : ''].filter(Boolean);
  say(
    `${file}: ${inputs.map(({ name, type }) => `${name} (${type})`).join(', ')} → ${Object.values(outputs).join(', ')}` +
      (fixed.length === 0 ? '' : `; made for ${fixed.join(', ')} alone`),
  );
  const sizes = foreignSizes(modelConfigOf(folder));
  return {
    sizes: {
      ...sizes,
      max_position_embeddings: sequence > 0 ? sequence : sizes.max_position_embeddings,
    },
    vocabFile,
    isSynthetic: false,
    title: `${file} (onnxruntime, as it is)`,
    open: () => Promise.resolve(model),
  };
}

const sizesSchema = z.object({
  vocab_size: z.int().positive(),
  max_position_embeddings: z.int().positive(),
});

/** BERT's own sizes where no config.json tells; a token too many is then refused by the model itself. */
function foreignSizes(config: string): ModelSizes {
  try {
    return sizesSchema.parse(JSON.parse(config));
  } catch {
    return { vocab_size: Infinity, max_position_embeddings: 512 };
  }
}

/** An engine file: its sidecar says what it is. */
async function findEngineFile(
  file: string,
  flags: AskFlags,
  batchSize: number,
  say: (line: string) => void,
): Promise<Found> {
  const sidecar = await checkedSidecar(file);
  const open = async (engine: string, { maxSequenceLength }: SequenceLengths) => {
    try {
      return await openEngineFile(engine, {
        path: file,
        threads: threadsOf(flags),
        batch_size: batchSize,
        max_seq_length: maxSequenceLength,
      });
    } catch (cause) {
      if (cause instanceof ConfigError || cause instanceof SetupError) throw cause;
      throw new SetupError(`engine file ${file}: ${engine} cannot load it: ${reasonOf(cause)}`, { cause });
    }
  };
  if (sidecar === undefined && isPlan(file)) {
    await requireModelOf(file, flags);
    const found = findByModel('tensorrt', flags, batchSize, say);
    return { ...found, title: file, open: (lengths) => open('tensorrt', lengths) };
  }
  if (sidecar === undefined) return findForeignModel(file, flags, batchSize, say);
  const { engine, precision, model } = sidecar;
  if (flags.precision !== undefined && flags.precision !== precision)
    throw new ConfigError(`engine file ${file} is ${precision}; leave out --precision=${flags.precision}`);
  if (flags.model !== undefined)
    throw new ConfigError(`engine file ${file} was built from ${model.path}; leave out --model`);
  return {
    sizes: { ...model.config, max_position_embeddings: longestOf(sidecar) },
    vocabFile: model.vocab_file,
    isSynthetic: model.is_synthetic,
    title: `${file} (${engine} ${precision})`,
    open: (lengths) => {
      const profile = tightestProfile(file, sidecar, batchSize, lengths.maxSequenceLength);
      say(`${file}: ${engine} ${precision}, profile ${profileText(profile)}`);
      return open(engine, lengths);
    },
  };
}

/** A plan of build/engines knows the weights it was built from, not where they lie. @throws {ConfigError | SetupError} */
async function requireModelOf(planFile: string, flags: AskFlags): Promise<void> {
  const wanted = await modelOfPlan(planFile);
  if (wanted === undefined) {
    if (flags.model !== undefined) return;
    throw new ConfigError(
      `engine file ${planFile}: nothing beside it tells its model; name it with --model=DIR`,
    );
  }
  const modelDir = inputPath(flags.model ?? DEFAULT_MODEL);
  using checkpoint = openCheckpoint(modelDir);
  if (checkpoint.model_sha256 === wanted) return;
  throw new ConfigError(
    `engine file ${planFile} was built from other weights than ${modelDir}; name its model with --model=DIR`,
  );
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

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
