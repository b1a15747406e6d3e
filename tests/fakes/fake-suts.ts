// Systems under test with known behaviour: fixed latency, stalling, blocking, failing, losing, completing twice.

import type { CompletionPlace, QuerySampleLibrary, SystemUnderTest } from '../../scenarios/contract.js';
import type { PhaseRecords } from '../../scenarios/phase-records.js';
import type { FakeClock } from './fake-clock.js';

export interface FakeSut extends SystemUnderTest {
  /** Calls in order. */
  readonly calls: readonly string[];
  /** QSL indices in order of issue. */
  readonly issued: readonly number[];
  /** Most samples that were outstanding at once. */
  readonly mostOutstanding: () => number;
}

export interface FakeSutOptions {
  readonly clock: FakeClock;
  /** ns from issue to completion of a query; 0 = inside issueQuery. */
  readonly latencyNs?: (query: number) => number;
  /** ns that issueQuery itself takes. */
  readonly blocksNs?: (query: number) => number;
  readonly completionPlace?: CompletionPlace;
  /** Called instead of the normal completion. */
  readonly complete?: (sample: number, records: PhaseRecords) => void;
  readonly onIssue?: (query: number) => void;
}

/** A SUT that answers with the sample's index as four bytes. */
export function createFakeSut({
  clock,
  latencyNs = () => 0,
  blocksNs = () => 0,
  completionPlace = 'other-threads',
  complete = completeWithIndex,
  onIssue,
}: FakeSutOptions): FakeSut {
  const calls: string[] = [];
  const issued: number[] = [];
  let outstanding = 0;
  let most = 0;
  let query = 0;
  return {
    name: 'fake',
    completionPlace,
    maxResponseBytes: 4,
    calls,
    issued,
    mostOutstanding: () => most,
    issueQuery(first, count, records) {
      const each = query++;
      calls.push('issue');
      onIssue?.(each);
      clock.advance(blocksNs(each));
      outstanding += count;
      most = Math.max(most, outstanding);
      const finish = (): void => {
        for (let sample = first; sample < first + count; sample++) complete(sample, records);
        outstanding -= count;
      };
      for (let sample = first; sample < first + count; sample++) issued.push(records.sampleIndices[sample]!);
      const delay = latencyNs(each);
      if (delay === 0) finish();
      else clock.at(clock.now() + delay, finish);
    },
    flushQueries: () => void calls.push('flush'),
  };
}

/** Answers with the QSL index, little-endian. */
export function completeWithIndex(sample: number, records: PhaseRecords): void {
  const response = new Uint8Array(4);
  new DataView(response.buffer).setUint32(0, records.sampleIndices[sample]!, true);
  records.completeSample(sample, response);
}

/** A QSL that notes what is loaded into the SUT's calls, so that their order can be seen. */
export function createTinyQsl(total: number, performance: number, calls: string[] = []): QuerySampleLibrary {
  return {
    name: 'tiny',
    totalSampleCount: total,
    performanceSampleCount: performance,
    loadSamplesToRam: (samples) => void calls.push(`load ${samples.length}`),
    unloadSamplesFromRam: (samples) => void calls.push(`unload ${samples.length}`),
  };
}
