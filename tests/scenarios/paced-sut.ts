// A SUT that keeps the pace of a real one: on a fake clock, it takes as long as lets LoadGen come to the same decisions as in a
// log set of the official LoadGen.

import type { SystemUnderTest } from '../../scenarios/contract.js';
import type { PhaseRecords } from '../../scenarios/phase-records.js';
import type { FakeClock } from '../fakes/fake-clock.js';
import type { GoldenLogs } from '../golden-logs.js';

export interface SutObserver {
  issue(first: number, count: number, records: PhaseRecords): void;
  flush(): void;
}

const NS_PER_MS = 1e6;
const OVER_BOUND_NS = 1 * NS_PER_MS;
const WITHIN_BOUND_NS = 300_000;

/** The responses of the golden sets: the low 32 bits of index * 2654435761, little-endian. */
export function goldenResponse(sampleIndex: number): Uint8Array {
  const response = new Uint8Array(4);
  new DataView(response.buffer).setUint32(0, Math.imul(sampleIndex, 2654435761) >>> 0, true);
  return response;
}

export function createPacedSut(golden: GoldenLogs, clock: FakeClock, observer: SutObserver): SystemUnderTest {
  const pace = paceOf(golden);
  let phase = -1;
  let call = 0;
  let startNs = 0;
  const held: number[] = [];
  let last: PhaseRecords;

  const complete = (sample: number, records: PhaseRecords): void => {
    const response = goldenResponse(records.sampleIndices[sample]!);
    if (golden.tokens > 0) records.completeFirstToken(sample, response);
    records.completeSample(sample, response, golden.tokens > 0 ? golden.tokens : undefined);
  };
  const finish = (first: number, count: number, records: PhaseRecords): void => {
    for (let sample = first; sample < first + count; sample++) complete(sample, records);
  };

  return {
    name: 'TestSUT',
    completionPlace: 'other-threads',
    maxResponseBytes: 4,
    startPhase: () => {
      phase++;
      call = 0;
      startNs = clock.now();
    },
    issueQuery(first, count, records) {
      observer.issue(first, count, records);
      last = records;
      const until = pace.blocksUntil?.(call, first + count, records.shared.scheduledDeltaNs);
      if (until !== undefined) clock.advance(Math.max(0, startNs + until - clock.now()));
      const latencyNs = pace.latencyNs(call++, phase);
      if (latencyNs === 0) finish(first, count, records);
      else if (latencyNs === Infinity) held.push(first);
      else clock.at(clock.now() + latencyNs, () => finish(first, count, records));
    },
    flushQueries() {
      observer.flush();
      if (held.length > 0) clock.advance(pace.flushNs ?? 0);
      for (const sample of held.splice(0)) complete(sample, last);
    },
  };
}

interface Pace {
  /** From issue to completion; 0 = inside issueQuery, Infinity = at the flush. */
  latencyNs(call: number, phase: number): number;
  /** What a flush takes before it completes what was held back. */
  readonly flushNs?: number;
  /** ns after the start at which a call of issueQuery returns, where it blocks; `next` is the first query not yet issued. */
  blocksUntil?(call: number, next: number, scheduledDeltaNs: Float64Array): number | undefined;
}

function paceOf(golden: GoldenLogs): Pace {
  const { settings, events, detail } = golden;
  const valueOf = (key: string): string | undefined => detail.findLast((line) => line.key === key)?.value;
  const effective = (key: string): number => Number(valueOf(`effective_${key}`));
  const afterLastLoad = events.slice(events.findLastIndex(({ ev }) => ev === 'load'));
  const issues = afterLastLoad.filter((event) => event.ev === 'issue');

  switch (settings.scenario) {
    case 'SingleStream':
    case 'MultiStream': {
      const endedNaturally = detail.some(({ value }) => value.startsWith('"Ending naturally'));
      const spanNs = endedNaturally ? effective('min_duration_ms') * NS_PER_MS : 0;
      const latencyNs = Math.max(1, Math.ceil(spanNs / Math.max(1, issues.length - 1)));
      return { latencyNs: () => latencyNs };
    }
    case 'Offline': {
      const spanNs = effective('min_duration_ms') * NS_PER_MS;
      return { latencyNs: () => (valueOf('result_min_duration_met') === 'false' ? spanNs - 1 : spanNs) };
    }
    case 'Server': {
      const lateNs = effective('target_latency_ns') + OVER_BOUND_NS;
      const late = Number(valueOf('result_overlatency_query_count') ?? 0);
      if (settings.mode === 'FindPeakPerformance') {
        const keeps = verdictsOf(golden);
        const best = keeps.lastIndexOf(true);
        return {
          latencyNs: (call, phase) =>
            keeps[phase] !== true || (phase === best && call < late) ? lateNs : WITHIN_BOUND_NS,
        };
      }
      if (settings.server_coalesce_queries) {
        return {
          latencyNs: () => 0,
          blocksUntil: (call, next, due) => {
            const following = issues[call + 1];
            return following?.ev === 'issue' ? due[next + following.indices.length - 1] : undefined;
          },
        };
      }
      if (settings.server_max_async_queries > 0) {
        const held = settings.server_max_async_queries + 1;
        const lateNotHeld = late - held;
        return {
          flushNs: lateNs,
          latencyNs: (call) =>
            call >= issues.length - held ? Infinity : call < lateNotHeld ? lateNs : WITHIN_BOUND_NS,
        };
      }
      return { latencyNs: (call) => (call < late ? lateNs : WITHIN_BOUND_NS) };
    }
  }
}

/** Which runs of a peak search kept the bound: the next rate that was tried tells. */
function verdictsOf({ detail }: GoldenLogs): readonly boolean[] {
  const texts = detail.filter(({ key }) => key === 'generic_message').map(({ value }) => value);
  const bounds = texts.flatMap((text) => {
    const [, lower, upper] = /Checking fields \[([\d.]+), ([\d.]+)\)/.exec(text) ?? [];
    return lower === undefined ? [] : [[Number(lower), Number(upper)] as const];
  });
  const middles = texts.flatMap((text) => {
    const [, lower, middle] = /bounds \[([\d.]+), [\d.]+\): ([\d.]+)/.exec(text) ?? [];
    return lower === undefined ? [] : [[Number(lower), Number(middle)] as const];
  });
  const found = Number(/peak performance field: ([\d.]+)/.exec(texts.at(-1) ?? '')?.[1]);
  const keptAtMiddle = middles.map(([, middle], i) => (middles[i + 1]?.[0] ?? found) === middle);
  return [true, ...bounds.map((_bound, i) => i < bounds.length - 1), ...keptAtMiddle];
}
