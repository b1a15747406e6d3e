import { describe, expect, it } from 'vitest';
import {
  issueDelay,
  type IssueDelay,
  queryLatenciesNs,
  sampleLatenciesNs,
} from '../../scenarios/latencies.js';
import { createSharedPhase, type SharedPhase } from '../../scenarios/phase-records.js';

/** Two queries of two samples: due at 1000 and 1100, issued at 1010 and 1190. Sample 3 never completed. */
function recorded(): SharedPhase {
  const shared = createSharedPhase({
    phase: 'performance',
    firstSampleId: 0,
    sampleIndices: Int32Array.of(0, 1, 2, 3),
    scheduledDeltaNs: Float64Array.of(0, 100),
    queryCount: 2,
    samplesPerQuery: 2,
    isLogged: new Uint8Array(4),
    maxResponseBytes: undefined,
  });
  shared.issuedNs.set([1010, 1190]);
  shared.completedNs.set([1050, 1020, 1500, 0]);
  return shared;
}
const START_NS = 1000;

describe('latency', () => {
  it.each([
    ['SingleStream', 'the instant of issue', [40, 10, 310]],
    ['MultiStream', 'the instant of issue', [40, 10, 310]],
    ['Server', 'the due time, so that waiting to be issued counts', [50, 20, 400]],
    ['Offline', 'the start', [50, 20, 500]],
  ] as const)('in %s counts from %s', (scenario, _from, latencies) => {
    expect([...sampleLatenciesNs(scenario, recorded(), START_NS, 2)]).toEqual(latencies);
  });

  it('of a MultiStream query is that of its last sample', () => {
    expect([...queryLatenciesNs(recorded(), 2)]).toEqual([40, 310]);
  });

  it('knows only the queries that were issued', () => {
    expect([...sampleLatenciesNs('Server', recorded(), START_NS, 1)]).toEqual([50, 20]);
  });
});

describe('issue delay', () => {
  it('is how long after their due times queries were issued', () => {
    expect(issueDelay(recorded(), START_NS)).toEqual({ p50_ns: 90, p99_ns: 90, max_ns: 90 });
  });

  it('of an issue thread counts the queries of its turn', () => {
    const of = (thread: number): IssueDelay => issueDelay(recorded(), START_NS, { thread, of: 2 });
    expect(of(0)).toEqual({ p50_ns: 10, p99_ns: 10, max_ns: 10 });
    expect(of(1)).toEqual({ p50_ns: 90, p99_ns: 90, max_ns: 90 });
  });

  it('is zero where nothing was issued', () => {
    const shared = recorded();
    shared.issuedNs.fill(0);
    expect(issueDelay(shared, START_NS)).toEqual({ p50_ns: 0, p99_ns: 0, max_ns: 0 });
  });
});
