// The manual of an engine: the adapter that makes a runtime (ONNX Runtime, TensorRT, Triton …) into a SUT.
//
// An engine lives in two threads. `startEngine` runs on the main thread: it prepares what must exist before the run
// (workers, sessions, device memory) and watches it. `connectSut` runs on the driver's thread with the engine's
// `sutSpec` and makes the SystemUnderTest that LoadGen sees.

import type { MessagePort } from 'node:worker_threads';
import type { GpuSettings } from '../configs/gpu-settings.js';
import type { Precision, Provider } from '../configs/engine-choices.js';
import type { CheckpointOptions } from './bert/checkpoint.js';
import type { Ranges } from './bert/ranges.js';

/**
 * The tokenised dataset as engines see it, in shared memory, at true length (no padding).
 * Sample i has the tokens `tokenIds[offsets[i] … offsets[i + 1])`; tokens before `segmentStarts[i]` (counted from the
 * sample's first token) are segment 0 ([CLS] question [SEP]), the rest segment 1 (passage [SEP]).
 */
export interface TokenizedSamples {
  readonly sampleCount: number;
  /** int32[total tokens] */
  readonly tokenIds: Int32Array;
  /** int32[sampleCount + 1] */
  readonly offsets: Int32Array;
  /** int32[sampleCount] */
  readonly segmentStarts: Int32Array;
  /** Longest length a sample can have (384). */
  readonly maxSequenceLength: number;
}

/** Everything an engine may be asked for; what has no meaning for an engine is refused by name in its start. */
export interface EngineRequest {
  readonly engine: string;
  readonly precision: Precision;
  /** Most samples in one inference. */
  readonly batch_size: number;
  /** Sessions (CPU) or inference streams (GPU) side by side. */
  readonly instances: number;
  readonly threads_per_instance: number;
  readonly scenario: 'SingleStream' | 'MultiStream' | 'Server' | 'Offline';
  /** Folder with config.json, model.safetensors, vocab.txt. */
  readonly modelDir: string;
  /** Folder of built engines (build/engines). */
  readonly enginesDir: string;
  /** False: an engine file that is not there yet is a SetupError that says how to build it. */
  readonly mayBuild: boolean;
  /** Lines about long steps (building, loading), for a person. */
  readonly report: (line: string) => void;
  /**
   * How far a long step is, in place of what it said before; undefined: nothing is to be shown. Absent: by `report`, some seconds
   * apart.
   */
  readonly onProgress?: ((progress: BuildProgress | undefined) => void) | undefined;
  /** onnxruntime: its execution provider, and the GPUs over which instances are spread. Absent = the CPU. */
  readonly provider?: { readonly name: Provider; readonly devices: number };
  /** For engines on GPUs; absent where inference is asked for outside a configuration: one GPU, the settings' defaults. */
  readonly gpu?: GpuRequest;
}

/** How far the build of an engine is. */
export interface BuildProgress {
  /** 0 to 1, of the whole. */
  readonly share: number;
  /** What is being done, in the builder's words. */
  readonly phase: string;
  readonly elapsed_s: number;
}

/** What a configuration asks of an engine on GPUs; configs/gpu-settings.ts has the meaning of each setting. */
export interface GpuRequest extends GpuSettings {
  /** GPUs or MIG slices to use: the first so many that the driver shows. */
  readonly accelerators_per_node: number;
  /** Longest length a sample can have, in tokens. */
  readonly max_seq_length: number;
  /** Every batch is run as batch_size × max_seq_length, and the engine is built for nothing else. Default: false. */
  readonly fixed_shape?: boolean;
}

/** What the driver thread needs to make the SUT; structured-cloneable, `ports` travel in the transfer list. */
export interface SutSpec {
  readonly engine: string;
  readonly name: string;
  readonly ports: readonly MessagePort[];
  /** The engine's own data; only the engine's connectSut reads it. */
  readonly detail: unknown;
}

/** Facts about a started engine, for metadata.json. */
export interface EngineFacts {
  readonly engine: string;
  /** Version of the runtime, e.g. onnxruntime-node 1.30.0. */
  readonly runtime: string;
  readonly precision: string;
  readonly instances: number;
  readonly threads_per_instance: number;
  readonly batch_size: number;
  /** File that is run and its SHA-256; null for the null engine. */
  readonly engine_file: string | null;
  readonly engine_sha256: string | null;
  readonly model_sha256: string | null;
  /** Further facts of this engine (execution provider proven, load time, optimisations switched off …). */
  readonly notes: Readonly<Record<string, string | number | boolean>>;
}

