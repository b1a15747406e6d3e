// Replays every real log set of the official LoadGen: our driver is given the same settings and a SUT that keeps the pace of
// theirs, and must make the same calls and write the same logs. Only measured times may differ.

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { QuerySampleLibrary, SystemUnderTest } from '../../scenarios/contract.js';
import { logSettings } from '../../scenarios/logs/log-files.js';
import type { PhaseRecords } from '../../scenarios/phase-records.js';
import { startTest } from '../../scenarios/start-test.js';
import { importBuilt } from '../built.js';
import { createFakeClock, type FakeClock } from '../fakes/fake-clock.js';
import {
  detailLines,
  goldenLogNames,
  readGoldenLogs,
  type GoldenEvent,
  type GoldenLine,
  type GoldenLogs,
} from '../golden-logs.js';
import { createPacedSut } from './paced-sut.js';

interface Replay {
  readonly events: readonly GoldenEvent[];
  readonly detail: readonly GoldenLine[];
  readonly summary: string;
  readonly accuracy: string;
  readonly trace: string;
}

/** Threads share the real time only: a run that is compared must not depend on how late a busy machine is. */
const PATIENCE_NS = 100_000_000_000;
function patient(golden: GoldenLogs): GoldenLogs {
  const bound = golden.settings.server_target_latency_ns.toString();
  const patiently = PATIENCE_NS.toString();
  return {
    ...golden,
    settings: { ...golden.settings, server_target_latency_ns: PATIENCE_NS },
    summary: golden.summary.replace(`target_latency (ns): ${bound}`, `target_latency (ns): ${patiently}`),
    detail: golden.detail.map((line) =>
      line.key.endsWith('_target_latency_ns') ? { ...line, value: patiently } : line,
    ),
  };
}

async function replayInThreads(golden: GoldenLogs): Promise<Replay> {
  const events: GoldenEvent[] = [];
  const owners = new Int32Array(new SharedArrayBuffer(4 * 1000));
  const calls = new Int32Array(new SharedArrayBuffer(4 * golden.settings.server_num_issue_query_threads));
  const issuing: SystemUnderTest = {
    name: 'TestSUT',
    completionPlace: 'in-call',
    issueThreads: {
      module: new URL('../fakes/issuing-sut.mjs', import.meta.url).href,
      data: { owners, calls },
    },
    issueQuery: () => expect.unreachable('the driver issues nothing'),
    flushQueries: () => void events.push({ ev: 'flush' }),
  };
  const { startTest: start } =
    await importBuilt<typeof import('../../scenarios/index.js')>('scenarios/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-replay-'));
  const { performance } = await start(
    issuing,
    notingQsl(golden, events),
    golden.settings,
    { ...logSettings(folder), enable_trace: true },
    { auditConfig: golden.auditConfig, selfTest: false },
  );
  const { issuedNs, sampleIndices } = performance!.shared;
  for (const [query, ns] of issuedNs.entries())
    if (ns !== 0) events.push({ ev: 'issue', indices: [sampleIndices[query]!] });
  return { events, ...readReplay(folder) };
}

async function replay(golden: GoldenLogs): Promise<Replay> {
  const clock: FakeClock = createFakeClock();
  const events: GoldenEvent[] = [];
  const qsl = notingQsl(golden, events);
  const sut = createPacedSut(golden, clock, {
    issue: (first: number, count: number, { sampleIndices }: PhaseRecords) =>
      void events.push({ ev: 'issue', indices: [...sampleIndices.subarray(first, first + count)] }),
    flush: () => void events.push({ ev: 'flush' }),
  });
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-replay-'));
  await startTest(
    sut,
    qsl,
    golden.settings,
    { ...logSettings(folder), enable_trace: true },
    { clock, auditConfig: golden.auditConfig },
  );
  return { events, ...readReplay(folder) };
}

function notingQsl(golden: GoldenLogs, events: GoldenEvent[]): QuerySampleLibrary {
  const note = (ev: 'load' | 'unload') => (samples: Int32Array) =>
    void events.push({ ev, samples: [...samples] });
  return {
    name: 'TestQSL',
    totalSampleCount: golden.qsl.total,
    performanceSampleCount: golden.qsl.performance,
    loadSamplesToRam: note('load'),
    unloadSamplesFromRam: note('unload'),
  };
}

function readReplay(folder: string): Omit<Replay, 'events'> {
  const read = (name: string): string => readFileSync(join(folder, `mlperf_log_${name}`), 'utf8');
  return {
    detail: detailLines(read('detail.txt')),
    summary: read('summary.txt'),
    accuracy: read('accuracy.json'),
    trace: read('trace.json'),
  };
}

