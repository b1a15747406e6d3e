// Flags that are accepted for the sake of old command lines and change nothing in the engine that is chosen, each with why.

import type { Precision } from '../../configs/engine-choices.js';
import type { BuildFlags } from './flags.js';

export interface WithoutEffect {
  readonly flag: string;
  readonly why: string;
}

type Reasons = Partial<Record<keyof BuildFlags, string>>;

const ofOnnxRuntime: Reasons = {
  workspace_size: 'ONNX Runtime takes the memory that it needs and has no limit to set',
  timing_cache_file: 'ONNX Runtime chooses kernels by rule, it times none',
  require_timing_cache: 'ONNX Runtime chooses kernels by rule, it times none',
  force_fc2_gemm: 'a plugin of TensorRT before version 10',
  varlen: 'this engine runs every sample at its own length anyway',
  hardware_compat: 'an ONNX Runtime engine fits the processor that it was built on; build it again elsewhere',
  version_compat: 'an ONNX Runtime engine fits the version that it was built with; build it again after an update',
  strict: 'the graph says the type of every operator, so it is always strict',
};

const ofTensorRt: Reasons = {
  force_fc2_gemm: 'its plugin is gone since TensorRT 10; the builder times its own kernels for this product',
};

/** What was given in vain. @param whyNoCalibration undefined where the build does calibrate. */
export function flagsWithoutEffect(
  engine: string,
  precision: Precision,
  flags: BuildFlags,
  whyNoCalibration: string | undefined,
): readonly WithoutEffect[] {
  const reasons: Reasons = { ...(engine === 'tensorrt' ? ofTensorRt : ofOnnxRuntime) };
  if (whyNoCalibration !== undefined) {
    for (const name of ['squad_json', 'calib_num', 'calib_seed', 'calib_path', 'calib_method'] as const)
      reasons[name] = whyNoCalibration;
  }
  if (engine === 'onnxruntime') {
    if (flags.int8 && flags.fp16) reasons.fp16 = 'CPUs multiply fp16 no faster: what int8 leaves is fp32';
    const inside = 'on CPUs products alone are quantised: the rest in int8 costs accuracy and no time is won';
    reasons.force_int8_skipln = precision === 'int8' ? inside : 'only with int8';
    reasons.force_int8_multihead = precision === 'int8' ? inside : 'only with int8';
    if (flags.sparse) reasons.sparse = 'the weights are checked; ONNX Runtime multiplies the zeros all the same';
  }
  return Object.entries(reasons)
    .filter(([name]) => isGiven(flags[name as keyof BuildFlags]))
    .map(([name, why]) => ({ flag: `--${name}`, why }));
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== false;
