// The percentile latency logs that people plot: exact percentiles as CSV, an HdrHistogram percentile file, and every sample.

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { stringify as stringifySync } from 'csv-stringify/sync';
import { build as buildHistogram } from 'hdr-histogram-js';
import type { SharedPhase } from '../scenarios/phase-records.js';
import { writeWholeFile } from './write-file.js';

/** The percentiles of latency_percentiles.csv, in percent. */
export const percentiles = [50, 75, 80, 90, 95, 97, 99, 99.5, 99.9, 99.95, 99.99] as const;

const NS_PER_MS = 1e6;

/** One line of latency_percentiles.csv. `latency_ns` is the element `trunc(n * p)` of the sorted latencies, as LoadGen takes it. */
export interface PercentileRow {
  readonly percentile: number;
  readonly latency_ns: number;
  readonly latency_ms: number;
}

/** Exact percentiles of ascending latencies; empty when there are none. */
export function percentileRows(sortedLatenciesNs: Float64Array): readonly PercentileRow[] {
  const count = sortedLatenciesNs.length;
  if (count === 0) return [];
  return percentiles.map((percentile) => {
    const place = Math.min(count - 1, Math.trunc(count * (percentile / 100)));
    const latency_ns = sortedLatenciesNs[place]!;
    return { percentile, latency_ns, latency_ms: latency_ns / NS_PER_MS };
  });
}

/** Writes latency_percentiles.csv: percentile, latency_ns, latency_ms. */
export function writePercentilesCsv(folder: string, sortedLatenciesNs: Float64Array): void {
  const rows = percentileRows(sortedLatenciesNs);
  const text = stringifySync([...rows], {
    header: true,
    columns: ['percentile', 'latency_ns', 'latency_ms'],
  });
  writeWholeFile(join(folder, 'latency_percentiles.csv'), text);
}

/** Writes latency_percentiles.hgrm, the percentile distribution format of HdrHistogram's plotters, in milliseconds. */
export function writeHistogram(folder: string, sortedLatenciesNs: Float64Array): void {
  const histogram = buildHistogram({
    bitBucketSize: 64,
    autoResize: true,
    numberOfSignificantValueDigits: 3,
  });
  for (const latencyNs of sortedLatenciesNs) histogram.recordValue(Math.max(0, Math.round(latencyNs)));
  writeWholeFile(
    join(folder, 'latency_percentiles.hgrm'),
    histogram.outputPercentileDistribution(5, NS_PER_MS),
  );
}

/** What --save_latencies needs to know of a phase. */
export interface LatencySource {
  readonly shared: SharedPhase;
  /** Clock when the phase started; the times in the file count from here. */
  readonly startNs: number;
  /** When each query counts as scheduled, on the clock: by scenario the due time, the issue instant or the start. */
  readonly scheduledNs: (query: number) => number;
  /** Length in tokens of a QSL sample. */
  readonly lengthOf: (sampleIndex: number) => number;
}

/** Writes latencies.csv: one line per issued sample, times in ns since the start of the phase; blank = never completed. */
export async function writeEveryLatency(folder: string, source: LatencySource): Promise<void> {
  const columns = [
    'sample_id',
    'sample_index',
    'query_id',
    'length_tokens',
    'scheduled_ns',
    'issued_ns',
    'completed_ns',
    'latency_ns',
  ];
  await pipeline(
    Readable.from(latencyLines(source)),
    stringify({ header: true, columns }),
    createWriteStream(join(folder, 'latencies.csv')),
  );
}

function* latencyLines({
  shared,
  startNs,
  scheduledNs,
  lengthOf,
}: LatencySource): Generator<readonly (number | string)[]> {
  for (let sample = 0; sample < shared.sampleCount; sample++) {
    const query = Math.floor(sample / shared.samplesPerQuery);
    const issued = shared.issuedNs[query]!;
    if (issued === 0) continue;
    const completed = shared.completedNs[sample]!;
    const scheduled = scheduledNs(query);
    yield [
      shared.firstSampleId + sample,
      shared.sampleIndices[sample]!,
      query,
      lengthOf(shared.sampleIndices[sample]!),
      scheduled - startNs,
      issued - startNs,
      completed === 0 ? '' : completed - startNs,
      completed === 0 ? '' : completed - scheduled,
    ];
  }
}
