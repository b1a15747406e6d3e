// Checkpoint + precision → ONNX → ONNX Runtime's optimised form, kept under a hash of everything it depends on.

import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../configs/errors.js';
import { openCheckpoint, type BertCheckpoint, type CheckpointOptions } from '../bert/checkpoint.js';
import { buildBertGraph, GRAPH_VERSION } from '../bert/graph.js';
import type { GraphOptions, GraphPrecision } from '../bert/graph-options.js';
import { writeOnnxFile } from '../bert/onnx-file.js';
import type { Provider } from '../../configs/engine-choices.js';
import type { EngineRequest, Int8Request } from '../contract.js';
import { errorCode, withBuildLock } from '../build-lock.js';
import { optimizeGraph } from './graph-optimization.js';
import { defaultInt8, type DefaultInt8 } from './default-int8.js';
import { describeInt8, int8Graph } from './int8-graph.js';
import { processorFlags, processorModel, storedWeightsFor } from './processor.js';

export interface OnnxRuntimeBuildRequest {
  readonly modelDir: string;
  /** Which weights of the model, and where its configuration lies. */
  readonly checkpoint?: CheckpointOptions;
  readonly precision: EngineRequest['precision'];
  /** int8 on the CPU; default: @see defaultInt8. */
  readonly int8?: Int8Request;
  /** Default: the CPU. */
  readonly provider?: EngineRequest['provider'];
  readonly enginesDir: string;
  /** False: a missing engine is an error that says how to build it. */
  readonly mayBuild: boolean;
  readonly report: (line: string) => void;
  /** Called as each phase of a build begins; not at all when nothing has to be built. */
  readonly onPhase?: (phase: string) => void;
}

/** An engine file that is there, whole, and belongs to its inputs. */
export interface EngineFile {
  readonly path: string;
  /** Files beside it that it needs: external data. */
  readonly dataFiles: readonly string[];
  /** Of the file at `path`. Files beside it (external data) have theirs in engine.json. */
  readonly sha256: string;
  /** Of the checkpoint's model.safetensors. */
  readonly model_sha256: string;
  /** int8: how its scales are found, and why so. */
  readonly int8_scales?: string;
  /** False when it was there already. */
  readonly built: boolean;
  /** Time to find, check and, where needed, build it. */
  readonly seconds: number;
}

const MODEL = 'model.onnx';
const MODEL_DATA = 'model.data';
const ENGINE = 'engine.onnx';
const SIDECAR = 'engine.json';

const sidecarSchema = z.object({
  built_from: z.record(z.string(), z.union([z.string(), z.number()])),
  /** File name → SHA-256. */
  sha256: z.object({ [ENGINE]: z.string() }).catchall(z.string()),
});

/** The version of onnxruntime-node that is installed. */
export const runtimeVersion = (
  createRequire(import.meta.url)('onnxruntime-node/package.json') as { readonly version: string }
).version;

type Precisions = Readonly<Partial<Record<EngineRequest['precision'], GraphPrecision>>>;
/** The forms of our precisions that are fast on CPUs. */
const onCpu: Precisions = { fp32: 'fp32', fp16: 'fp16-stored', int8: 'int8-dynamic' };
const onGpu: Precisions = { fp32: 'fp32', fp16: 'fp16' };

/** @throws {ConfigError} for a precision that has no operators here. */
function graphPrecision(precision: EngineRequest['precision'], provider: Provider): GraphPrecision {
  const forms = provider === 'cpu' ? onCpu : onGpu;
  const form = forms[precision];
  if (form !== undefined) return form;
  throw new ConfigError(
    `engine onnxruntime runs ${Object.keys(forms).join(', ')} on provider ${provider}, got ${precision}`,
  );
}

/**
 * Finds the engine or builds it. An unchanged model is never built twice; a damaged file is noticed and rebuilt.
 *
 * @throws {ConfigError} when the model is wrong.
 * @throws {SetupError} when it cannot be written, or is missing and may not be built.
 */
