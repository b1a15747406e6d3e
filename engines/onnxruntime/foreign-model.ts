// An ONNX model that others have built, run as it is: for answers, not for benchmarks.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ConfigError, RunError } from '../../configs/errors.js';
import type { DirectInference, TokenizedSamples } from '../contract.js';
import { equalLengthBatches } from './direct.js';
import { readInterface, type InputRole, type ModelInput, type ModelInterface } from './model-interface.js';
import { sessionOptions } from './session-options.js';

export interface ForeignModel extends Omit<DirectInference, 'facts'> {
  readonly interface: ModelInterface;
}

/** @throws {ConfigError} when it is no ONNX model that answers questions. */
export async function openForeignModel(
  file: string,
  threads: number,
  batchSize: number,
): Promise<ForeignModel> {
  const session = await InferenceSession.create(file, sessionOptions({ threads, optimize: true })).catch(
    (cause: unknown) => {
      throw new ConfigError(`${file}: ONNX Runtime cannot load it: ${(cause as Error).message}`, { cause });
    },
  );
  const found = readInterface(file, session);
  const size = found.batch === 0 ? batchSize : Math.min(batchSize, found.batch);
  return {
    interface: found,
    async run(samples) {
      const logits: Float32Array[] = [];
      for (const batch of equalLengthBatches(samples, size)) {
        for (const [place, response] of (await runBatch(session, found, samples, batch)).entries())
          logits[batch[place]!] = response;
      }
      return logits;
    },
    [Symbol.asyncDispose]: () => session.release(),
  };
}

/** The logits of samples of one length. */
async function runBatch(
  session: InferenceSession,
  { inputs, outputs, batch, sequence }: ModelInterface,
  samples: TokenizedSamples,
  indices: readonly number[],
): Promise<readonly Float32Array[]> {
  const [first = 0] = indices;
  const length = samples.offsets[first + 1]! - samples.offsets[first]!;
  const rows = Math.max(batch, indices.length);
  const columns = Math.max(sequence, length);
  const feeds = inputs.map(
    (input) => [input.name, tensorOf(input, samples, indices, rows, columns)] as const,
  );
  const results = await session.run(Object.fromEntries(feeds)).catch((cause: unknown) => {
    throw new RunError(`the model refused its input: ${(cause as Error).message}`, { cause });
  });
  const valuesOf = (name: string, perToken: number): Float32Array => {
    const { data, dims, type } = results[name] ?? {};
    if (data instanceof Float32Array && data.length === rows * columns * perToken) return data;
    const tail = perToken === 1 ? '' : `, ${perToken}`;
    throw new RunError(
      `the model returned ${type}[${dims?.join(', ')}] as ${name}, expected float32[${rows}, ${columns}${tail}]`,
    );
  };
  if ('both' in outputs) {
    const both = valuesOf(outputs.both, 2);
    return indices.map((_index, row) => both.slice(row * columns * 2, (row * columns + length) * 2));
  }
  const starts = valuesOf(outputs.start, 1);
  const ends = valuesOf(outputs.end, 1);
  return indices.map((_index, row) =>
    Float32Array.from(
      { length: 2 * length },
      (_unused, i) => (i % 2 === 0 ? starts : ends)[row * columns + (i >> 1)]!,
    ),
  );
}

function tensorOf(
  { role, type }: ModelInput,
  samples: TokenizedSamples,
  indices: readonly number[],
  rows: number,
  columns: number,
): Tensor {
  const isPerSample = role === 'sample_number';
  const values = new Int32Array(isPerSample ? rows : rows * columns);
  for (let row = 0; row < rows; row++) {
    // Rows that a fixed batch has too many repeat the first sample; nobody reads them.
    const index = indices[row] ?? indices[0]!;
    if (isPerSample) values[row] = row;
    else values.set(rowOf(role, samples, index, columns), row * columns);
  }
  const dims = isPerSample ? [rows] : [rows, columns];
  return type === 'int32'
    ? new Tensor('int32', values, dims)
    : new Tensor('int64', BigInt64Array.from(values, BigInt), dims);
}

function rowOf(
  role: InputRole,
  { tokenIds, offsets, segmentStarts }: TokenizedSamples,
  index: number,
  columns: number,
): Int32Array {
  const row = new Int32Array(columns);
  const length = offsets[index + 1]! - offsets[index]!;
  if (role === 'ids') row.set(tokenIds.subarray(offsets[index], offsets[index + 1]));
  else if (role === 'segments') row.fill(1, segmentStarts[index], length);
  else if (role === 'mask') row.fill(1, 0, length);
  else for (let i = 0; i < columns; i++) row[i] = i;
  return row;
}
