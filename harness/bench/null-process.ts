// Our driver on one workload, in a process of its own, so that its memory and its compiled code are nobody else's. Takes the
// workload as JSON, prints its figures as JSON.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testSettings } from '../../configs/test-settings.js';
import { connectNullSut } from '../../engines/null.js';
import { logSettings } from '../../scenarios/logs/log-files.js';
import { startTest } from '../../scenarios/start-test.js';
import { workloadSeeds, type Workload, type WorkloadFigures } from './workloads.js';

/** Ours, with the driver's own lateness. */
export interface OurFigures extends WorkloadFigures {
  /** Server. */
  readonly issue_delay: { readonly p50_ns: number; readonly p99_ns: number; readonly max_ns: number } | null;
}

const workload = JSON.parse(process.argv[2] ?? '{}') as Workload; // written by runOurs
const folder = mkdtempSync(join(tmpdir(), 'loadrig-bench-'));
try {
  process.stdout.write(JSON.stringify(await run(workload)));
} finally {
  rmSync(folder, { recursive: true });
}

async function run({
  samples,
  response_bytes,
  expected_latency_ns,
  target_qps,
  target_latency_ns,
  ...given
}: Workload): Promise<OurFigures> {
  let loadedMs = NaN;
  let generatedMs = NaN;
  const qsl = {
    name: 'bench',
    totalSampleCount: samples,
    performanceSampleCount: samples,
    loadSamplesToRam: () => void (loadedMs = performance.now()),
    unloadSamplesFromRam: () => undefined,
  };
  const settings = testSettings({
    ...given,
    ...workloadSeeds,
    single_stream_expected_latency_ns: expected_latency_ns,
    multi_stream_expected_latency_ns: expected_latency_ns,
    server_target_qps: target_qps,
    offline_expected_qps: target_qps,
    server_target_latency_ns: target_latency_ns,
  });
  const beforeKib = process.resourceUsage().maxRSS;
  const fromMs = performance.now();
  const {
    results,
    issueDelay,
    performance: phase,
  } = await startTest(connectNullSut(response_bytes), qsl, settings, logSettings(folder), {
    onPhase: () => void (generatedMs = performance.now()),
  });
  const toMs = performance.now();
  return {
    wall_s: (toMs - fromMs) / 1000,
    generation_s: (generatedMs - loadedMs) / 1000,
    added_kib: process.resourceUsage().maxRSS - beforeKib,
    queries: phase?.queriesIssued ?? 0,
    valid: results?.isValid ?? false,
    qps_with_overhead: results?.qpsWithOverhead ?? NaN,
    p50_ns: results?.sampleLatency.percentiles_ns[0] ?? NaN,
    p99_ns: results?.sampleLatency.percentiles_ns[4] ?? NaN,
    max_ns: results?.sampleLatency.max_ns ?? NaN,
    issue_delay: issueDelay ?? null,
  };
}