/** Who wrote the log, and when. */
const ofTheWriter = /^(loadgen_|test_datetime$|get_sut_name_duration_ns$|power_)/;
/** Figures that were measured. */
const measured =
  /^(result_(?!query_count|validity|.*_met$|invalid_reason)|early_stopping_(latency|.*result$))/;
const NUMBER = /\d+(\.\d+)?(e[+-]\d+)?/g;
const BETWEEN_PERCENTILES = /(?<=(?:estimate|discard):? )\d+/g;

/** A line without what the clock of a run decides. */
function plain({ key, value, ...marks }: GoldenLine): GoldenLine {
  if (ofTheWriter.test(key)) return { key, value: '', ...marks };
  if (key.endsWith('_result')) return { key, value: value.replaceAll(BETWEEN_PERCENTILES, 'N'), ...marks };
  if (measured.test(key)) return { key, value: value.replaceAll(NUMBER, 'N'), ...marks };
  return { key, value: value.replace(/(duration_ns|thread ID :) \d+/, '$1 N'), ...marks };
}

/** The lines of a summary without measured figures. */
const plainSummary = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) =>
      /(latency|oken) \(ns\) +:|per second.*:|^QPS /.test(line) && !/^t\w+_latency \(ns\):/.test(line)
        ? line.replace(/: .*$/, ': N')
        : line.replaceAll(BETWEEN_PERCENTILES, 'N'),
    );

/** What only ours says: that the driver was late, as it is where a SUT blocks in issueQuery. */
const isDoubt = ({ key, value }: GoldenLine): boolean =>
  key === 'warning_generic_message' && value.startsWith('"The driver ');
/** What only ours logs: that, and how late the driver was. */
const isOurs = (line: GoldenLine): boolean => isDoubt(line) || line.key.startsWith('issue_delay_');
/** Calls, those of racing threads in the order of their samples. */
function callsOf(events: readonly GoldenEvent[], isRace: boolean): readonly GoldenEvent[] {
  if (!isRace) return events;
  const first = (event: GoldenEvent): number => (event.ev === 'issue' ? event.indices[0]! : -1);
  return events.toSorted((a, b) => first(a) - first(b));
}

describe.each(goldenLogNames)('replaying %s of the official LoadGen', async (name) => {
  const given = readGoldenLogs(name);
  const isRace = given.settings.server_num_issue_query_threads > 0;
  const golden = isRace ? patient(given) : given;
  const ours = await (isRace ? replayInThreads(golden) : replay(golden));

  it('the driver makes the same calls in the same order', () => {
    expect(callsOf(ours.events, isRace)).toEqual(callsOf(golden.events, isRace));
  });

  it('the detail log has the same keys in the same order, and every value that no clock decides', () => {
    const lines = ours.detail.filter((line) => !isOurs(line)).map(plain);
    expect(lines).toEqual(golden.detail.map(plain));
  });

  it('the summary has the same lines, and every value that no clock decides', () => {
    const doubts = ours.detail.filter(isDoubt).length;
    const footer = doubts === 0 ? '$&' : `${doubts} warning encountered. See detailed log.`;
    const theirs = golden.summary.replace('No warnings encountered during test.', footer);
    expect(plainSummary(ours.summary)).toEqual(plainSummary(theirs));
  });

  it('the accuracy log is the same to the byte', () => {
    expect(ours.accuracy).toBe(golden.accuracy);
  });

  it.runIf(golden.trace !== undefined)('the trace tells of the same samples and queries', () => {
    const begins = /"id":(\d+),"ts":[^,]+,"args":\{("sample_seq":\d+,"query_seq":\d+,"sample_idx":\d+)/g;
    const samplesOf = (trace: string): readonly string[] =>
      [...trace.matchAll(begins)].map(([, id, args]) => `${id} ${args}`).sort();
    const theirs = samplesOf(golden.trace!);
    expect(theirs.length).toBeGreaterThan(0);
    expect(samplesOf(ours.trace)).toEqual(theirs);
    const counters = (trace: string): number => trace.split('"name":"Latency"').length;
    expect(counters(ours.trace)).toBe(counters(golden.trace!));
  });

  it.runIf(golden.trace !== undefined)(
    'the trace has the same spans for each query, in the same order',
    () => {
      const spans =
        /"name":"(GenerateLoadableSets|GenerateQueries|Waiting|Scheduling|IssueQuery|SampleLoop)"/g;
      const spansOf = (trace: string): readonly string[] =>
        [...trace.matchAll(spans)].map(([, name]) => name!);
      expect(spansOf(ours.trace)).toEqual(spansOf(golden.trace!));
      expect(() => void JSON.parse(ours.trace)).not.toThrow();
    },
  );
});
