// The manual of the native addon (engines/tensorrt/native, C++17 over Node-API): what TypeScript may ask of it.
//
// Handles are plain numbers into one table of the process, so that the main thread can open an engine and the driver's
// thread can issue to it. Every call throws an Error with one of `nativeErrorCodes` as its `code`. Shapes are row-major.

import type { NativeBuild, NativeBuilt } from './native-build.js';
import type { NativeEngine, NativeOpen, NativeSamples, NativeWarmUp } from './native-engine.js';
import type { NativeDevice, NativeGpuSample, NativeLibraries } from './native-libraries.js';
import type {
  NativeLayerTime,
  NativeMeasure,
  NativeMeasured,
  NativePhase,
  NativePhaseFacts,
} from './native-run.js';

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
