// Checkpoint + precision + GPU → plan, kept under a hash of everything it depends on. Built in a process of its own, by one
// builder at a time, and looked into before anybody sees it.

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SetupError } from '../../configs/errors.js';
import type { Precision } from '../../configs/engine-choices.js';
import type { BertCheckpoint } from '../bert/checkpoint.js';
import { sha256OfFiles } from '../bert/weights/byte-file.js';
import { errorCode, withBuildLock } from '../build-lock.js';
import type { EngineRequest, GpuRequest } from '../contract.js';
import { createBuildLines, isNoise } from './build-progress.js';
import { buildOptions, builtFrom, keyOf, type BuiltFrom } from './build-request.js';
import { chooseNetwork, questionAbout, type NetworkChoice } from './choose-network.js';
import { layersOf, proveLayers } from './layer-proof.js';
import { inNative } from './native-errors.js';
import { networkKey, removeNetwork, writeNetwork, type KnownRanges } from './network.js';
import type { RunBuild } from './run-build.js';
import type { TensorRtOnGpus } from './runtime.js';
import { profilesOf, type ShapeRequest } from './shapes.js';
import { LAYERS, PLAN, verifyPlan, writeSidecar, type Sidecar } from './sidecar.js';

export interface PlanRequest {
  readonly tensorRt: TensorRtOnGpus;
  readonly checkpoint: BertCheckpoint;
  readonly modelDir: string;
  readonly precision: Precision;
  readonly batch_size: number;
  readonly gpu: GpuRequest;
  readonly enginesDir: string;
  /** False: a missing engine is an error that says how to build it. */
  readonly mayBuild: boolean;
  readonly report: (line: string) => void;
  readonly onProgress: EngineRequest['onProgress'];
  /** int8 and fp8. */
  readonly known: KnownRanges | undefined;
  readonly runBuild: RunBuild;
}

/** A plan that is there, whole, and belongs to its inputs. */
export interface PlanFile {
  readonly folder: string;
  readonly path: string;
  readonly sha256: string;
  readonly model_sha256: string;
  readonly choice: NetworkChoice;
  readonly shapes: ShapeRequest;
  readonly sidecar: Sidecar;
  /** False when it was there already. */
  readonly built: boolean;
  readonly seconds: number;
}

/** Iterations of the profiled run; layers' times are means. */
const PROFILED_ITERATIONS = 5;

/**
 * Finds the plan or builds it. An unchanged model is never built twice; a damaged plan is noticed and rebuilt.
 *
 * @throws {ConfigError} when the settings ask for what this GPU has not.
 * @throws {SetupError | RunError} when it is missing and may not be built, or the builder refuses or crashes.
 */
export async function buildPlan(request: PlanRequest): Promise<PlanFile> {
  const startMs = performance.now();
  const plan = planOf(request);
  const { folder, from } = plan;
  const planFile = (sidecar: Sidecar, built: boolean): PlanFile => ({
    folder,
    path: join(folder, PLAN),
    sha256: sidecar.sha256[PLAN] ?? '',
    model_sha256: from.model_sha256,
    choice: plan.choice,
    shapes: plan.shapes,
    sidecar,
    built,
    seconds: (performance.now() - startMs) / 1000,
  });

  const found = verifyPlan(folder);
  if (found.state === 'whole') return planFile(found.sidecar, false);
  if (!request.mayBuild) {
    const what = found.state === 'damaged' ? `${folder} is damaged: ${found.reason}` : 'there is none yet';
    throw new SetupError(
      `no ${request.precision} engine of ${request.modelDir} for ${from.gpu} and TensorRT ${from.tensorrt} in ${request.enginesDir}: ${what}.` +
        ' Build it with: make generate_engines (the same RUN_ARGS).',
    );
  }
  try {
    mkdirSync(request.enginesDir, { recursive: true });
    const waiting = (): void => request.report(`waiting for another build of ${folder}`);
    return await withBuildLock(`${folder}.lock`, waiting, async () => {
      const now = verifyPlan(folder); // whoever held the lock before may have built it
      if (now.state === 'whole') return planFile(now.sidecar, false);
      const once = now.state === 'damaged' ? `again, since ${now.reason}` : 'once';
      request.report(
        `building the ${request.precision} engine of ${request.modelDir} for ${from.gpu} with TensorRT ${from.tensorrt} ` +
          `(${plan.choice.form}, attention ${plan.choice.attention}: ${plan.choice.because}); minutes, ${once}; kept in ${folder}`,
      );
      return planFile(await buildInto(request, plan), true);
    });
  } catch (cause) {
    if (errorCode(cause)?.startsWith('E') !== true || errorCode(cause)?.startsWith('ERR_') === true)
      throw cause;
    throw new SetupError(
      `cannot build the engine ${folder}: ${cause instanceof Error ? cause.message : String(cause)}.` +
        ' Make room or mend the permissions of the folder, then run again.',
      { cause },
    );
  }
}

interface Plan {
  readonly folder: string;
  readonly from: BuiltFrom;
  readonly choice: NetworkChoice;
  readonly shapes: ShapeRequest;
}

