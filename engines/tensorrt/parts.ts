// What others bring to engine tensorrt: engines do not know one another.

import type { DirectInference, EngineRequest } from '../contract.js';
import type { NativeAddon } from './native.js';
import type { KnownRanges } from './network.js';
import type { RunBuild } from './run-build.js';

/** A model whose calibration is looked for. */
export interface CalibratedModel {
  readonly modelDir: string;
  readonly model_sha256: string;
  /** Calibrations lie among the engines. */
  readonly enginesDir: string;
}

export interface TensorRtParts {
  /** The fp32 reference of the model, on the CPU. */
  readonly openReference: (request: EngineRequest) => Promise<DirectInference>;
  /** Ranges that calibration found for a model; undefined where it was never calibrated. */
  readonly calibratedRanges?: (model: CalibratedModel) => Promise<KnownRanges | undefined>;
  /** For tests. */
  readonly addon?: NativeAddon;
  readonly runBuild?: RunBuild;
}
