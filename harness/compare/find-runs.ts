// The performance runs below a folder: logs of ours, results/ of a submission, or one run's folder. Figures come from the
// logs; what they were measured on from the files beside them, where there are any.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../configs/errors.js';
import { readSummary } from './summary-file.js';
import type { Metric } from './summary-file.js';
import type { Scenario } from '../../configs/test-settings.js';

/** One performance run, as far as runs are compared. */
export interface ComparedRun {
  /** Where it was read: a folder, or the round that published it. */
  readonly source: string;
  readonly system: string;
  readonly benchmark: string;
  readonly scenario: Scenario;
  readonly metric: Metric;
  readonly isValid: boolean;
  readonly p99_ns: number | undefined;
  /** GPUs or slices; 0 = none, and a CPU counts as one. */
  readonly accelerators: number;
  readonly accelerator: string;
  readonly precision: string;
  /** Folder's name of the model, and its hash where it is known. */
  readonly model: string;
  readonly f1: number | undefined;
}

const SUMMARY = 'mlperf_log_summary.txt';
/** Runs that are no results: probes, audits. */
const skipped = /^(?:probe|compliance|TEST\d\d.*)$/;
const DEEPEST = 10;

/**
 * Every performance run below a folder, in the order of their paths.
 *
 * @throws {ConfigError} when there is none.
 */
export function findRuns(folder: string): readonly ComparedRun[] {
  if (!existsSync(folder)) throw new ConfigError(`${folder}: no such folder`);
  const found = foldersBelow(folder, 0);
  const runs = found.flatMap((each) => readRun(each) ?? []);
  if (runs.length > 0) return runs;
  throw new ConfigError(
    found.length === 0
      ? `${folder}: no ${SUMMARY} below it. Give a folder of build/logs, of results/, or of one run.`
      : `${folder}: no finished performance run below it; ${found.length} other logs (accuracy runs, or cut short)`,
  );
}

function foldersBelow(folder: string, depth: number): readonly string[] {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    throw new ConfigError(`${folder}: cannot be read (${(cause as Error).message})`, { cause });
  }
  const below = entries
    .filter((entry) => entry.isDirectory() && !skipped.test(entry.name) && depth < DEEPEST)
    .map(({ name }) => name)
    .sort()
    .flatMap((name) => foldersBelow(join(folder, name), depth + 1));
  return entries.some(({ name }) => name === SUMMARY) ? [folder, ...below] : below;
}

function readRun(folder: string): ComparedRun | undefined {
  const summary = readSummary(readFileSync(join(folder, SUMMARY), 'utf8'));
  if (summary?.metric === undefined || summary.mode === 'AccuracyOnly') return undefined;
  const metadata = readJson(join(folder, 'metadata.json'), metadataSchema);
  const config = readJson(join(folder, 'config.json'), configSchema);
  const place = placeOf(folder, summary.scenario);
  const system = metadata?.system_name ?? place.system;
  const form = formOf(folder, system);
  const count = config?.accelerators_per_node ?? countOf(form);
  return {
    source: folder,
    system,
    benchmark: metadata?.benchmark_full ?? place.benchmark,
    scenario: summary.scenario,
    metric: summary.metric,
    isValid: summary.isValid,
    p99_ns: summary.p99_ns,
    // A run of ours on the CPU uses none of the GPUs that its form lists.
    accelerators: config !== undefined && config.accelerator === undefined ? 0 : count,
    accelerator: config === undefined ? (form?.accelerator_model_name ?? '') : (config.accelerator ?? ''),
    precision: config?.settings.precision ?? '',
    model: modelOf(config, metadata),
    f1: f1Of(folder),
  };
}

/** …/<system>/<benchmark>/<Scenario>/…: the folders above the scenario's. */
function placeOf(
  folder: string,
  scenario: Scenario,
): { readonly system: string; readonly benchmark: string } {
  const parts = folder.split(/[\\/]/).filter((part) => part !== '');
  const at = parts.lastIndexOf(scenario);
  return { system: parts[at - 2] ?? basename(folder), benchmark: parts[at - 1] ?? 'bert' };
}

/** systems/<system>.json of the call or of the submission, some folders above. */
function formOf(folder: string, system: string): z.output<typeof formSchema> | undefined {
  for (let above = folder, step = 0; step < DEEPEST; above = dirname(above), step++) {
    const form = readJson(join(above, 'systems', `${system}.json`), formSchema);
    if (form !== undefined) return form;
  }
  return undefined;
}

const countOf = (form: z.output<typeof formSchema> | undefined): number => {
  const count = Number(form?.accelerators_per_node ?? 0) * Number(form?.number_of_nodes ?? 1);
  return Number.isInteger(count) && count > 0 ? count : 0;
};

function modelOf(
  config: z.output<typeof configSchema> | undefined,
  metadata: z.output<typeof metadataSchema> | undefined,
): string {
  if (config === undefined) return '';
  const hash = metadata?.sha256?.model ?? '';
  return `${basename(config.settings.model)}${hash === '' ? '' : ` ${hash.slice(0, 8)}`}`;
}

/** Of the accuracy run that belongs to a performance run: beside it, below it, or in its scenario's folder. */
function f1Of(folder: string): number | undefined {
  const places = ['.', 'accuracy', join('..', '..', 'accuracy')];
  for (const place of places) {
    const file = join(folder, place, 'accuracy.txt');
    if (!existsSync(file)) continue;
    const f1 = /"f1":\s*([\d.]+)/.exec(readFileSync(file, 'utf8'))?.[1];
    if (f1 !== undefined) return Number(f1);
  }
  return undefined;
}

const metadataSchema = z.object({
  system_name: z.string(),
  benchmark_full: z.string(),
  sha256: z.object({ model: z.string().nullable() }).optional(),
});
const configSchema = z.object({
  accelerator: z.string().optional(),
  accelerators_per_node: z.number().optional(),
  settings: z.object({ precision: z.string(), model: z.string() }),
});
const formSchema = z.object({
  accelerators_per_node: z.union([z.number(), z.string()]).optional(),
  number_of_nodes: z.union([z.number(), z.string()]).optional(),
  accelerator_model_name: z.string().optional(),
});

/** A file beside the logs; undefined where it is not there, or is something else. */
function readJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return schema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
