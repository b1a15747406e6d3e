// The log files of one test: opened before it, closed after it, readable whatever happens between. Follows loadgen.md 16.

import { join } from 'node:path';
import { SetupError } from '../../configs/errors.js';
import { createAccuracyLog, type AccuracyLog } from './accuracy.js';
import { createDetailLog, type DetailLog } from './detail.js';
import { openLogFile, type LogFile, type WriteSync } from './log-file.js';
import { summaryFooter } from './summary.js';
import { createTraceLog, type TraceLog, type TraceStart } from './trace.js';

/** LoadGen's LogOutputSettings and LogSettings. */
export interface LogSettings {
  /** Must exist. */
  readonly outdir: string;
  /** Start of the files' names. Default: mlperf_log_. */
  readonly prefix: string;
  /** End of the files' names, before the dot. Default: empty. */
  readonly suffix: string;
  /** Puts test_datetime between prefix and name. Default: false. */
  readonly prefix_with_datetime: boolean;
  /** Prints every detail line as well. Default: false. */
  readonly copy_detail_to_stdout: boolean;
  /** Prints the summary as well. Default: false. */
  readonly copy_summary_to_stdout: boolean;
  /**
   * Writes mlperf_log_trace.json as well. Differs from LoadGen, whose default is true and which always makes the file: most runs
   * need none, and it is the largest of the logs.
   */
  readonly enable_trace: boolean;
}

/** LoadGen's defaults, with the logs in `outdir`. */
export function logSettings(outdir = '.'): LogSettings {
  return {
    outdir,
    prefix: 'mlperf_log_',
    suffix: '',
    prefix_with_datetime: false,
    copy_detail_to_stdout: false,
    copy_summary_to_stdout: false,
    enable_trace: false,
  };
}

/** Where the logs of a test lie. */
export interface LogPaths {
  /** For people: verdict, figures, parameters. */
  readonly summary: string;
  /** For programs: one `:::MLLOG` JSON object a line. */
  readonly detail: string;
  /** JSON list of the logged responses. */
  readonly accuracy: string;
  /** With enable_trace. */
  readonly trace: string | undefined;
}

export interface LogFiles {
  readonly paths: LogPaths;
  readonly detail: DetailLog;
  readonly accuracy: AccuracyLog;
  /** With enable_trace. */
  readonly trace: TraceLog | undefined;
  writeSummary(text: string): void;
  /** Writes the summary's footer and closes all files. @throws {SetupError} when the disk refuses. */
  close(): void;
}

export interface LogFilesSetup {
  readonly settings: LogSettings;
  /** ns since logging started. */
  readonly sinceStartNs: () => number;
  /** When logging started. */
  readonly start: TraceStart;
  /** test_datetime, for prefix_with_datetime. */
  readonly dateTime: string;
  readonly write?: WriteSync;
}

/**
 * Opens summary, detail and accuracy log, and the trace if it is asked for.
 *
 * @throws {SetupError} when outdir does not exist or cannot be written.
 */
export function openLogFiles({ settings, sinceStartNs, start, dateTime, write }: LogFilesSetup): LogFiles {
  const { outdir, prefix, suffix, prefix_with_datetime, enable_trace } = settings;
  const path = (name: string, extension: string): string =>
    join(outdir, `${prefix}${prefix_with_datetime ? `${dateTime}_` : ''}${name}${suffix}.${extension}`);
  const toStdout = (text: string): void => void process.stdout.write(text);

  const paths: LogPaths = {
    summary: path('summary', 'txt'),
    detail: path('detail', 'txt'),
    accuracy: path('accuracy', 'json'),
    trace: enable_trace ? path('trace', 'json') : undefined,
  };
  const [summaryFile, detailFile, accuracyFile, traceFile] = openAll(paths, write);
  const trace = traceFile === undefined ? undefined : createTraceLog(traceFile, start);
  const detail = createDetailLog(
    detailFile,
    sinceStartNs,
    settings.copy_detail_to_stdout ? toStdout : undefined,
  );
  const accuracy = createAccuracyLog(accuracyFile);
  const writeSummary = (text: string): void => {
    summaryFile.write(text);
    if (settings.copy_summary_to_stdout) toStdout(text);
  };

  return {
    paths,
    detail,
    accuracy,
    trace,
    writeSummary,
    close() {
      const steps = [
        () => accuracy.end(),
        () => accuracyFile.close(),
        () => trace?.end(),
        () => traceFile?.close(),
        () => writeSummary(summaryFooter(detail.warnings.length, detail.errors.length)),
        () => summaryFile.close(),
        () => detailFile.close(),
      ];
      // Each file gets its chance: a full disk must not cost the others their end.
      const failures = steps.flatMap((step) => {
        try {
          step();
          return [];
        } catch (error) {
          return [error];
        }
      });
      const [first] = failures;
      if (first instanceof SetupError) throw first;
      if (first !== undefined) throw new Error('closing the logs failed', { cause: first });
    },
  };
}

/** All files or none: what was opened before the one that failed is closed again. */
function openAll(
  { summary, detail, accuracy, trace }: LogPaths,
  write: WriteSync | undefined,
): readonly [LogFile, LogFile, LogFile, LogFile?] {
  const opened: LogFile[] = [];
  const open = (path: string): LogFile => {
    const file = openLogFile(path, write);
    opened.push(file);
    return file;
  };
  try {
    const always = [open(summary), open(detail), open(accuracy)] as const;
    return trace === undefined ? always : [...always, open(trace)];
  } catch (error) {
    for (const file of opened) file.close();
    throw error;
  }
}
