// The manual of the native addon (engines/tensorrt/native, C++17 over Node-API): what TypeScript may ask of it.
//
// Handles are plain numbers into one table of the process, so that the main thread can open an engine and the driver's
// thread can issue to it. Every call throws an Error with one of `nativeErrorCodes` as its `code`. Shapes are row-major.

import type { GpuSample } from '../contract.js';

/** `code` of an error thrown by the addon. */
export const nativeErrorCodes = [
  'ERR_TENSORRT_LIBRARY', // a library of TensorRT is missing or cannot be opened; the message lists what was tried
  'ERR_TENSORRT_VERSION', // the addon has no backend for the library's major version, or the library is refused
  'ERR_CUDA_LIBRARY', // no libcuda.so.1, or one without a function that is needed
  'ERR_CUDA_DEVICE', // cuInit failed, no device, or no such device
  'ERR_CUDA', // a CUDA call failed later (name and text of the error, and the call)
  'ERR_CUDA_MEMORY', // out of GPU or page-locked memory; the message says what was asked for and what is free
  'ERR_TENSORRT_BUILD', // parser or builder refused; the message holds TensorRT's own first error lines
  'ERR_TENSORRT_ENGINE', // a plan that is truncated, of another version or of another GPU, or whose tensors are not ours
  'ERR_NVML', // NVML is missing or refuses
  'ERR_ARGUMENT', // a value given to the addon is wrong
  'ERR_STATE', // the handle is closed, or a phase is running or not running
] as const;
export type NativeErrorCode = (typeof nativeErrorCodes)[number];

export interface NativeAddon {
  /** Majors this addon was compiled for, with the version of the headers: { 10: '10.6.0' }. Needs no library. */
  backends(): Readonly<Record<string, string>>;
  /**
   * Opens libnvinfer, the ONNX parser and the plugin library, once per process. `folder` first
   * (undefined: the loader's own search), majors 11, 10, 8 in turn, or only `major`. Needs no GPU.
   */
  load(options: {
    readonly folder?: string | undefined;
    readonly major?: number | undefined;
  }): NativeLibraries;
  /** CUDA devices; calls cuInit first (TensorRT without a driver crashes or ends the process). */
  devices(): readonly NativeDevice[];
  /** Plugin creators in the registry, after `load`; needs no GPU. */
  plugins(): readonly { readonly name: string; readonly version: string }[];
  /**
   * null where the dynamic loader finds and opens a library by this name, else its own words. For libraries that TensorRT
   * opens by itself: the attention plugin wants libcublas.so.12 (10.x) when it is created.
   */
  whyNotLoadable(library: string): string | null;
  /**
   * Parses ONNX and builds a plan, both files. Blocks for minutes: call it in a process of its own, which is killed with the
   * one that started it.
   */
  build(request: NativeBuild, onProgress: (line: string) => void): NativeBuilt;

  /** Deserialises a plan and makes `streams` × profiles execution contexts on one device. */
  open(request: NativeOpen): number;
  describe(engine: number): NativeEngine;
  /** IEngineInspector's JSON of the whole engine, {"Layers": [...], "Bindings": [...]}; seconds for a large one. */
  inspect(engine: number): string;
  /** Gives the tokenised data set to an engine, which copies it (with start_from_device: into device memory). */
  setSamples(engine: number, samples: NativeSamples): void;
  /** Runs each shape once, then captures the CUDA graphs asked for. Returns milliseconds. */
  warmUp(engine: number, request: NativeWarmUp): number;
  /**
   * Starts an engine set (one engine per GPU) on a phase: its threads take samples from the shared queue until it ends. When
   * one of them fails, the phase stores 1 in counters[cell.ended] itself and its threads stop; endPhase throws what broke it.
   */
  startPhase(engines: readonly number[], phase: NativePhase): number;
  /** Wakes sleeping threads of a phase; call it when counters[cell.sleepers] is not 0 after issuing. Never blocks. */
  wake(phase: number): void;
  /** Blocks until counters[cell.completed] >= `completed`, the phase failed, or the time is over. For the driver's waits. */
  waitCompleted(phase: number, completed: number, timeoutNs: number): void;
  /**
   * SingleStream and MultiStream, in a phase started with `in_call`: runs the samples `first … first + count - 1` of the phase on the calling thread (engine 0,
   * stream 0) and completes them in the shared records before it returns.
   */
  runInCall(phase: number, first: number, count: number): void;
  /**
   * Sets the phase's `ended`, waits for its threads and releases it; threads that hang on the GPU for 10 s are left behind.
   * Throws what broke the phase, if anything did.
   */
  endPhase(phase: number): NativePhaseFacts;

