// The trace of whole runs, as a Chrome-trace viewer reads it.

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  scenarios,
  testSettings,
  type Scenario,
  type TestSettingsInput,
} from '../../configs/test-settings.js';
import type { SystemUnderTest } from '../../scenarios/contract.js';
import { logSettings } from '../../scenarios/logs/log-files.js';
import { startTest } from '../../scenarios/start-test.js';
import { createFakeClock, type FakeClock } from '../fakes/fake-clock.js';
import { createFakeSut, createTinyQsl } from '../fakes/fake-suts.js';

const MS = 1e6;

interface TraceEvent {
  readonly name: string;
  readonly ph?: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: number;
  readonly args?: Readonly<Record<string, number | null>>;
}
interface Trace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: string;
  readonly otherData: { readonly ts: number };
}

async function traceOf(
  settings: TestSettingsInput,
  sutOf: (clock: FakeClock) => SystemUnderTest = (clock) => createFakeSut({ clock, latencyNs: () => 2 * MS }),
): Promise<Trace> {
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-trace-'));
  const clock = createFakeClock();
  const running = startTest(
    sutOf(clock),
    createTinyQsl(100, 64),
    testSettings({ min_duration_ms: 0, min_query_count: 40, ...settings }),
    { ...logSettings(folder), enable_trace: true },
    { clock, stall_timeout_ms: 1000 },
  );
  await running.catch(() => undefined);
  return JSON.parse(readFileSync(join(folder, 'mlperf_log_trace.json'), 'utf8')) as Trace;
}

const of = (trace: Trace, ph: string): readonly TraceEvent[] =>
  trace.traceEvents.filter((event) => event.ph === ph);

describe.each(scenarios)('the trace of a %s run', (scenario: Scenario) => {
  it('has one pair of events for each sample, from its scheduled time to its completion', async () => {
    const trace = await traceOf({ scenario, server_target_qps: 1000 });
    const begins = of(trace, 'b');
    const ends = of(trace, 'e');
    const samples = scenario === 'MultiStream' ? 320 : 40;
    expect(begins).toHaveLength(samples);
    expect(new Set(begins.map(({ id }) => id)).size).toBe(samples);
    expect(ends.map(({ id }) => id)).toEqual(begins.map(({ id }) => id));
    for (const [i, begin] of begins.entries()) {
      expect(begin.args).toMatchObject({ sample_seq: begin.id, issue_start_ns: 0, complete_ns: 2 * MS });
      expect(ends[i]!.ts! - begin.ts!).toBeCloseTo(2000, 3);
    }
    expect(trace.traceEvents.at(-1)).toEqual({ name: 'LastTrace' });
    expect(trace.displayTimeUnit).toBe('ns');
  });

  it('shows loading, generating and the phase as spans of the same time line', async () => {
    const trace = await traceOf({ scenario, mode: 'SubmissionRun' });
    const spans = of(trace, 'X');
    const names = ['LoadSamples', 'GenerateQueries', 'accuracy', 'UnloadSamples'];
    const ofQueries = ['Waiting', 'Scheduling', 'IssueQuery', 'SampleLoop'];
    expect(spans.map(({ name }) => name).filter((name) => !ofQueries.includes(name))).toEqual([
      ...['GenerateLoadableSets', ...names, ...names],
      ...['GenerateLoadableSets', 'LoadSamples', 'GenerateQueries', 'performance', 'UnloadSamples'],
    ]);
    for (const { ts, dur } of spans) {
      expect(ts).toBeGreaterThanOrEqual(0);
      expect(dur).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('the trace', () => {
  it('shows what its thread did for each query: wait, then issue', async () => {
    const trace = await traceOf({ scenario: 'Server', server_target_qps: 100 }, (clock) =>
      createFakeSut({ clock, latencyNs: () => 2 * MS, blocksNs: () => MS }),
    );
    const spansOf = (name: string): readonly TraceEvent[] =>
      of(trace, 'X').filter((event) => event.name === name);
    const [waits, issues, loops] = ['Scheduling', 'IssueQuery', 'SampleLoop'].map(spansOf);
    expect(issues).toHaveLength(40);
    for (const [query, loop] of loops!.entries()) {
      const [wait, issue] = [waits![query]!, issues![query]!];
      expect(wait.ts).toBe(loop.ts);
      expect(issue.dur).toBe(1000);
      expect(wait.ts! + wait.dur!).toBeCloseTo(issue.ts!, 2);
      expect(loop.dur).toBeCloseTo(wait.dur! + issue.dur!, 2);
    }
  });

  it('has one span for queries that were issued together', async () => {
    const trace = await traceOf(
      { scenario: 'Server', server_target_qps: 1000, server_coalesce_queries: true },
      (clock) => createFakeSut({ clock, latencyNs: () => MS, blocksNs: () => 20 * MS }),
    );
    const issues = of(trace, 'X').filter(({ name }) => name === 'IssueQuery');
    expect(issues.length).toBeLessThan(10);
    expect(of(trace, 'b')).toHaveLength(40);
  });

  it('splits a Server latency into the share of the driver and that of the SUT', async () => {
    const trace = await traceOf({ scenario: 'Server', server_target_qps: 1000 }, (clock) =>
      createFakeSut({ clock, latencyNs: () => 2 * MS, blocksNs: () => 5 * MS }),
    );
    const shares = of(trace, 'C').map(({ args }) => args!);
    const latencies = of(trace, 'b').map(({ args }) => args!['complete_ns']!);
    expect(shares.map((share) => share['issue_delay']! + share['issue_to_done']!)).toEqual(latencies);
    expect(shares.at(-1)!['issue_delay']).toBeGreaterThan(100 * MS);
  });

  it('numbers samples and queries on through the phases of a test', async () => {
    const trace = await traceOf({ scenario: 'MultiStream', mode: 'SubmissionRun' });
    const begins = of(trace, 'b').map(({ args }) => args!);
    const ids = begins.map((args) => args['sample_seq']!);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    for (const args of begins) expect(args['query_seq']).toBe(Math.floor(args['sample_seq']! / 8));
  });

  it('is complete and valid when samples never complete', async () => {
    const trace = await traceOf({ scenario: 'Offline' }, (clock) =>
      createFakeSut({
        clock,
        latencyNs: () => MS,
        complete: (sample, records) => {
          if (sample !== 7) records.completeSample(sample);
        },
      }),
    );
    expect(of(trace, 'b')).toHaveLength(40);
    expect(of(trace, 'e')).toHaveLength(39);
    expect(of(trace, 'b')[7]!.args!['complete_ns']).toBeNull();
  });
});
