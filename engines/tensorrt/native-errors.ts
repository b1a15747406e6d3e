// Errors of the native addon in our three classes, each with what to do.

import { RunError, SetupError } from '../../configs/errors.js';
import { nativeErrorCodes, type NativeErrorCode } from './native.js';

/** What helps to give advice. */
export interface NativeCall {
  /** What was tried, for the head of the message: "opening the engine". */
  readonly doing: string;
  /** Samples per inference, where the call holds memory for them. */
  readonly batchSize?: number;
  /** What builds a plan again that is not one of the engines' folder. */
  readonly rebuild?: string;
}

/** Calls the addon. @throws {SetupError | RunError} for its errors; anything else, and a wrong use of the addon, as it is. */
export function inNative<T>(call: NativeCall, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof Error ? explained(error, call) : error;
  }
}

/** The error in our words; unchanged where it is not one of the addon's. */
export function explained(error: Error, { doing, batchSize, rebuild }: NativeCall): Error {
  const code = nativeCodeOf(error);
  if (code === undefined) return error;
  const found = `engine tensorrt, ${doing}: ${error.message.replace(/[.\s]*$/, '')}.`;
  const setup = (advice: string): SetupError => new SetupError(`${found} ${advice}`, { cause: error });
  const run = (advice: string): RunError => new RunError(`${found} ${advice}`, { cause: error });
  switch (code) {
    case 'ERR_TENSORRT_LIBRARY':
      return setup(
        'Install TensorRT 8.5 to 11 (libnvinfer, libnvinfer_plugin and libnvonnxparser: apt, pip or its archive), or name the ' +
          'folder that holds them with --tensorrt_lib=FOLDER (or TENSORRT_LIB). On the CPU: --engine=onnxruntime.',
      );
    case 'ERR_TENSORRT_VERSION':
      return setup(
        'For 8.5, 8.6, 10 or 11, compile the addon against its headers: `make tensorrt TENSORRT_INCLUDE=FOLDER` (apt: ' +
          'libnvinfer-headers-dev). Otherwise name another library with --tensorrt_lib=FOLDER.',
      );
    case 'ERR_CUDA_LIBRARY':
      return setup('On the CPU: --engine=onnxruntime.');
    case 'ERR_CUDA_DEVICE':
      return setup(
        'nvidia-smi must list the GPU, and CUDA_VISIBLE_DEVICES must not hide it; `loadrig doctor` shows what this machine has.',
      );
    case 'ERR_CUDA_MEMORY':
      return setup(
        batchSize === undefined || batchSize === 1
          ? 'Stop other programs that hold GPU memory (nvidia-smi lists them), or use fewer --gpu_inference_streams.'
          : `Use a smaller batch, --gpu_batch_size=${Math.ceil(batchSize / 2)} in place of ${batchSize}, or fewer ` +
              '--gpu_inference_streams; other programs may hold GPU memory (nvidia-smi lists them).',
      );
    case 'ERR_TENSORRT_ENGINE':
      return setup(
        'An engine fits one TensorRT version and one GPU. ' +
          (rebuild === undefined
            ? 'Remove its folder and build it again: make generate_engines.'
            : `Build it again: ${rebuild}.`),
      );
    case 'ERR_NVML':
      return setup(
        'Its library, libnvidia-ml.so.1, comes with the driver; without it clocks are not sampled.',
      );
    case 'ERR_TENSORRT_BUILD':
      return run(
        'The network as TensorRT got it can be written with: loadrig build --engine=tensorrt --onnx_only.',
      );
    case 'ERR_CUDA':
      return run(
        'The GPU broke off; `dmesg` and `nvidia-smi` may tell more. What was logged so far is kept.',
      );
    case 'ERR_ARGUMENT':
    case 'ERR_STATE':
      return error; // a bug of ours
  }
}

/** The addon's error code, where it is one. */
export function nativeCodeOf(error: unknown): NativeErrorCode | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return nativeErrorCodes.find((code) => code === error.code);
}