  /** Logits of the samples at `indices`, one batch on the calling thread: float32[sum of lengths, 2], in order. */
  run(engine: number, indices: Int32Array): Float32Array;
  /** trtexec's loop: fixed batch and length of made-up tokens, or the given samples in order. */
  measure(engine: number, request: NativeMeasure): NativeMeasured;
  /** Time of each layer (IProfiler), ms per inference, mean over `iterations`. */
  profileLayers(
    engine: number,
    request: Pick<NativeMeasure, 'batch' | 'sequence_length' | 'iterations'>,
  ): readonly NativeLayerTime[];
  /** Releases contexts, buffers and the engine. Its phases must have ended. */
  close(engine: number): void;

  /** Samples clocks, power, temperature and throttle reasons of devices (by PCI bus id) on a thread of its own. */
  startGpuSampling(request: {
    readonly pci_bus_ids: readonly string[];
    readonly interval_ms: number;
  }): number;
  stopGpuSampling(sampling: number): readonly NativeGpuSample[];
}

export interface NativeLibraries {
  /** e.g. "10.6.0" */
  readonly version: string;
  readonly major: number;
  readonly infer_file: string;
  /** null where the library is missing: plans can run, none can be built. */
  readonly parser_file: string | null;
  readonly plugin_file: string | null;
  /** e.g. libnvinfer_builder_resource.so.10.6.0 beside libnvinfer; null: building will fail. */
  readonly builder_resource_file: string | null;
}

export interface NativeDevice {
  readonly index: number;
  readonly name: string;
  /** e.g. "9.0" */
  readonly compute_capability: string;
  readonly total_memory_bytes: number;
  readonly free_memory_bytes: number;
  readonly multiprocessor_count: number;
  /** "0000:04:00.0" */
  readonly pci_bus_id: string;
  /** From /sys; -1 = unknown. */
  readonly numa_node: number;
  /** CUDA version of the driver, e.g. 13000. */
  readonly cuda_driver_version: number;
}

export interface NativeDimensionRange {
  readonly tensor: string;
  readonly min: readonly number[];
  readonly opt: readonly number[];
  readonly max: readonly number[];
}

export interface NativeBuild {
  readonly device: number;
  /** External data lies beside it. */
  readonly onnx_file: string;
  /** Written whole: to a temporary name first, then renamed. */
  readonly plan_file: string;
  /** One element per optimisation profile. */
  readonly profiles: readonly (readonly NativeDimensionRange[])[];
  /** 10.x: kSTRONGLY_TYPED; 11.x always; 8.x: refused when true. */
  readonly strongly_typed: boolean;
  /** Precision as builder flags, where the network is not strongly typed: 8.x, and 10.x with `dynamic_ranges`. */
  readonly weak_types: readonly ('fp16' | 'int8' | 'bf16' | 'fp8')[];
  /**
   * Implicit quantisation (8.x, 10.x; gone in 11): the largest magnitude of each ONNX tensor named, set with
   * ITensor::setDynamicRange(-range, range). Every name must exist in the parsed network. null = explicit or none.
   */
  readonly dynamic_ranges: Readonly<Record<string, number>> | null;
  readonly tf32: boolean;
  readonly workspace_bytes: number | null;
  readonly optimization_level: number | null;
  readonly max_aux_streams: number | null;
  readonly sparse_weights: boolean;
  readonly version_compatible: boolean;
  readonly hardware_compatible: boolean;
  readonly refit: boolean;
  readonly strip_plan: boolean;
  /** Read if it is there, written back after the build. null = none. */
  readonly timing_cache_file: string | null;
  /** Detailed layer information in the plan (names, formats, tactics). */
  readonly detailed_profiling: boolean;
  /** Lowest severity passed to onProgress. */
  readonly log_severity: 'error' | 'warning' | 'info' | 'verbose';
}

export interface NativeBuilt {
  readonly plan_bytes: number;
  readonly parse_s: number;
  readonly build_s: number;
  /** TensorRT's warnings, each once. */
  readonly warnings: readonly string[];
}

export interface NativeOpen {
  readonly device: number;
  readonly plan_file: string;
  /** Execution contexts per profile, each with a thread of its own while a phase runs. */
  readonly streams: number;
  /** Slots (buffers, copy stream, events) per stream, at least 2. */
  readonly slots: number;
  /** Most samples of one inference. */
  readonly max_batch: number;
  /**
   * Inputs are uploaded once, before the measured time (start_from_device); batches are gathered inside it by copies on the
   * device, and only cu_seqlens (4 bytes a sample) still comes from the host.
   */
  readonly start_from_device: boolean;
  /** Threads waiting for the GPU spin (lowest latency) or block (fewest cores). */
  readonly wait: 'spin' | 'block';
  /** CPUs that the engine's threads may use; empty = all. */
  readonly cpus: readonly number[];
}

/**
 * The two forms of network, told by their input tensors (all int32), and the one output float32 `logits`:
 * - `padded`: input_ids, token_type_ids, attention_mask [batch, sequence] → logits [batch, sequence, 2].
 * - `packed`: input_ids, token_type_ids, position_ids [tokens], cu_seqlens [batch + 1], max_seqlen [n] (of which only the
 *   length n counts) → logits [tokens, 2].
 */
