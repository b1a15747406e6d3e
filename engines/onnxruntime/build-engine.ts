// Checkpoint + precision → ONNX → ONNX Runtime's optimised form, kept under a hash of everything it depends on.

import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  openSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../configs/errors.js';
import { openCheckpoint, type BertCheckpoint } from '../bert/checkpoint.js';
import { buildBertGraph, GRAPH_VERSION } from '../bert/graph.js';
import type { Precision } from '../bert/linear.js';
import { encodeModel } from '../bert/onnx-writer.js';
import { sessionOptions } from './session-options.js';

export interface EngineBuildRequest {
  readonly modelDir: string;
  readonly precision: Precision;
  readonly enginesDir: string;
  /** False: a missing engine is an error that says how to build it. */
  readonly mayBuild: boolean;
  readonly report: (line: string) => void;
}

/** An engine file that is there, whole, and belongs to its inputs. */
export interface EngineFile {
  readonly path: string;
  readonly sha256: string;
  readonly model_sha256: string;
  /** False when it was there already. */
  readonly built: boolean;
}

const MODEL = 'model.onnx';
const ENGINE = 'engine.onnx';
const SIDECAR = 'engine.json';

const sidecarSchema = z.object({
  built_from: z.record(z.string(), z.union([z.string(), z.number()])),
  sha256: z.object({ [MODEL]: z.string(), [ENGINE]: z.string() }),
});

/** The version of onnxruntime-node that is installed. */
export const runtimeVersion = (
  createRequire(import.meta.url)('onnxruntime-node/package.json') as { readonly version: string }
).version;

/**
 * Finds the engine or builds it. An unchanged model is never built twice; a damaged file is noticed and rebuilt.
 *
 * @throws {ConfigError} when the model is wrong.
 * @throws {SetupError} when it cannot be written, or is missing and may not be built.
 */
export async function buildEngine(request: EngineBuildRequest): Promise<EngineFile> {
  const { modelDir, precision, enginesDir, mayBuild, report } = request;
  using checkpoint = openCheckpoint(modelDir);
  const builtFrom = {
    model_sha256: checkpoint.model_sha256,
    config: JSON.stringify(checkpoint.config),
    precision,
    graph_version: GRAPH_VERSION,
    onnxruntime: runtimeVersion,
    // The optimised form may hold layouts of this processor.
    processor: `${process.arch} ${cpus()[0]?.model ?? 'unknown'}`,
  };
  const key = createHash('sha256').update(JSON.stringify(builtFrom)).digest('hex').slice(0, 24);
  const folder = join(enginesDir, `bert-${precision}-${key}`);
  const path = join(folder, ENGINE);
  const found = await verifyEngine(folder);
  if (found.state === 'whole')
    return { path, sha256: found.sha256, model_sha256: checkpoint.model_sha256, built: false };
  if (found.state === 'damaged') report(`${folder}: ${found.reason}; building it again`);
  if (!mayBuild) {
    throw new SetupError(
      `there is no ${precision} engine of ${modelDir} in ${enginesDir} yet.` +
        ` Build it with: make generate_engines RUN_ARGS="--precision=${precision} --model=${modelDir}"`,
    );
  }
  report(
    `building the ${precision} engine of ${modelDir} (${found.state === 'damaged' ? 'again' : 'once'}; kept in ${folder})`,
  );
  const sha256 = await buildInto(folder, checkpoint, precision, builtFrom);
  return { path, sha256, model_sha256: checkpoint.model_sha256, built: true };
}

type Found =
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly reason: string }
  | { readonly state: 'whole'; readonly sha256: string };

async function verifyEngine(folder: string): Promise<Found> {
  if (!existsSync(folder)) return { state: 'missing' };
  let sidecar: z.infer<typeof sidecarSchema>;
  try {
    sidecar = sidecarSchema.parse(JSON.parse(readFileSync(join(folder, SIDECAR), 'utf8')));
  } catch {
    return { state: 'damaged', reason: `${SIDECAR} cannot be read` };
  }
  for (const name of [MODEL, ENGINE] as const) {
    const file = join(folder, name);
    if (!existsSync(file)) return { state: 'damaged', reason: `${name} is missing` };
    if ((await sha256OfFile(file)) !== sidecar.sha256[name]) {
      return { state: 'damaged', reason: `${name} has changed since it was built` };
    }
  }
  return { state: 'whole', sha256: sidecar.sha256[ENGINE] };
}

/** Builds beside the final place and renames: nobody ever sees half an engine, whoever builds at the same time. */
async function buildInto(
  folder: string,
  checkpoint: BertCheckpoint,
  precision: Precision,
  builtFrom: Readonly<Record<string, string | number>>,
): Promise<string> {
  const workshop = `${folder}.${process.pid}.tmp`;
  try {
    rmSync(workshop, { recursive: true, force: true });
    mkdirSync(workshop, { recursive: true });
    writeChunks(join(workshop, MODEL), encodeModel(buildBertGraph(checkpoint, precision), 'loadrig'));
    await optimize(join(workshop, MODEL), join(workshop, ENGINE));
    const sha256 = {
      [MODEL]: await sha256OfFile(join(workshop, MODEL)),
      [ENGINE]: await sha256OfFile(join(workshop, ENGINE)),
    };
    writeFileSync(join(workshop, SIDECAR), `${JSON.stringify({ built_from: builtFrom, sha256 }, null, 2)}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(workshop, folder);
    return sha256[ENGINE];
  } catch (cause) {
    removeIfThere(workshop);
    if (cause instanceof ConfigError || cause instanceof SetupError) throw cause;
    throw new SetupError(
      `cannot build the engine ${folder}: ${cause instanceof Error ? cause.message : String(cause)}.` +
        ' Make room or mend the permissions of the folder, then run again.',
      { cause },
    );
  }
}

/** For cleaning up after an error, which must not hide it. */
function removeIfThere(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // the folder cannot even be looked at; the error to come says why
  }
}

function writeChunks(path: string, chunks: readonly Uint8Array[]): void {
  const fd = openSync(path, 'w');
  try {
    for (const chunk of chunks) {
      for (let written = 0; written < chunk.length;) written += writeSync(fd, chunk, written);
    }
  } finally {
    closeSync(fd);
  }
}

async function optimize(modelFile: string, engineFile: string): Promise<void> {
  const { InferenceSession } = await import('onnxruntime-node');
  const session = await InferenceSession.create(
    modelFile,
    sessionOptions({ threads: 1, optimize: true, optimizedFile: engineFile }),
  );
  await session.release();
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