/** One look at one GPU; -1 where it does not tell. */
export interface GpuSample {
  /** On the clock of the records, ns. */
  readonly at_ns: number;
  /** Place among the engine's GPUs. */
  readonly device: number;
  readonly sm_clock_mhz: number;
  readonly memory_clock_mhz: number;
  readonly power_w: number;
  readonly temperature_c: number;
  readonly utilization_percent: number;
  readonly memory_used_bytes: number;
  /** What held the clocks back, by name. */
  readonly throttle_reasons: readonly string[];
}

export interface GpuSampling {
  /** Ends it and gives what was sampled, in order of time. */
  stop(): readonly GpuSample[];
}

/** A started engine, on the main thread. */
export interface Engine extends AsyncDisposable {
  readonly facts: EngineFacts;
  readonly sutSpec: SutSpec;
  /** Rejects with a RunError when the engine breaks (a worker died, a session threw); otherwise never settles. */
  readonly failure: Promise<never>;
  /** Begins to sample clocks, power and temperature of its GPUs; undefined, or absent, where nothing can be sampled. */
  startGpuSampling?(): GpuSampling | undefined;
  /** Asks all threads to finish what runs and waits for them; never kills a thread inside an inference. */
  close(): Promise<void>;
}

/**
 * Inference without LoadGen, on the calling thread: for questions of a person, calibration and checks of an engine. It
 * blocks its thread while it computes.
 */
export interface DirectInference extends AsyncDisposable {
  readonly facts: EngineFacts;
  /**
   * The logits of each sample in order, float32[length, 2]: start and end side by side. Samples may have any lengths up to
   * the model's longest; up to `batch_size` samples of one length run together.
   *
   * @throws {RunError} when the engine breaks.
   */
  run(samples: TokenizedSamples): Promise<readonly Float32Array[]>;
}

/** Least, best and greatest size. */
export interface ShapeRange {
  readonly min: number;
  readonly opt: number;
  readonly max: number;
}

/** Batches and lengths that one engine is built for, as TensorRT has them. */
export interface EngineProfile {
  readonly batch: ShapeRange;
  readonly sequence: ShapeRange;
}

/** How int8 is made, where an engine leaves the choice. */
export interface Int8Request {
  /** Scales found at run time, or before: then with ranges. */
  readonly quantization: 'dynamic' | 'static';
  /** static: by place. */
  readonly ranges?: Ranges;
  /** Largest magnitudes of weights, where training left them. */
  readonly weightAmax?: ReadonlyMap<string, Float32Array>;
  /** Places that stay in higher precision. */
  readonly kept: ReadonlySet<string>;
}

/** What `loadrig build` asks of an engine; what has no meaning for it was explained before and is not read. */
export interface EngineBuildRequest {
  readonly engine: string;
  readonly precision: Precision;
  /** A model folder or a file of weights. */
  readonly modelDir: string;
  /** Which of its weights, and where its configuration lies. */
  readonly checkpoint: CheckpointOptions;
  readonly profiles: readonly EngineProfile[];
  /** int8; absent: as `run` builds it. */
  readonly int8?: Int8Request;
  /** Folder of built engines (build/engines). */
  readonly enginesDir: string;
  /** Lines about long steps, for a person. */
  readonly report: (line: string) => void;
  /** As of an EngineRequest. */
  readonly onProgress?: EngineRequest['onProgress'];
  /** Called as each phase begins, with what it does in a few words; not at all when nothing has to be built. */
  readonly onPhase: (phase: string) => void;
}

/** An engine file that was built before, to be opened as it is. */
export interface EngineFileRequest {
  readonly path: string;
  /** onnxruntime. */
  readonly threads: number;
  readonly batch_size: number;
  /** Longest sample that will come, in tokens. */
  readonly max_seq_length: number;
}

/** The runtime that would run an engine on this machine, as sidecars name it. */
export interface RuntimeHere {
  /** e.g. onnxruntime-node 1.30.0 */
  readonly runtime: string;
  /** tensorrt: the first GPU. */
  readonly gpu?: string;
}

/** An engine that `loadrig build` may copy to where it is wanted. */
export interface BuiltEngine {
  readonly path: string;
  /** Files beside it that it needs, under their own names. */
  readonly dataFiles: readonly string[];
  readonly sha256: string;
  /** False when it was there already. */
  readonly built: boolean;
  /** Version of the runtime that it belongs to, e.g. onnxruntime-node 1.30.0. */
  readonly runtime: string;
  /** Further facts of the build, for the sidecar. */
  readonly notes: Readonly<Record<string, unknown>>;
}
