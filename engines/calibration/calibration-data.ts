// What calibration needs of a data set: samples to observe, and a slice with known answers to compare methods on.

import type { TokenizedSamples } from '../contract.js';

/** A seeded sample of a training split, tokenised with all its windows. */
export interface CalibrationData {
  readonly samples: TokenizedSamples;
  /** Samples that methods are compared on. */
  readonly slice: readonly number[];
  /** F1 in percent of the slice's questions, from the logits float32[length, 2] of the slice's samples in order. */
  readonly scoreSlice: (logits: readonly Float32Array[]) => number;
  readonly source: CalibrationSource;
}

/** Where the samples come from; part of a calibration's key. */
export interface CalibrationSource {
  /** The data file's name. */
  readonly name: string;
  readonly sha256: string;
  readonly seed: string;
  readonly question_count: number;
  readonly max_seq_length: number;
  readonly doc_stride: number;
  readonly max_query_length: number;
  /** True for the data that accuracy is measured with: the result then flatters itself. */
  readonly is_evaluation_data: boolean;
}
