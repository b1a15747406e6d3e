// What only the machine and the data set can tell, filled into a resolved config: targets from a probe, the sample
// count from the data. Pure: each returns a new frozen config.

import { frozen } from './benchmark-config.js';
import type { BenchmarkConfig, Provenance } from './benchmark-config.js';
import { deriveMinQueryCount } from './derive.js';
import { ConfigError } from './errors.js';
import { targetKeys } from './schema.js';
import type { TargetKey } from './schema.js';
import { serverTargetQps } from './server-target.js';

/** What a short run of the engine showed. */
export interface ProbeResult {
  /** Throughput with every session busy, as Offline drives it. */
  readonly samplesPerSecond: number;
  /** Median latency of one query alone, as SingleStream drives it, in ns. */
  readonly singleLatencyNs: number;
}

/**
 * Fills the missing target: Offline and SingleStream with what was measured, Server and MultiStream with what follows
 * from it. A target that somebody gave stays as it is.
 *
 * @throws {RangeError} when the probe measured nothing (a bug in the probe).
 */
export function withMeasuredTargets(config: BenchmarkConfig, probe: ProbeResult): BenchmarkConfig {
  for (const [name, value] of Object.entries(probe)) {
    if (!(value > 0 && Number.isFinite(value)))
      throw new RangeError(`probe: ${name} must be greater than 0, got ${value}`);
  }
  if (config.needs_probe.length === 0) return config;
  const { scenario } = config;
  const target = targetFrom(config, probe);
  const changes: Changes = { [targetKeys[scenario]]: target };
  if (config.provenance['min_query_count']?.label === 'derived') {
    const expected = { [targetKeys[scenario]]: target.value };
    const queries = deriveMinQueryCount(scenario, config.loadgen.min_duration_ms, expected);
    const most = config.loadgen.max_query_count || Infinity;
    if (queries !== undefined && queries.value <= most)
      changes.min_query_count = { ...queries, origin: 'default', label: 'derived' };
  }
  const ofServer = scenario === 'Server' ? { server_accuracy_qps: probe.samplesPerSecond } : {};
  return withLoadgen({ ...config, ...ofServer, needs_probe: [] }, changes);
}

function targetFrom(config: BenchmarkConfig, probe: ProbeResult): NumberProvenance {
  const { loadgen, settings, scenario } = config;
  const rate = `${significant(probe.samplesPerSecond, 4)} samples/s measured`;
  switch (scenario) {
    case 'Offline':
      return { value: significant(probe.samplesPerSecond, 4), origin: 'probe', label: 'measured' };
    case 'SingleStream':
      return { value: Math.round(probe.singleLatencyNs), origin: 'probe', label: 'measured', note: 'median' };
    case 'MultiStream': {
      const value = Math.round((loadgen.multi_stream_samples_per_query / probe.samplesPerSecond) * 1e9);
      return { value, origin: 'probe', label: 'derived', note: `samples per query at ${rate}` };
    }
    case 'Server': {
      const qps = serverTargetQps({
        samplesPerSecond: probe.samplesPerSecond,
        servers: settings.instances,
        boundNs: loadgen.server_target_latency_ns,
        percentile: loadgen.server_target_latency_percentile,
        fraction: settings.server_capacity_fraction,
      });
      const share = Math.round((100 * qps) / probe.samplesPerSecond);
      return { value: significant(qps, 3), origin: 'probe', label: 'derived', note: `${share} % of ${rate}` };
    }
  }
}

/**
 * Fits performance_sample_count_override to the data set: the rules' 10833 cannot be loaded from a smaller one.
 *
 * @throws {ConfigError} when a flag asked for more samples than there are.
 */
export function withDatasetSize(config: BenchmarkConfig, sampleCount: number): BenchmarkConfig {
  const wanted = config.loadgen.performance_sample_count_override;
  if (wanted <= sampleCount) return config;
  const origin = config.provenance['performance_sample_count_override']?.origin;
  if (origin === 'flag') {
    throw new ConfigError(
      `performance_sample_count_override must be at most the ${sampleCount} samples of ${config.settings.data}, ` +
        `got ${wanted}. Leave it out to use them all.`,
    );
  }
  const note = `the data set has ${sampleCount}, ${origin ?? 'the config'} wants ${wanted}`;
  const count: NumberProvenance = { value: sampleCount, origin: 'detected', label: 'derived', note };
  return withReasons(withLoadgen(config, { performance_sample_count_override: count }), [
    `performance_sample_count_override is ${sampleCount}, the rules want ${wanted}`,
  ]);
}

/** Adds reasons found later (an unofficial model by its hash, an interrupted run …). */
export function withReasons(config: BenchmarkConfig, reasons: readonly string[]): BenchmarkConfig {
  const all = [...new Set([...config.not_submittable_because, ...reasons])];
  return frozen({ ...config, submittable: all.length === 0, not_submittable_because: all });
}

type NumberProvenance = Provenance & { readonly value: number };
type Changes = Partial<
  Record<TargetKey | 'min_query_count' | 'performance_sample_count_override', NumberProvenance>
>;

function withLoadgen(config: BenchmarkConfig, changes: Changes): BenchmarkConfig {
  const values = Object.fromEntries(Object.entries(changes).map(([key, { value }]) => [key, value]));
  return frozen({
    ...config,
    loadgen: { ...config.loadgen, ...values },
    provenance: { ...config.provenance, ...changes },
  });
}

const significant = (value: number, digits: number) => Number(value.toPrecision(digits));
