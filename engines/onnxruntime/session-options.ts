// The session options that all our ONNX Runtime sessions share, with the reason for each.

import type { InferenceSession } from 'onnxruntime-node';
import { EXTERNAL_BYTES } from '../bert/onnx-writer.js';
import { cpuProvider, executionProviders, type SessionProvider } from './providers.js';

export interface SessionRequest {
  readonly threads: number;
  /** `extended` when a file is optimised, `disabled` when an optimised file is loaded. */
  readonly optimize: boolean;
  /**
   * True: QuantizeLinear and DequantizeLinear round, and products between them are real ones: the numbers of a GPU's kernels,
   * on a processor that may have none of their formats. Default false: products of integers take their place.
   */
  readonly emulateQuantization?: boolean;
  /** Where the optimised form is saved. */
  readonly optimizedFile?: string;
  /** Name of a file beside it for its large tensors; without it they are part of it. */
  readonly optimizedDataFile?: string;
  /** Default: the CPU. */
  readonly provider?: SessionProvider;
}

/** ERROR: its warnings about saved optimised models are known and meant. */
const LOG_ERRORS_ONLY = 3;

/** Options of a session. */
export function sessionOptions({
  threads,
  optimize,
  emulateQuantization = false,
  optimizedFile,
  optimizedDataFile,
  provider = cpuProvider,
}: SessionRequest): InferenceSession.SessionOptions {
  return {
    executionProviders: executionProviders(provider),
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
      session: {
        ...(emulateQuantization ? { disable_quant_qdq: '1' } : {}),
        intra_op: { allow_spinning: threads > 1 ? '1' : '0' },
        ...(optimizedDataFile === undefined
          ? {}
          : {
              optimized_model_external_initializers_file_name: optimizedDataFile,
              optimized_model_external_initializers_min_size_in_bytes: String(EXTERNAL_BYTES),
            }),
      },
    },
  };
}
