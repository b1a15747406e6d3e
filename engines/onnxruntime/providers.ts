// ONNX Runtime's execution providers: their names, what each needs beside the npm package, and what to say when it is missing.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { SetupError } from '../../configs/errors.js';
import type { Provider } from '../../configs/engine-choices.js';

/** A provider on one device, for one session. */
export interface SessionProvider {
  readonly name: Provider;
  /** Number of the GPU; 0 for the CPU. */
  readonly device: number;
}

export const cpuProvider: SessionProvider = { name: 'cpu', device: 0 };

/** Name in ONNX Runtime's profiles. */
export const profiledName: Readonly<Record<Provider, string>> = {
  cpu: 'CPUExecutionProvider',
  cuda: 'CUDAExecutionProvider',
  tensorrt: 'TensorrtExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
};

/** For InferenceSession.create. JavaScript reaches no other option of these providers. */
export function executionProviders({
  name,
  device,
}: SessionProvider): InferenceSession.ExecutionProviderConfig[] {
  switch (name) {
    case 'cpu':
    case 'webgpu':
      return [name];
    case 'cuda':
    case 'tensorrt':
      return [{ name, deviceId: device }];
  }
}

const require = createRequire(import.meta.url);

/** Folder of libonnxruntime.so.1, where the libraries of other providers must lie. */
export function librariesFolder(): string {
  const { platform, arch } = process;
  return join(dirname(require.resolve('onnxruntime-node/package.json')), 'bin/napi-v6', platform, arch);
}

const neededLibraries: Readonly<Record<Provider, readonly string[]>> = {
  cpu: [],
  webgpu: [],
  cuda: ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'],
  tensorrt: ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_tensorrt.so'],
};

/** @throws {SetupError} that names each missing library of the provider and where it comes from. */
export function requireProvider(name: Provider, folder = librariesFolder()): void {
  const missing = neededLibraries[name].filter((library) => !existsSync(join(folder, library)));
  if (missing.length === 0) return;
  throw new SetupError(
    `ONNX Runtime's ${name} provider is not installed: ${folder} has no ${missing.join(' and no ')}. ${howToGet(name)}`,
  );
}

function howToGet(name: Provider): string {
  return (
    'The npm package does not contain it. Where NuGet can be reached, this fetches it: ' +
    'node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12. ' +
    'Or copy all .so files of the archive onnxruntime-linux-x64-gpu of the very same version into that folder. ' +
    (name === 'tensorrt'
      ? 'It also needs libnvinfer.so.10, libnvonnxparser.so.10 and the libraries of CUDA 12 on LD_LIBRARY_PATH. '
      : 'It also needs the libraries of CUDA 12 (cudart, cublas, cublasLt, cufft, curand) and cuDNN 9 on LD_LIBRARY_PATH. ') +
    'Or use --engine=tensorrt, which needs neither, or --provider=cpu.'
  );
}

/** What ONNX Runtime says when a provider cannot start, told as a setup error; anything else as it came. */
export function explainedProviderError(error: unknown, { name, device }: SessionProvider): unknown {
  const reason = error instanceof Error ? error.message : String(error);
  if (/Failed to load shared library/.test(reason)) {
    return new SetupError(
      `ONNX Runtime could not load its ${name} provider from ${librariesFolder()} (${reason}); a library that it needs is missing there or on LD_LIBRARY_PATH: ldd shows which. ${howToGet(name)}`,
      { cause: error },
    );
  }
  if (/Failed to get a WebGPU adapter|Couldn't load Vulkan/.test(reason)) {
    return new SetupError(
      `ONNX Runtime's webgpu provider found no GPU (${firstLine(reason)}). It needs the Vulkan loader (Debian: libvulkan1) and the GPU's own Vulkan driver; vulkaninfo shows whether they work. Or use --provider=cpu.`,
      { cause: error },
    );
  }
  if (name !== 'cpu' && /CUDA (?:failure|error)|cudaSetDevice|invalid device ordinal/i.test(reason)) {
    return new SetupError(`ONNX Runtime's ${name} provider cannot use GPU ${device}: ${firstLine(reason)}`, {
      cause: error,
    });
  }
  return error;
}

const firstLine = (text: string): string => text.split('\n')[0]!.replace(/^.*was false\. /, '');
