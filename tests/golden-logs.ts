// Reads a complete log set of the official LoadGen: what it was asked for, which calls it made, and its logs line by line.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settingsFromFiles } from '../configs/conf-files/conf-settings.js';
import type { TestSettings } from '../configs/test-settings.js';
import { goldenTestSettings } from './golden-loadgen.js';

const folder = new URL('./golden/loadgen/logs/', import.meta.url);

export const goldenLogNames: readonly string[] = readdirSync(folder).sort();

/** A call that LoadGen made to SUT or QSL. */
export type GoldenEvent =
  | { readonly ev: 'load' | 'unload'; readonly samples: readonly number[] }
  | { readonly ev: 'issue'; readonly indices: readonly number[] }
  | { readonly ev: 'flush' };

/** A line of a detail log; `value` as written. */
export interface GoldenLine {
  readonly key: string;
  readonly value: string;
  readonly is_error: boolean;
  readonly is_warning: boolean;
}

export interface GoldenLogs {
  readonly name: string;
  readonly settings: TestSettings;
  readonly qsl: { readonly total: number; readonly performance: number };
  /** Tokens of each response; 0 = none are told. */
  readonly tokens: number;
  /** The audit file beside the logs, '' where the run had none. */
  readonly auditConfig: string;
  readonly events: readonly GoldenEvent[];
  readonly detail: readonly GoldenLine[];
  readonly summary: string;
  readonly accuracy: string;
  readonly trace: string | undefined;
}

interface Run {
  readonly settings_and_sut: Readonly<Record<string, number | string>>;
  readonly user_conf: boolean;
  readonly conf_model: string | null;
}

/** What `run.json` says of the SUT and of LoadGen's C++ side, and is no setting. */
const notSettings = ['sut', 'us', 'workers', 'tokens', 'nthreads', 'total', 'perf'];

export function readGoldenLogs(name: string): GoldenLogs {
  const at = (file: string): string => fileURLToPath(new URL(`${name}/${file}`, folder));
  const read = (file: string): string => readFileSync(at(file), 'utf8');
  const run = JSON.parse(read('run.json')) as Run;
  const given = run.settings_and_sut;
  const ofSettings = Object.entries(given).filter(([key]) => !notSettings.includes(key));
  const requested = goldenTestSettings(Object.fromEntries(ofSettings));
  return {
    name,
    settings: run.user_conf
      ? settingsFromFiles({
          scenario: requested.scenario,
          model: run.conf_model ?? '*',
          rules: 'v6.1',
          user_conf_path: at('user.conf'),
        }).settings
      : requested,
    qsl: { total: Number(given['total']), performance: Number(given['perf']) },
    tokens: Number(given['tokens'] ?? 0),
    auditConfig: existsSync(at('audit.config')) ? at('audit.config') : '',
    events: linesOf(read('events.jsonl')).map((line) => JSON.parse(line) as GoldenEvent),
    detail: detailLines(read('mlperf_log_detail.txt')),
    summary: read('mlperf_log_summary.txt'),
    accuracy: read('mlperf_log_accuracy.json'),
    trace: existsSync(at('mlperf_log_trace.json')) ? read('mlperf_log_trace.json') : undefined,
  };
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** The lines of a detail log, theirs or ours. */
export function detailLines(text: string): readonly GoldenLine[] {
  return linesOf(text).map((line) => {
    const form =
      /^:::MLLOG \{"key": "([^"]+)", "value": (.*), "time_ms": \d+\.\d{6}, "namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", "metadata": \{"is_error": (true|false), "is_warning": (true|false), "file": "[^"]+", "line_no": \d+, "pid": \d+, "tid": \d+\}\}$/;
    const [, key, value, isError, isWarning] = form.exec(line) ?? [];
    if (key === undefined || value === undefined) throw new Error(`no line of a detail log: ${line}`);
    return { key, value, is_error: isError === 'true', is_warning: isWarning === 'true' };
  });
}
