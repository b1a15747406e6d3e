// What the addon finds on a machine: libraries of TensorRT, GPUs, and what NVML tells of them.

import type { GpuSample } from '../contract.js';

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

/** One look at one GPU: `at_ns` on CLOCK_MONOTONIC, `device` its place in the request's pci_bus_ids. */
export interface NativeGpuSample extends Omit<GpuSample, 'throttle_reasons'> {
  /** nvmlClocksThrottleReasons bits. */
  readonly throttle_reasons: number;
}
