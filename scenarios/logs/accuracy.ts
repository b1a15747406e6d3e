// mlperf_log_accuracy.json: one record per logged response. Follows loadgen/logging.cc and loadgen.md 14.

import type { LogFile } from './log-file.js';

export interface AccuracyLog {
  /** `seqId` = sample id, `sampleIndex` = QSL index; the response becomes upper-case hex. */
  write(seqId: number, sampleIndex: number, response: Uint8Array): void;
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
  return {
    write(seqId, sampleIndex, response) {
      file.write(`${separator}{ "seq_id" : ${seqId}, "qsl_idx" : ${sampleIndex}, "data" : "`);
      separator = ',\n';
      for (let from = 0; from < response.length; from += pairs.length) {
        const count = Math.min(pairs.length, response.length - from);
        for (let i = 0; i < count; i++) pairs[i] = hexPairs[response[from + i]!]!;
        file.writeBytes(hex, count * 2);
      }
      file.write('" }');
    },
    end: () => file.write('\n]\n'),
  };
}
