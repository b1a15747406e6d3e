// Reads mlperf_log_accuracy.json: the logged responses by sample, and the logits in them. Follows the official
// accuracy-squad.py; takes LoadGen's own lines or any other JSON list of the same records.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { RunError, SetupError } from '../../configs/errors.js';
import { createRecordScanner, ScanError, type ScannedRecord } from './record-scanner.js';
import type { Logits } from './predict.js';

export interface AccuracyLog {
  /** Response of each sample; undefined where none was logged. A sample logged twice has its last response. */
  readonly responses: readonly (Uint8Array | undefined)[];
  readonly recordCount: number;
  /** SHA-256 of the complete file, lower-case hex. */
  readonly sha256: string;
}

/** Element type of the responses, little-endian. */
export type ResponseType = 'float32' | 'float16';

const recordSchema = z.object({
  seq_id: z.int().nonnegative(),
  qsl_idx: z.int().nonnegative(),
  data: z.string(),
});

/**
 * Reads a log in one pass, of any size.
 *
 * @throws {SetupError} when the file cannot be read.
 * @throws {RunError} when it is damaged, with the line, or names a sample that the data set lacks.
 */
export async function readAccuracyLog(file: string, sampleCount: number): Promise<AccuracyLog> {
  const responses = Array.from({ length: sampleCount }, (): Uint8Array | undefined => undefined);
  const hash = createHash('sha256');
  const scanner = createRecordScanner();
  let recordCount = 0;
  const keep = (record: ScannedRecord): void => {
    const { qsl_idx, data } = parseRecord(record);
    if (qsl_idx >= sampleCount) {
      throw new ScanError(
        record.line,
        `qsl_idx ${qsl_idx} is not one of the data set's 0 … ${sampleCount - 1}`,
      );
    }
    const response = Buffer.from(data, 'hex');
    // Decoding stops without a word at the first character that is no digit.
    if (2 * response.length !== data.length) {
      throw new ScanError(record.line, 'data must be pairs of hexadecimal digits');
    }
    responses[qsl_idx] = response;
    recordCount++;
  };
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      for (const record of scanner.push(chunk)) keep(record);
    }
    scanner.end();
  } catch (cause) {
    if (cause instanceof ScanError) {
      throw new RunError(
        `${file}:${cause.line}: damaged accuracy log: ${cause.message}. Run the accuracy test again.`,
        { cause },
      );
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`cannot read the accuracy log ${file}: ${reason}`, { cause });
  }
  return { responses, recordCount, sha256: hash.digest('hex') };
}

function parseRecord({ text, line }: ScannedRecord): z.infer<typeof recordSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ScanError(line, `the record is not JSON (${cause instanceof Error ? cause.message : ''})`);
  }
  const record = recordSchema.safeParse(value);
  if (record.success) return record.data;
  throw new ScanError(
    line,
    `the record is not { seq_id, qsl_idx, data }: ${z.prettifyError(record.error).replaceAll('\n', ' ')}`,
  );
}

/** What a position without a logit counts as, in the official code: an engine may answer at true length. */
const PADDING_LOGIT = -10_000;

/**
 * The logits in a response: [n, 2], start and end of token 0, then of token 1 …; n at most maxSequenceLength, missing
 * positions are padded. NaN counts as -Infinity: it is never part of an answer.
 *
 * @throws {RunError} when the size fits no such array; `sample` is for the message.
 */
export function decodeLogits(
  response: Uint8Array,
  type: ResponseType,
  maxSequenceLength: number,
  sample: number,
): Logits {
  const valueBytes = type === 'float32' ? 4 : 2;
  const tokenCount = response.length / (2 * valueBytes);
  if (!Number.isInteger(tokenCount) || tokenCount > maxSequenceLength) {
    throw new RunError(
      `sample ${sample}: the response has ${response.length} bytes; ${type}[n, 2] with n up to ${maxSequenceLength} ` +
        `has a multiple of ${2 * valueBytes} and at most ${2 * valueBytes * maxSequenceLength}`,
    );
  }
  const starts = new Float64Array(maxSequenceLength).fill(PADDING_LOGIT);
  const ends = new Float64Array(maxSequenceLength).fill(PADDING_LOGIT);
  const view = new DataView(response.buffer, response.byteOffset, response.byteLength);
  const read = (index: number): number => {
    const value =
      type === 'float32'
        ? view.getFloat32(index * valueBytes, true)
        : toFloat64(view.getUint16(index * valueBytes, true));
    return Number.isNaN(value) ? -Infinity : value;
  };
  for (let token = 0; token < tokenCount; token++) {
    starts[token] = read(2 * token);
    ends[token] = read(2 * token + 1);
  }
  return { starts, ends };
}

/** IEEE 754 binary16 to a number; Node 20 has no Float16Array. */
function toFloat64(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
