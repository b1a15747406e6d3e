// What the builder is asked for, and the hash that an engine is kept under: everything it depends on.

import { createHash } from 'node:crypto';
import type { Precision } from '../../configs/engine-choices.js';
import type { GpuRequest } from '../contract.js';
import type { NativeBuild, NativeDimensionRange } from './native-build.js';
import type { NativeDevice, NativeLibraries } from './native-libraries.js';

export interface BuildSettings {
  readonly precision: Precision;
  readonly gpu: Pick<
    GpuRequest,
    | 'workspace_size'
    | 'builder_optimization_level'
    | 'sparse_weights'
    | 'version_compatible'
    | 'hardware_compatible'
    | 'tf32'
    | 'refit'
    | 'strip_plan'
  >;
  readonly profiles: readonly (readonly NativeDimensionRange[])[];
  /** Ranges are set on tensors: the network has no types of its own. */
  readonly isImplicit: boolean;
}

/** The options of the builder, without its files. */
export type BuildOptions = Omit<
  NativeBuild,
  'device' | 'onnx_file' | 'plan_file' | 'timing_cache_file' | 'dynamic_ranges'
>;

/** Precision is in the network from TensorRT 10 on; before, it is a flag of the builder. */
export function buildOptions(
  { precision, gpu, profiles, isImplicit }: BuildSettings,
  { major }: Pick<NativeLibraries, 'major'>,
): BuildOptions {
  return {
    profiles,
    strongly_typed: major >= 10 && !isImplicit,
    weak_types: major >= 10 && !isImplicit ? [] : weakTypes(precision),
    tf32: gpu.tf32,
    workspace_bytes: gpu.workspace_size === 0 ? null : gpu.workspace_size,
    optimization_level: gpu.builder_optimization_level,
    // Streams of TensorRT's own would run beside ours, and spoil captured graphs.
    max_aux_streams: 0,
    sparse_weights: gpu.sparse_weights,
    version_compatible: gpu.version_compatible,
    hardware_compatible: gpu.hardware_compatible,
    refit: gpu.refit,
    strip_plan: gpu.strip_plan,
    detailed_profiling: true,
    log_severity: 'warning',
  };
}

function weakTypes(precision: Precision): BuildOptions['weak_types'] {
  switch (precision) {
    case 'fp32':
      return [];
    case 'fp16':
      return ['fp16'];
    case 'bf16':
      return ['bf16'];
    case 'int8':
      return ['int8', 'fp16'];
    case 'fp8':
      return ['fp8', 'fp16'];
  }
}

/** What an engine was built from: the content of its hash. */
export interface BuiltFrom {
  readonly tensorrt: string;
  readonly gpu: string;
  readonly compute_capability: string;
  /** CUDA of the driver, its major. */
  readonly driver_cuda_major: number;
  readonly model_sha256: string;
  /** Model configuration; the hash of weights alone does not cover it. */
  readonly config: string;
  readonly network: object;
  readonly options: BuildOptions;
}

export function builtFrom(
  libraries: Pick<NativeLibraries, 'version'>,
  device: Pick<NativeDevice, 'name' | 'compute_capability' | 'cuda_driver_version'>,
  network: Pick<BuiltFrom, 'model_sha256' | 'config' | 'network' | 'options'>,
): BuiltFrom {
  return {
    tensorrt: libraries.version,
    gpu: device.name,
    compute_capability: device.compute_capability,
    driver_cuda_major: Math.floor(device.cuda_driver_version / 1000),
    ...network,
  };
}

export function keyOf(from: BuiltFrom): string {
  return createHash('sha256').update(JSON.stringify(from)).digest('hex').slice(0, 24);
}
