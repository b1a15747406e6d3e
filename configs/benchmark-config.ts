// A resolved run: one benchmark, variant and scenario, with the origin of every value. Saved as config.json beside the
// logs and read back from there, so that a run can be repeated.

import { z } from 'zod';
import { ConfigError } from './errors.js';
import { explainIssue } from './explain-issue.js';
import { rulesRounds } from './rules/rounds.js';
import { harnessSettingsSchema, loadgenShape, targetKeys } from './schema.js';
import { benchmarks } from './selection.js';
import type { SettingOverrides, TargetKey } from './schema.js';
import { isSettingKey } from './setting-table.js';
import { scenarios, testModes, testSettings } from './test-settings.js';
import type { TestMode, TestSettings } from './test-settings.js';
import { configVers } from './variants.js';

/**
 * What a value rests on, where that matters:
 * published in the rules or a submission, measured on this machine, derived from such values, or guessed.
 */
export const labels = ['published', 'measured', 'derived', 'guessed'] as const;
export type Label = (typeof labels)[number];

const provenanceSchema = z.strictObject({
  value: z.union([z.number(), z.string(), z.boolean(), z.bigint()]),
  /** `default`, `flag`, `detected` (from the machine), `probe`, `rules v4.1`, or the file that said it (a conf file with its line). */
  origin: z.string().min(1),
  label: z.enum(labels).optional(),
  /** Where a published value stands, or how a derived one was made. */
  note: z.string().optional(),
});
/** One value and where it came from. */
export type Provenance = Readonly<z.output<typeof provenanceSchema>>;

const targetNames = Object.values(targetKeys) as [TargetKey, ...TargetKey[]];

// The settings of a run are complete but for the targets: those are measured when nobody gave them.
const requestedLoadgenSchema = z.strictObject({
  ...loadgenShape,
  single_stream_expected_latency_ns: loadgenShape.single_stream_expected_latency_ns.unwrap().optional(),
  multi_stream_expected_latency_ns: loadgenShape.multi_stream_expected_latency_ns.unwrap().optional(),
  server_target_qps: loadgenShape.server_target_qps.unwrap().optional(),
  offline_expected_qps: loadgenShape.offline_expected_qps.unwrap().optional(),
});

export const benchmarkConfigSchema = z.strictObject({
  config_format: z.literal(1),
  benchmark: z.enum(benchmarks),
  /** Name in logs and results: bert-99 or bert-99.9. */
  benchmark_full: z.enum(['bert-99', 'bert-99.9']),
  config_ver: z.enum(configVers),
  scenario: z.enum(scenarios),
  /** Round whose rules the settings started from; the logs have its form. */
  rules: z.enum(rulesRounds),
  /** Test modes in the order they run. */
  test_modes: z.array(z.enum(testModes)).min(1),
  /** Share of the reference model's F1 that must be kept. */
  accuracy_target: z.number().gt(0).lt(1),
  system_id: z.string().min(1),
  /** Name of the machine in logs and results. */
  system_name: z.string().min(1),
  /** The GPU whose values apply (systems/gpu-models.json); absent on machines without, or that do not use them. */
  accelerator: z.string().min(1).optional(),
  /** GPUs or MIG slices of the machine. */
  accelerators_per_node: z.int().positive().optional(),
  /** Harness settings, complete. */
  settings: harnessSettingsSchema.required({ instances: true, threads_per_instance: true }),
  /** LoadGen's requested settings, the same for every mode; use loadgenSettings() for one mode's. */
  loadgen: requestedLoadgenSchema,
  /** Targets still to be measured; empty once withMeasuredTargets() has filled them. */
  needs_probe: z.array(z.enum(targetNames)),
  /**
   * Server, where nobody gave the target: queries per second of the accuracy run, all that the probe measured. What the answers
   * are does not hang on when they were asked for, and the latency bound is not judged there.
   */
  server_accuracy_qps: z.number().positive().optional(),
  /** False with reasons: the run cannot be part of an MLPerf submission. */
  submittable: z.boolean(),
  not_submittable_because: z.array(z.string()),
  /** Origin of every value of `settings` and `loadgen`. */
  provenance: z.record(z.string(), provenanceSchema),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
/** A resolved run; frozen at every depth. */
export type BenchmarkConfig = DeepReadonly<z.output<typeof benchmarkConfigSchema>>;

/** Freezes a config at every depth and returns it. */
export function frozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) frozen(inner as object);
  }
  return Object.freeze(value);
}

/**
 * LoadGen's requested settings for one mode of the run.
 *
 * @throws {ConfigError} while a target is still to be measured.
 */
export function loadgenSettings(config: BenchmarkConfig, mode: TestMode): TestSettings {
  const missing = config.needs_probe[0];
  if (missing !== undefined) {
    throw new ConfigError(
      `${config.scenario} needs --${missing}: nobody gave it and it has not been measured yet.`,
    );
  }
  const { server_accuracy_qps } = config;
  const rate =
    mode === 'AccuracyOnly' && server_accuracy_qps !== undefined
      ? { server_target_qps: server_accuracy_qps }
      : {};
  return testSettings({ ...config.loadgen, ...rate, scenario: config.scenario, mode });
}

/** A saved config with other harness settings: those that decide what is printed and kept, not what is measured. */
export function withFlags(config: BenchmarkConfig, overrides: SettingOverrides): BenchmarkConfig {
  const provenance = Object.fromEntries(
    Object.entries(overrides).map(([key, value]): readonly [string, Provenance] => [
      key,
      { value, origin: 'flag' },
    ]),
  );
  return frozen({
    ...config,
    settings: { ...config.settings, ...overrides },
    provenance: { ...config.provenance, ...provenance },
  });
}

/** The text of config.json: seeds are decimal strings, since a JSON number would lose their last digits. */
export function toJson(config: BenchmarkConfig): string {
  const withStrings = (_key: string, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value;
  return `${JSON.stringify(config, withStrings, 2)}\n`;
}

/**
 * Reads a saved config.json; `file` names it in messages.
 *
 * @throws {ConfigError} naming every key that is missing, unknown or wrong.
 */
export function configFromJson(text: string, file = 'config.json'): BenchmarkConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${file}: not JSON (${(cause as Error).message})`, { cause });
  }
  const parsed = benchmarkConfigSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) {
    const lines = parsed.error.issues.map(
      (issue) => `${file}: ${issue.path.join('.') || 'the file'} ${explainIssue(issue, issue.input)}`,
    );
    throw new ConfigError(lines.join('\n'));
  }
  return frozen({ ...parsed.data, provenance: withSeeds(parsed.data.provenance) });
}

/** JSON has written seeds as text; everywhere else they are bigint. */
function withSeeds(provenance: Readonly<Record<string, Provenance>>): Record<string, Provenance> {
  const entries = Object.entries(provenance).map(([key, entry]) => {
    const isSeed = isSettingKey(key) && key.endsWith('_rng_seed');
    return [key, isSeed ? { ...entry, value: BigInt(entry.value) } : entry] as const;
  });
  return Object.fromEntries(entries);
}