export interface NativeEngine {
  readonly form: 'padded' | 'packed';
  readonly profiles: readonly (readonly NativeDimensionRange[])[];
  readonly max_batch: number;
  readonly max_sequence_length: number;
  /** packed: most tokens of one inference; 0 for padded. */
  readonly max_tokens: number;
  /** Of one stream. */
  readonly activation_bytes: number;
  /** 0 where this TensorRT does not say (before 10.15). */
  readonly weight_bytes: number;
}

/** TokenizedSamples, as engines/contract.ts describes them. */
export interface NativeSamples {
  readonly tokenIds: Int32Array;
  readonly offsets: Int32Array;
  readonly segmentStarts: Int32Array;
}

export interface NativeWarmUp {
  /** Shapes to run once per stream, longest first: [batch, sequence_length], in both forms of network. */
  readonly shapes: readonly (readonly [batch: number, sequence_length: number])[];
  /**
   * Shapes to capture as CUDA graphs: padded [batch, sequence]; packed [batch, tokens]: a batch runs in the smallest captured
   * graph that holds it, filled up with empty sequences. Empty = no graphs.
   */
  readonly graphs: readonly (readonly [batch: number, size: number])[];
}

/** One phase: SharedPhase's arrays (scenarios/phase-records.ts), the queue's cells, and how batches are formed. */
export interface NativePhase {
  readonly counters: Int32Array;
  /** Index of each counter; scenarios/phase-records.ts, `cell`. */
  readonly cells: Readonly<Record<string, number>>;
  readonly sampleIndices: Int32Array;
  readonly completedNs: Float64Array;
  readonly isLogged: Uint8Array;
  readonly responseSlots: Int32Array;
  readonly responseLengths: Int32Array;
  readonly responseBytes: Uint8Array;
  readonly maxResponseBytes: number;
  /** Order in which to take the samples; null = as issued. */
  readonly order: Int32Array | null;
  readonly max_batch: number;
  /** How long to wait for a fuller batch; 0 = never (default). */
  readonly queue_delay_ns: number;
  /** Batch sizes worth waiting for within queue_delay_ns; empty = max_batch only. */
  readonly preferred_batch_sizes: readonly number[];
  /** Server soft limits: most tokens of one batch; 0 = the engine's own. */
  readonly max_tokens: number;
  /**
   * Lengths at which attention changes its kernel (packed: 128, 192, 256, 384), ascending. With `order`, a batch does not
   * reach over one of them, so that short samples do not pay for the longest's kernel. Empty = batches may mix.
   */
  readonly length_boundaries: readonly number[];
  readonly use_graphs: boolean;
  /** True: the phase has no threads and takes nothing from the queue; its samples come by `runInCall`. */
  readonly in_call: boolean;
  /** A thread without work spins this long before it sleeps. */
  readonly spin_ns: number;
}

export interface NativePhaseFacts {
  readonly batches: number;
  readonly samples: number;
  readonly tokens: number;
  /** Tokens run, padding included. */
  readonly tokens_run: number;
  readonly graph_launches: number;
  readonly enqueues: number;
  /** Per device index: batches. */
  readonly batches_by_device: Readonly<Record<string, number>>;
}

export interface NativeMeasure {
  readonly batch: number;
  readonly sequence_length: number;
  /** Ends when all of them are reached. */
  readonly iterations: number;
  readonly duration_ms: number;
  readonly warm_up_ms: number;
  readonly use_graph: boolean;
  /** Copies inside (false = start and end on the device). */
  readonly copies: boolean;
  readonly streams: number;
  /** Wait before each query, ms (trtexec --idleTime). */
  readonly idle_ms: number;
  /**
   * QSL indices to run as batches of `batch` in this order instead of made-up tokens; null = made up. Without `copies` the
   * engine must have been opened with start_from_device.
   */
  readonly sample_order: Int32Array | null;
  /** Run the order once from end to end, whatever iterations and duration_ms say. */
  readonly one_pass: boolean;
  /** As of a phase: no batch of the order reaches over one of these lengths. */
  readonly length_boundaries: readonly number[];
}

/** One value per query, ms, in order of issue. */
export interface NativeMeasured {
  readonly enqueue_ms: Float64Array;
  readonly h2d_ms: Float64Array;
  readonly compute_ms: Float64Array;
  readonly d2h_ms: Float64Array;
  /** h2d + compute + d2h on the GPU's clock. */
  readonly latency_ms: Float64Array;
  readonly samples: number;
  readonly wall_ms: number;
}

export interface NativeLayerTime {
  readonly layer: string;
  readonly ms: number;
}

/** One look at one GPU: `at_ns` on CLOCK_MONOTONIC, `device` its place in the request's pci_bus_ids. */
export interface NativeGpuSample extends Omit<GpuSample, 'throttle_reasons'> {
  /** nvmlClocksThrottleReasons bits. */
  readonly throttle_reasons: number;
}
