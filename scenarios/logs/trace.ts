// mlperf_log_trace.json: a run as Chrome-trace events, for chrome://tracing and Perfetto. Follows loadgen/logging.cc (loadgen.md 15).
// Written after each phase from its records, one event after the other: while queries are issued only the moment is kept at which
// the SUT took each, and memory stays small.

import type { Scenario } from '../../configs/test-settings.js';
import { scheduledNs } from '../latencies.js';
import type { SharedPhase } from '../phase-records.js';
import type { LogFile } from './log-file.js';

/** When a trace began. */
export interface TraceStart {
  /** On the run's monotonic clock; all events count from here. */
  readonly clockNs: number;
  /** On the wall clock, ms since the epoch. */
  readonly wallMs: number;
}

/** A phase as the trace shows it. */
export interface TracedPhase {
  readonly scenario: Scenario;
  readonly shared: SharedPhase;
  /** Clock at time zero of the phase. */
  readonly startNs: number;
  /** Queries of all phases before, so that `query_seq` runs on. */
  readonly firstQueryId: number;
}

export interface TraceLog {
  /** A piece of work from one moment of the clock to another. */
  span(name: string, fromNs: number, toNs: number, args?: Readonly<Record<string, number>>): void;
  /**
   * Every query as its thread spent the time on it: waiting for it (Waiting, in Server Scheduling, in Offline nothing), in the
   * SUT's issueQuery (IssueQuery), both (SampleLoop). Every issued sample from its scheduled time to its completion; Server: the
   * driver's and the SUT's share of each latency.
   */
  phase(phase: TracedPhase): void;
  /** Closes the list; the file is valid JSON afterwards. */
  end(): void;
}

/**
 * Starts a trace in `file`.
 *
 * Differs from LoadGen: valid JSON (its LogDetail events double their quotes), no events about the housekeeping of a logger
 * thread, which there is none of here, and no QuerySamplesComplete: the end of a sample is that moment. A sample that never
 * completed has a begin and no end.
 */
export function createTraceLog(file: LogFile, start: TraceStart): TraceLog {
  const { pid } = process;
  const at = (ns: number): string => microseconds(ns - start.clockNs);
  const write = (event: string): void => file.write(`${event},\n`);
  file.write('{"traceEvents":[\n');

  const span = (name: string, tid: number, fromNs: number, toNs: number, args = '{}'): void =>
    write(
      `{"name":"${name}","ph":"X","pid":${pid},"tid":${tid},"ts":${at(fromNs)},` +
        `"dur":${microseconds(toNs - fromNs)},"args":${args}}`,
    );

  /** Issue thread j is thread j + 1 of the trace. */
  const issuing = ({ scenario, shared, startNs }: TracedPhase): void => {
    const { issuedNs, issueReturnedNs, issueThreads, queryCount } = shared;
    const wait = {
      SingleStream: 'Waiting',
      MultiStream: 'Waiting',
      Server: 'Scheduling',
      Offline: undefined,
    };
    const loopFromNs = new Float64Array(Math.max(1, issueThreads)).fill(startNs);
    for (let query = 0; query < queryCount; query++) {
      const returned = issueReturnedNs[query]!;
      if (returned === 0) continue; // not issued, or coalesced with one before it
      const thread = issueThreads === 0 ? 0 : query % issueThreads;
      const tid = issueThreads === 0 ? pid : thread + 1;
      const from = loopFromNs[thread]!;
      const waiting = wait[scenario];
      if (waiting !== undefined) span(waiting, tid, from, issuedNs[query]!);
      span('IssueQuery', tid, issuedNs[query]!, returned);
      span('SampleLoop', tid, from, returned);
      loopFromNs[thread] = returned;
    }
  };

  const counter = (scheduled: number, issued: number, completed: number): void =>
    write(
      `{"name":"Latency","ph":"C","pid":${pid},"ts":${at(scheduled)},` +
        `"args":{"issue_delay":${issued - scheduled},"issue_to_done":${completed - issued}}}`,
    );

  return {
    span(name, fromNs, toNs, args = {}) {
      span(name, pid, fromNs, toNs, JSON.stringify(args));
    },
    phase(traced) {
      issuing(traced);
      const { scenario, shared, startNs, firstQueryId } = traced;
      const { issuedNs, completedNs, sampleIndices, samplesPerQuery, firstSampleId } = shared;
      const scheduledOf = scheduledNs(scenario, shared, startNs);
      for (let sample = 0; sample < shared.sampleCount; sample++) {
        const query = Math.floor(sample / samplesPerQuery);
        const issued = issuedNs[query]!;
        if (issued === 0) continue;
        const id = firstSampleId + sample;
        const scheduled = scheduledOf(query);
        const completed = completedNs[sample]!;
        if (scenario === 'Server' && completed !== 0) counter(scheduled, issued, completed);
        write(
          `{"name":"Sample","cat":"default","ph":"b","pid":${pid},"id":${id},"ts":${at(scheduled)},` +
            `"args":{"sample_seq":${id},"query_seq":${firstQueryId + query},"sample_idx":${sampleIndices[sample]!},` +
            `"issue_start_ns":${issued - scheduled},"complete_ns":${completed === 0 ? 'null' : completed - scheduled}}}`,
        );
        if (completed !== 0)
          write(`{"name":"Sample","cat":"default","ph":"e","pid":${pid},"id":${id},"ts":${at(completed)}}`);
      }
    },
    end() {
      file.write(
        '{"name":"LastTrace"}\n],\n"displayTimeUnit":"ns",\n"otherData":{\n' +
          `"ts":${(start.wallMs * 1000).toFixed(3)},\n"version":"MLPerf LoadGen v1.0"\n}\n}\n`,
      );
    },
  };
}

/** µs with three decimals, digit by digit from whole ns. */
function microseconds(ns: number): string {
  const whole = Math.trunc(Math.abs(ns));
  const text = `${Math.floor(whole / 1000)}.${(whole % 1000).toString().padStart(3, '0')}`;
  return ns < 0 && whole > 0 ? `-${text}` : text;
}
