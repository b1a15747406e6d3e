// Building a plan with the addon: what is asked for, and what came of it.

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
  /** Weights can be exchanged later. */
  readonly refit: boolean;
  /** The plan leaves out the weights that can be filled in; such a plan runs after that alone. From TensorRT 10 on. */
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
