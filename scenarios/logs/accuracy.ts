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
const hexPairs = Uint16Array.from({ length: 256 }, (_unused, byte) => {
  const text = byte.toString(16).toUpperCase().padStart(2, '0');
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8);
});
const HEX_BYTES = 1 << 15;

/** Starts the list in `file`. */
export function createAccuracyLog(file: LogFile): AccuracyLog {
  const hex = new Uint8Array(HEX_BYTES);
  const pairs = new Uint16Array(hex.buffer);
  let separator = '\n';
  file.write('[');
  const writeHex = (bytes: Uint8Array): void => {
    for (let from = 0; from < bytes.length; from += pairs.length) {
      const count = Math.min(pairs.length, bytes.length - from);
      for (let i = 0; i < count; i++) pairs[i] = hexPairs[bytes[from + i]!]!;
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