export async function buildEngine(request: OnnxRuntimeBuildRequest): Promise<EngineFile> {
  const { modelDir, enginesDir, mayBuild, report, onPhase = () => undefined } = request;
  const { precision } = request;
  const provider = request.provider?.name ?? 'cpu';
  const form = graphPrecision(precision, provider);
  const startMs = performance.now();
  using checkpoint = openCheckpoint(modelDir, request.checkpoint);
  const chosen = precision === 'int8' ? chooseInt8(request, checkpoint) : undefined;
  const builtFrom = {
    model_sha256: checkpoint.model_sha256,
    config: JSON.stringify(checkpoint.config),
    precision,
    graph_version: GRAPH_VERSION,
    /** Raised when the files of an engine get other names. */
    files_version: 2,
    ...(provider === 'cpu' ? ofThisProcessor(precision) : { provider: 'gpu' }),
    ...(chosen === undefined ? {} : describeInt8(chosen.int8)),
  };
  const key = createHash('sha256').update(JSON.stringify(builtFrom)).digest('hex').slice(0, 24);
  const folder = join(enginesDir, `bert-${precision}-${key}`);
  // A name of its own: engines may be copied into one folder.
  const engineData = `bert-${precision}-${key}.data`;
  const engineFile = (sha256: string, built: boolean): EngineFile => ({
    path: join(folder, ENGINE),
    dataFiles: [join(folder, engineData)].filter((file) => existsSync(file)),
    sha256,
    model_sha256: checkpoint.model_sha256,
    ...(chosen === undefined ? {} : { int8_scales: chosen.because }),
    built,
    seconds: (performance.now() - startMs) / 1000,
  });

  const found = await verifyEngine(folder);
  if (found.state === 'whole') return engineFile(found.sha256, false);
  if (!mayBuild) {
    const what = found.state === 'damaged' ? `${folder} is damaged: ${found.reason}` : `there is none yet`;
    throw new SetupError(
      `no ${precision} engine of ${modelDir} in ${enginesDir}: ${what}.` +
        ` Build it with: make generate_engines RUN_ARGS="--precision=${precision} --model=${modelDir}"`,
    );
  }
  try {
    mkdirSync(enginesDir, { recursive: true });
    const waiting = (): void => report(`waiting for another build of ${folder}`);
    return await withBuildLock(`${folder}.lock`, waiting, async () => {
      const now = await verifyEngine(folder); // whoever held the lock before may have built it
      if (now.state === 'whole') return engineFile(now.sha256, false);
      const once = now.state === 'damaged' ? `again, since ${now.reason}` : 'once';
      report(`building the ${precision} engine of ${modelDir} (${once}; kept in ${folder})`);
      const options = chosen === undefined ? { precision: form } : int8Graph(chosen.int8);
      const graph = { options, provider, engineData, onPhase };
      return engineFile(await buildInto(folder, checkpoint, graph, builtFrom), true);
    });
  } catch (cause) {
    if (errorCode(cause) === undefined) throw cause; // not the file system's
    throw new SetupError(
      `cannot build the engine ${folder}: ${cause instanceof Error ? cause.message : String(cause)}.` +
        ' Make room or mend the permissions of the folder, then run again.',
      { cause },
    );
  }
}

function chooseInt8(
  { int8, modelDir, enginesDir }: OnnxRuntimeBuildRequest,
  checkpoint: BertCheckpoint,
): DefaultInt8 {
  if (int8 === undefined) return defaultInt8(checkpoint, modelDir, enginesDir);
  return { int8, because: `${int8.quantization}, as asked for` };
}

/** The optimised form may hold layouts of this processor. */
function ofThisProcessor(precision: EngineRequest['precision']): Readonly<Record<string, string>> {
  return {
    onnxruntime: runtimeVersion,
    processor: `${process.arch} ${processorModel()}`,
    processor_flags_sha256: createHash('sha256').update(processorFlags()).digest('hex'),
    ...(precision === 'int8' ? { int8_weights: storedWeightsFor() } : {}),
  };
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
  for (const [name, sha256] of Object.entries(sidecar.sha256)) {
    const file = join(folder, name);
    if (!existsSync(file)) return { state: 'damaged', reason: `${name} is missing` };
    if ((await sha256OfFile(file)) !== sha256) {
      return { state: 'damaged', reason: `${name} has changed since it was built` };
    }
  }
  return { state: 'whole', sha256: sidecar.sha256[ENGINE] };
}

interface EngineForm {
  readonly options: GraphOptions;
  readonly provider: Provider;
  /** Name of the file for large tensors. */
  readonly engineData: string;
  readonly onPhase: (phase: string) => void;
}

/** Builds beside the final place and renames: nobody ever sees half an engine. Returns the engine file's SHA-256. */
async function buildInto(
  folder: string,
  checkpoint: BertCheckpoint,
  { options, provider, engineData, onPhase }: EngineForm,
  builtFrom: Readonly<Record<string, string | number>>,
): Promise<string> {
  const workshop = `${folder}.tmp`;
  try {
    rmSync(workshop, { recursive: true, force: true }); // left by a build that was killed
    mkdirSync(workshop);
    onPhase('write the graph');
    const graph = buildBertGraph(checkpoint, options);
    if (provider === 'cpu') {
      const isLarge = writeOnnxFile(graph, join(workshop, MODEL), join(workshop, MODEL_DATA));
      onPhase('optimise it');
      await optimizeGraph(join(workshop, MODEL), join(workshop, ENGINE), isLarge ? engineData : undefined);
    } else {
      // The providers of GPUs optimise for themselves, when a session is made.
      writeOnnxFile(graph, join(workshop, ENGINE), join(workshop, engineData));
    }
    onPhase('hash the files');
    const sha256: Record<string, string> = {};
    for (const name of readdirSync(workshop)) sha256[name] = await sha256OfFile(join(workshop, name));
    writeFileSync(join(workshop, SIDECAR), `${JSON.stringify({ built_from: builtFrom, sha256 }, null, 2)}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(workshop, folder);
    return sha256[ENGINE]!; // the optimiser has just written it
  } catch (error) {
    removeIfThere(workshop);
    throw error;
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

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
