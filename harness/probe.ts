// The short probe that measures a target nobody gave: LoadGen runs on the started engine, with logs of their own.

import { createRunFolder, type RunPlace } from './run-folder.js';
import type { DriverThread } from './driver-thread.js';
import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import type { ProbeResult } from '../configs/measured.js';
import { testSettings, type TestSettings } from '../configs/test-settings.js';
import { RunError } from '../configs/errors.js';
import { logSettings } from '../scenarios/logs/log-files.js';
import { reportedPercentiles } from '../scenarios/latency-statistics.js';
import type { TestResult } from '../scenarios/start-test.js';

/** Samples of the first look, per session, at least a full batch: enough to size the second. */
const FIRST_SAMPLES_PER_INSTANCE = 16;
/** A fast engine answers the first looks before it is up to speed; they are repeated, longer, until one lasts. */
const MOST_LOOKS = 5;
/** Share of the probe's duration that the look which counts lasts at least. */
const LEAST_SHARE = 0.5;
/** The null engine answers millions of samples a second; nobody needs a plan longer than this. */
const MOST_SAMPLES = 4_000_000;

/**
 * Measures the engine as the config's scenario drives it: throughput with Offline, the latency of one query with
 * SingleStream. The logs stay in `<Scenario>/probe/`, so that a measured target can be checked; of `offline-1`, `offline-2` … the
 * last counts.
 *
 * @throws {RunError} when the engine breaks or nothing completes.
 */
export async function probeTargets(
  config: BenchmarkConfig,
  driver: DriverThread,
  place: RunPlace,
): Promise<ProbeResult> {
  const { stall_timeout_ms, probe_duration_ms, instances, batch_size } = config.settings;
  const seeds = {
    qsl_rng_seed: config.loadgen.qsl_rng_seed,
    sample_index_rng_seed: config.loadgen.sample_index_rng_seed,
    performance_sample_count_override: config.loadgen.performance_sample_count_override,
  };
  const measure = async (part: string, settings: TestSettings): Promise<TestResult> =>
    driver.run({
      settings,
      logSettings: logSettings(createRunFolder({ ...place, part: `probe/${part}` })),
      stallTimeoutMs: stall_timeout_ms,
      rules: config.rules,
    });

  if (config.scenario === 'SingleStream') {
    const result = await measure(
      'single-stream',
      testSettings({
        ...seeds,
        scenario: 'SingleStream',
        min_duration_ms: probe_duration_ms,
        min_query_count: 10,
      }),
    );
    const singleLatencyNs = medianLatencyNs(result);
    return { singleLatencyNs, samplesPerSecond: 1e9 / singleLatencyNs };
  }

  const offline = (samples: number): TestSettings =>
    testSettings({ ...seeds, scenario: 'Offline', min_duration_ms: 0, min_query_count: samples });
  const rate = await lastingThroughput(
    async (samples, look) => samplesPerSecond(await measure(`offline-${look}`, offline(samples))),
    {
      firstSamples: Math.max(FIRST_SAMPLES_PER_INSTANCE, batch_size) * instances,
      durationMs: probe_duration_ms,
    },
  );
  return { samplesPerSecond: rate, singleLatencyNs: (instances / rate) * 1e9 };
}

/**
 * Throughput of the first run that lasts, in samples/s: each is sized by the one before, until one takes at least half of the
 * duration. The first never counts, since it warms the engine up.
 *
 * @param measure Runs so many samples and returns samples/s; `look` counts from 1.
 */
export async function lastingThroughput(
  measure: (samples: number, look: number) => Promise<number>,
  { firstSamples, durationMs }: { readonly firstSamples: number; readonly durationMs: number },
): Promise<number> {
  let samples = firstSamples;
  for (let look = 1; ; look++) {
    const rate = await measure(samples, look);
    const isLongEnough = samples / rate >= (LEAST_SHARE * durationMs) / 1000;
    if (look > 1 && (isLongEnough || samples >= MOST_SAMPLES || look === MOST_LOOKS)) return rate;
    samples = Math.max(samples, Math.min(MOST_SAMPLES, Math.ceil((rate * durationMs) / 1000)));
  }
}

function samplesPerSecond({ results }: TestResult): number {
  const rate = results?.samplesPerSecond ?? 0;
  if (rate > 0 && Number.isFinite(rate)) return rate;
  throw new RunError(
    'the probe measured no throughput; give the target yourself (see --help, "Targets that nobody gave")',
  );
}

function medianLatencyNs({ results }: TestResult): number {
  const median = results?.sampleLatency.percentiles_ns[reportedPercentiles.indexOf(0.5)] ?? 0;
  if (median > 0) return median;
  throw new RunError('the probe measured no latency; give --single_stream_expected_latency_ns yourself');
}
