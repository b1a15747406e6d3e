// mlperf_log_accuracy.json: one record per logged response. Follows loadgen/logging.cc and loadgen.md 14.

import type { LogFile } from './log-file.js';

export interface AccuracyLog {
  /**
   * `seqId` = sample id, `sampleIndex` = QSL index; responses become upper-case hex. With token latencies the record ends with
   * the response at its first token (not in Offline) and the count of all its tokens (loadgen.md 14).
   */
  write(
    seqId: number,
    sampleIndex: number,
    response: Uint8Array,
    tokenCount?: number,
    firstTokenResponse?: Uint8Array,
  ): void;
  /** Closes the list; the file is valid JSON afterwards. */
  end(): void;
}

/** Two ASCII digits for each byte, as one little-endian uint16. */
const hexOfByte = Uint16Array.from({ length: 256 }, (_unused, byte) => {
  const text = byte.toString(16).toUpperCase().padStart(2, '0');
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8);
});
/** Four for two bytes: half the look-ups, twice the speed. */
const hexOfPair = Uint32Array.from(
  { length: 65536 },
  (_unused, pair) => hexOfByte[pair & 255]! | (hexOfByte[pair >> 8]! << 16),
);
const HEX_BYTES = 1 << 15;
/** Response bytes that fill it. */
const CHUNK_BYTES = HEX_BYTES / 2;

/** Starts the list in `file`. */
export function createAccuracyLog(file: LogFile): AccuracyLog {
  const hex = new Uint8Array(HEX_BYTES);
  const quads = new Uint32Array(hex.buffer);
  const pairs = new Uint16Array(hex.buffer);
  const aligned = new Uint16Array(CHUNK_BYTES / 2);
  const alignedBytes = new Uint8Array(aligned.buffer);
  let separator = '\n';
  file.write('[');
  const writeHex = (bytes: Uint8Array): void => {
    for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
      const count = Math.min(CHUNK_BYTES, bytes.length - from);
      alignedBytes.set(count === bytes.length ? bytes : bytes.subarray(from, from + count));
      const whole = count >> 1;
      for (let i = 0; i < whole; i++) quads[i] = hexOfPair[aligned[i]!]!;
      if (count % 2 === 1) pairs[count - 1] = hexOfByte[alignedBytes[count - 1]!]!;
      file.writeBytes(hex, count * 2);
    }
  };
  return {
    write(seqId, sampleIndex, response, tokenCount, firstTokenResponse) {
      file.write(`${separator}{ "seq_id" : ${seqId}, "qsl_idx" : ${sampleIndex}, "data" : "`);
      separator = ',\n';
      writeHex(response);
      if (firstTokenResponse !== undefined) {
        file.write('", "token_data" : "');
        writeHex(firstTokenResponse);
      }
      file.write(tokenCount === undefined ? '" }' : `", "token_count" : ${tokenCount} }`);
    },
    end: () => file.write('\n]\n'),
  };
}
