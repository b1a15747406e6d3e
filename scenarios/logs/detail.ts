// mlperf_log_detail.txt: one `:::MLLOG` JSON object per line. Follows loadgen/logging.cc and loadgen.md 13.1.

import { formatG6 } from '../c-format.js';
import type { LogFile } from './log-file.js';

/** A number that C++ holds as a double and prints as `%g`; plain numbers print as integers. */
export interface DoubleValue {
  readonly double: number;
}

/** Marks a quantity that LoadGen logs as a double. */
export const double = (value: number): DoubleValue => ({ double: value });

export type DetailValue =
  string | number | bigint | boolean | DoubleValue | ArrayLike<number> | Readonly<Record<string, string>>;

export interface DetailLog {
  /** Logs keys that share one moment. */
  log(entries: readonly (readonly [key: string, value: DetailValue])[]): void;
  /** Logs an error: counted, and on disk at once. */
  error(key: string, text: string): void;
  /** Logs a warning: counted. */
  warning(key: string, text: string): void;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

const NS_PER_MS = 1_000_000;

/** Writes detail lines to `file`; `sinceStartNs` is the time since logging started. */
export function createDetailLog(
  file: LogFile,
  sinceStartNs: () => number,
  copyTo?: (line: string) => void,
): DetailLog {
  const errors: string[] = [];
  const warnings: string[] = [];

  const line = (
    key: string,
    value: DetailValue,
    timeNs: number,
    mark: { isError: boolean; isWarning: boolean },
  ): void => {
    const time = `${Math.floor(timeNs / NS_PER_MS)}.${(timeNs % NS_PER_MS).toString().padStart(6, '0')}`;
    // C++ names the source line of its log statement; ours are named by key, which says more.
    const text =
      `:::MLLOG {"key": ${JSON.stringify(key)}, "value": ${formatDetailValue(value)}, "time_ms": ${time}, ` +
      `"namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", "metadata": {"is_error": ${mark.isError}, ` +
      `"is_warning": ${mark.isWarning}, "file": "scenarios/start-test.ts", "line_no": 0, "pid": ${process.pid}, "tid": ${process.pid}}}\n`;
    file.write(text);
    copyTo?.(text);
  };

  return {
    errors,
    warnings,
    log(entries) {
      const now = sinceStartNs();
      for (const [key, value] of entries) line(key, value, now, { isError: false, isWarning: false });
    },
    error(key, text) {
      errors.push(text);
      line(key, text, sinceStartNs(), { isError: true, isWarning: false });
      file.flush();
    },
    warning(key, text) {
      warnings.push(text);
      line(key, text, sinceStartNs(), { isError: false, isWarning: true });
    },
  };
}

/**
 * A value as LoadGen writes it: strings quoted, doubles `%g`, lists and maps without blanks.
 * Differs from LoadGen: strings are escaped, so that every line is valid JSON whatever a SUT calls itself.
 */
export function formatDetailValue(value: DetailValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return value.toString();
  if (isDouble(value)) return formatG6(value.double);
  if (isList(value)) return `[${Array.from(value).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`).join(',')}}`;
}

const isDouble = (value: object): value is DoubleValue => 'double' in value;
const isList = (value: object): value is ArrayLike<number> => 'length' in value;
