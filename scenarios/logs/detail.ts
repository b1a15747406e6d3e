// mlperf_log_detail.txt: one `:::MLLOG` JSON object per line. Follows loadgen/logging.cc and loadgen.md 13.1.

import { readlinkSync } from 'node:fs';
import { formatG6, formatInteger } from '../c-format.js';
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
  /** Logs keys that share one moment; the file holds them when the call returns, so a crash loses none. */
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

  const { pid } = process;
  const tid = osThreadId();

  const append = (text: string): void => {
    file.write(text);
    copyTo?.(text);
  };
  const write = (
    entries: readonly (readonly [string, DetailValue])[],
    mark: { readonly isError: boolean; readonly isWarning: boolean },
  ): void => {
    const time_ms = formatTimeMs(sinceStartNs());
    for (const [key, value] of entries) {
      // C++ names the source line of its log statement; ours are named by key, which says more.
      append(`:::MLLOG {"key": ${JSON.stringify(key)}, "value": `);
      // A set may hold millions of samples: its list is never one string.
      if (typeof value === 'object' && isList(value)) for (const piece of listPieces(value)) append(piece);
      else append(formatDetailValue(value));
      append(
        `, "time_ms": ${time_ms}, ` +
          `"namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", "metadata": {"is_error": ${mark.isError}, ` +
          `"is_warning": ${mark.isWarning}, "file": "scenarios/start-test.ts", "line_no": 0, "pid": ${pid}, "tid": ${tid}}}\n`,
      );
    }
    file.flush();
  };

  return {
    errors,
    warnings,
    log(entries) {
      write(entries, { isError: false, isWarning: false });
    },
    error(key, text) {
      errors.push(text);
      write([[key, text]], { isError: true, isWarning: false });
    },
    warning(key, text) {
      warnings.push(text);
      write([[key, text]], { isError: false, isWarning: true });
    },
  };
}

/** ms with six decimals, digit by digit from whole ns. Differs from LoadGen: never below 0 (it wraps around 2^64). */
function formatTimeMs(ns: number): string {
  const whole = Math.max(0, Math.trunc(ns));
  return `${Math.floor(whole / NS_PER_MS)}.${(whole % NS_PER_MS).toString().padStart(6, '0')}`;
}

/** Linux's id of this thread, as LoadGen logs it; the process id where there is none to read. */
function osThreadId(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return process.pid;
  }
}

/**
 * A value as LoadGen writes it: strings quoted, doubles `%g`, lists and maps without blanks.
 * Differs from LoadGen: strings are escaped, and a double that is no number is quoted ("inf", "-nan"), so that every
 * line is valid JSON whatever a SUT calls itself and however short a run is.
 */
export function formatDetailValue(value: DetailValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean') return value.toString();
  if (typeof value === 'number' || typeof value === 'bigint') return formatInteger(value);
  if (isDouble(value)) {
    const text = formatG6(value.double);
    return Number.isFinite(value.double) ? text : JSON.stringify(text);
  }
  if (isList(value)) return [...listPieces(value)].join('');
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`).join(',')}}`;
}

const NUMBERS_PER_PIECE = 4096;

function* listPieces(list: ArrayLike<number>): Generator<string> {
  yield '[';
  for (let from = 0; from < list.length; from += NUMBERS_PER_PIECE) {
    const count = Math.min(NUMBERS_PER_PIECE, list.length - from);
    const numbers = Array.from({ length: count }, (_unused, i) => list[from + i]!).join(',');
    yield from === 0 ? numbers : `,${numbers}`;
  }
  yield ']';
}

const isDouble = (value: object): value is DoubleValue => 'double' in value;
const isList = (value: object): value is ArrayLike<number> => 'length' in value;