/** What will be built and where it is kept. */
function planOf({ tensorRt, checkpoint, precision, batch_size, gpu, enginesDir, known }: PlanRequest): Plan {
  const { addon, libraries, device } = tensorRt;
  const plugins = new Set(addon.plugins().map(({ name, version }) => `${name}/${version}`));
  const whyNoCublas = addon.whyNotLoadable('libcublas.so.12');
  const choice = chooseNetwork({
    ...(whyNoCublas === null ? {} : { whyNoCublas }),
    ...questionAbout(checkpoint, precision, gpu, known),
    batch_size,
    compute_capability: device.compute_capability,
    tensorrt_version: libraries.version,
    ...(plugins.size === 0 ? {} : { plugins }),
  });
  const shapes: ShapeRequest = { form: choice.form, attention: choice.attention, batch_size, gpu };
  const from = builtFrom(libraries, device, {
    model_sha256: checkpoint.model_sha256,
    config: JSON.stringify(checkpoint.config),
    network: networkKey({ precision, choice, known }),
    options: buildOptions(
      {
        precision,
        gpu,
        profiles: profilesOf(shapes),
        isImplicit: choice.attention === 'plugin_int8_interleaved',
      },
      libraries,
    ),
  });
  const name = `tensorrt-${precision}-${choice.form}-b${batch_size}-${keyOf(from)}`;
  return { folder: join(enginesDir, name), from, choice, shapes };
}

/** Builds beside the final place and renames: nobody ever sees half an engine. */
async function buildInto(request: PlanRequest, plan: Plan): Promise<Sidecar> {
  const { tensorRt, checkpoint, precision, gpu, known, report } = request;
  const { folder, from, choice } = plan;
  const workshop = `${folder}.tmp`;
  const lines = createBuildLines({ report, onProgress: request.onProgress, nowMs: () => performance.now() });
  rmSync(workshop, { recursive: true, force: true }); // left by a build that was killed
  mkdirSync(workshop);
  try {
    const onnxFile = join(workshop, 'model.onnx');
    const { tensorRanges } = writeNetwork({ checkpoint, precision, choice, known }, onnxFile);
    const onnx_sha256 = sha256OfFiles([onnxFile]);
    report('the network is written; TensorRT chooses kernels');
    const built = await request.runBuild(
      {
        libraries: librariesToLoad(tensorRt, gpu),
        build: {
          ...from.options,
          device: tensorRt.device.index,
          onnx_file: onnxFile,
          plan_file: join(workshop, PLAN),
          timing_cache_file: timingCacheFile(request),
          dynamic_ranges: tensorRanges,
        },
      },
      lines.hear,
    );
    lines.end();
    report(
      `built in ${(built.parse_s + built.build_s).toFixed(0)} s (${(built.plan_bytes / 1e6).toFixed(0)} MB)`,
    );
    const sidecar: Sidecar = {
      built_from: { ...from },
      sha256: { [PLAN]: sha256OfFiles([join(workshop, PLAN)]) },
      network: {
        form: choice.form,
        attention: choice.attention,
        gelu: choice.gelu,
        because: choice.because,
        ranges: known?.source ?? null,
        onnx_sha256,
      },
      build: { ...built, warnings: built.warnings.filter((line) => !isNoise(line)) },
      proof: lookInto(request, plan, workshop, gpu.strip_plan ? onnxFile : null),
      logit_check: null,
    };
    removeNetwork(onnxFile);
    writeSidecar(workshop, sidecar);
    rmSync(folder, { recursive: true, force: true });
    renameSync(workshop, folder);
    return sidecar;
  } catch (error) {
    lines.end();
    rmSync(workshop, { recursive: true, force: true });
    throw error;
  }
}

/** Opens the new engine once: what its layers are, and where their time goes. */
function lookInto(
  request: PlanRequest,
  { shapes }: Plan,
  workshop: string,
  weights_file: string | null,
): Sidecar['proof'] {
  const { tensorRt, batch_size, gpu, checkpoint, precision, report } = request;
  const { addon, device } = tensorRt;
  const call = { doing: `opening the new engine ${basename(workshop)}`, batchSize: batch_size };
  return inNative(call, () => {
    const engine = addon.open({
      device: device.index,
      plan_file: join(workshop, PLAN),
      weights_file,
      streams: 1,
      slots: 2,
      max_batch: batch_size,
      start_from_device: false,
      wait: 'block',
      cpus: [],
    });
    try {
      const startMs = performance.now();
      const inspection = addon.inspect(engine);
      report(`TensorRT told its layers in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
      writeFileSync(join(workshop, LAYERS), inspection);
      const times = addon.profileLayers(engine, {
        batch: batch_size,
        sequence_length: Math.min(gpu.bert_opt_seqlen, shapes.gpu.max_seq_length),
        iterations: PROFILED_ITERATIONS,
      });
      const proof = proveLayers(layersOf(inspection), checkpoint.layers.length, precision, times);
      return { ...proof, gemms_by_precision: { ...proof.gemms_by_precision }, remarks: [...proof.remarks] };
    } finally {
      addon.close(engine);
    }
  });
}

function librariesToLoad({ libraries }: TensorRtOnGpus, gpu: GpuRequest) {
  const folder = gpu.tensorrt_lib === '' ? process.env['TENSORRT_LIB'] : gpu.tensorrt_lib;
  return { folder: folder === '' ? undefined : folder, major: libraries.major };
}

/** One for all engines of a version and a GPU: later builds choose the same kernels, in less time. */
function timingCacheFile({ tensorRt, enginesDir }: PlanRequest): string {
  const gpu = tensorRt.device.name.replaceAll(/[^A-Za-z0-9]+/g, '_');
  return join(enginesDir, `timing-${tensorRt.libraries.version}-${gpu}.cache`);
}
