// `loadrig build` for ONNX Runtime: the engine of the cache that `run` uses. Its shapes are free, so profiles add nothing.

import type { BuiltEngine, EngineBuildRequest } from '../contract.js';
import { buildEngine, runtimeVersion } from './build-engine.js';

/** @throws {ConfigError | SetupError} */
export async function buildOnnxRuntimeFile(request: EngineBuildRequest): Promise<BuiltEngine> {
  const { path, dataFiles, sha256, built } = await buildEngine({ ...request, mayBuild: true });
  return { path, dataFiles, sha256, built, runtime: `onnxruntime-node ${runtimeVersion}`, notes: {} };
}
