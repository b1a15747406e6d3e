// A session of a graph that nobody keeps: for calibration, checks and comparisons on this machine's CPU.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '../onnxruntime/telemetry-off.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { writeOnnxFile } from '../bert/onnx-file.js';
import type { OnnxGraph } from '../bert/onnx-writer.js';
import type { TokenizedSamples } from '../contract.js';
import { sessionOptions } from '../onnxruntime/session-options.js';

export interface GraphSession extends AsyncDisposable {
  /** The named outputs of one sample at its true length. */
  run(
    samples: TokenizedSamples,
    index: number,
    outputs: readonly string[],
  ): Promise<Readonly<Record<string, Float32Array>>>;
}

export interface GraphSessionOptions {
  readonly threads: number;
  /** The numbers of a GPU's kernels (session-options.ts) instead of this processor's. */
  readonly emulateQuantization?: boolean;
}

/** The graph lies in a temporary folder only until the session has loaded it. */
export async function openGraphSession(
  graph: OnnxGraph,
  { threads, emulateQuantization = false }: GraphSessionOptions,
): Promise<GraphSession> {
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-graph-'));
  let session: InferenceSession;
  try {
    const file = join(folder, 'model.onnx');
    writeOnnxFile(graph, file, join(folder, 'model.data'));
    session = await InferenceSession.create(
      file,
      sessionOptions({ threads, optimize: true, emulateQuantization }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    async run({ tokenIds, offsets, segmentStarts }, index, outputs) {
      const ids = Int32Array.from(tokenIds.subarray(offsets[index], offsets[index + 1]));
      const segments = new Int32Array(ids.length).fill(1).fill(0, 0, segmentStarts[index]);
      const shape = [1, ids.length];
      const feeds = {
        input_ids: new Tensor('int32', ids, shape),
        token_type_ids: new Tensor('int32', segments, shape),
      };
      const result = await session.run(feeds, outputs);
      return Object.fromEntries(outputs.map((name) => [name, result[name]!.data as Float32Array]));
    },
    [Symbol.asyncDispose]: () => session.release(),
  };
}

/** Logits float32[length, 2] of the samples at `indices`. */
export async function logitsOf(
  session: GraphSession,
  samples: TokenizedSamples,
  indices: readonly number[],
): Promise<readonly Float32Array[]> {
  const result: Float32Array[] = [];
  for (const index of indices) result.push((await session.run(samples, index, ['logits']))['logits']!);
  return result;
}
