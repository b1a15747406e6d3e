// The session options that all our ONNX Runtime sessions share, with the reason for each.

import type { InferenceSession } from 'onnxruntime-node';

export interface SessionRequest {
  readonly threads: number;
  /** `extended` when a file is optimised, `disabled` when an optimised file is loaded. */
  readonly optimize: boolean;
  /** Where the optimised form is saved. */
  readonly optimizedFile?: string;
}

/** ERROR: its warnings about saved optimised models are known and meant. */
const LOG_ERRORS_ONLY = 3;

/** Options of a CPU session. */
export function sessionOptions({
  threads,
  optimize,
  optimizedFile,
}: SessionRequest): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: optimize ? 'all' : 'disabled',
    logSeverityLevel: LOG_ERRORS_ONLY,
    ...(optimizedFile === undefined ? {} : { optimizedModelFilePath: optimizedFile }),
    extra: {
      // SkipLayerNormalization costs eight times Add + LayerNormalization on the CPU.
      optimization: { disable_specified_optimizers: 'SkipLayerNormFusion' },
      // Threads that spin between queries take the cores from the other sessions and from the driver.
      session: { intra_op: { allow_spinning: threads > 1 ? '1' : '0' } },
    },
  };
}
