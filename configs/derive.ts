// Values that follow from others: sessions from cores, query counts from early stopping, targets from a probe.

import type { Scenario } from './test-settings.js';
import { variantOf } from './variants.js';
import type { ConfigVer } from './variants.js';

/** Runs of this length have queries enough for early stopping: the least of every round since v1.0. */
const LONG_RUN_MS = 600_000;

// What early stopping needs to succeed with one query over the percentile: h(1) + 1 of LoadGen's
// MinPassingQueriesFinder, 63 + 1 for 90 % and 661 + 1 for 99 %.
const EARLY_STOPPING_QUERIES_90 = 64;
export const EARLY_STOPPING_QUERIES_99 = 662;
/** As many as 99 % needs with one query over the bound (662) and some to spare. */
const SERVER_SHORT_RUN_QUERIES = 700;
/** A quick run may take this long, so 662 queries that fit in it cost nothing. */
const CHEAP_MS = 10_000;
/** A short Server run may take so many times its least length where a verdict needs it; one that needs more is not waited for. */
const SERVER_PATIENCE = 3;

export interface Derived {
  readonly value: number;
  readonly note: string;
}

/** What is known of the speed that a run will have. */
export interface ExpectedSpeed {
  readonly single_stream_expected_latency_ns?: number | undefined;
  readonly server_target_qps?: number | undefined;
}

/** Sessions and threads for so many cores. What the user gives of the two decides the other. */
export function deriveInstances(
  scenario: Scenario,
  cores: number,
  given: { readonly instances?: number | undefined; readonly threads_per_instance?: number | undefined },
): { readonly instances: number; readonly threads_per_instance: number } {
  if (given.instances !== undefined) {
    const threads = given.threads_per_instance ?? Math.max(1, Math.floor(cores / given.instances));
    return { instances: given.instances, threads_per_instance: threads };
  }
  if (given.threads_per_instance !== undefined) {
    const instances =
      scenario === 'SingleStream' ? 1 : Math.max(1, Math.floor(cores / given.threads_per_instance));
    return { instances, threads_per_instance: given.threads_per_instance };
  }
  return scenario === 'SingleStream'
    ? { instances: 1, threads_per_instance: cores }
    : { instances: cores, threads_per_instance: 1 };
}

/**
 * Least query count with which early stopping can succeed in a short run, or undefined where LoadGen's default will do:
 * a run of the rules' length has queries enough, Offline always stops early, MultiStream's 662 stands in its config.
 * A Server run that would need minutes for them gets what its length holds, and cannot be VALID.
 */
export function deriveMinQueryCount(
  scenario: Scenario,
  minDurationMs: number,
  expected: ExpectedSpeed,
): Derived | undefined {
  if (minDurationMs >= LONG_RUN_MS) return undefined;
  if (scenario === 'Server') return serverShortRun(minDurationMs, expected.server_target_qps);
  if (scenario !== 'SingleStream') return undefined;
  const expectedLatencyNs = expected.single_stream_expected_latency_ns;
  const longestCheapNs = (Math.max(CHEAP_MS, minDurationMs) * 1e6) / EARLY_STOPPING_QUERIES_99;
  return expectedLatencyNs !== undefined && expectedLatencyNs <= longestCheapNs
    ? {
        value: EARLY_STOPPING_QUERIES_99,
        note: 'early stopping can estimate the 99th percentile too, in the same time',
      }
    : { value: EARLY_STOPPING_QUERIES_90, note: 'early stopping at 90 % needs 64' };
}

function serverShortRun(minDurationMs: number, targetQps: number | undefined): Derived {
  const needs = `early stopping at 99 % needs ${EARLY_STOPPING_QUERIES_99} queries with one over the bound`;
  const wantedMs = targetQps === undefined ? 0 : (SERVER_SHORT_RUN_QUERIES / targetQps) * 1000;
  if (targetQps === undefined || wantedMs <= SERVER_PATIENCE * Math.max(CHEAP_MS, minDurationMs))
    return { value: SERVER_SHORT_RUN_QUERIES, note: needs };
  return {
    value: Math.max(1, Math.floor((targetQps * minDurationMs) / 1000)),
    note:
      `${needs}: ${Math.ceil(wantedMs / 1000)} s at ${targetQps} queries/s, too long for a run of ` +
      `${minDurationMs / 1000} s, which cannot be VALID. --min_query_count=${SERVER_SHORT_RUN_QUERIES} waits for them`,
  };
}

/** Share of the reference F1 that a variant must keep, and the name that says so. */
export function accuracyOf(configVer: ConfigVer): {
  readonly benchmark_full: 'bert-99' | 'bert-99.9';
  readonly accuracy_target: number;
} {
  switch (variantOf(configVer).accuracy_target) {
    case 'k_99':
      return { benchmark_full: 'bert-99', accuracy_target: 0.99 };
    case 'k_99_9':
      return { benchmark_full: 'bert-99.9', accuracy_target: 0.999 };
  }
}
