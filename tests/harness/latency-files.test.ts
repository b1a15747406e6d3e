import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { percentileRows, writeHistogram, writePercentilesCsv } from '../../harness/latency-files.js';

const hundred = Float64Array.from({ length: 100 }, (_unused, i) => (i + 1) * 1e6);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loadrig-latency-'));
});

describe('latency_percentiles.csv', () => {
  it('takes the element trunc(n * p) of the sorted latencies, as LoadGen does', () => {
    const at = (percentile: number) =>
      percentileRows(hundred).find((row) => row.percentile === percentile)?.latency_ns;
    expect(at(50)).toBe(51e6);
    expect(at(99)).toBe(100e6);
    expect(at(99.99)).toBe(100e6);
  });

  it('gives each percentile in ns and in ms', () => {
    writePercentilesCsv(folder, hundred);
    const lines = readFileSync(join(folder, 'latency_percentiles.csv'), 'utf8').trim().split('\n');
    expect(lines[0]).toBe('percentile,latency_ns,latency_ms');
    expect(lines[1]).toBe('50,51000000,51');
    expect(lines.at(-1)).toBe('99.99,100000000,100');
  });

  it('is empty but for its header when nothing completed', () => {
    writePercentilesCsv(folder, new Float64Array(0));
    expect(readFileSync(join(folder, 'latency_percentiles.csv'), 'utf8')).toBe(
      'percentile,latency_ns,latency_ms\n',
    );
  });
});

describe('latency_percentiles.hgrm', () => {
  it('is the percentile distribution that HdrHistogram plotters read, in milliseconds', () => {
    writeHistogram(folder, hundred);
    const text = readFileSync(join(folder, 'latency_percentiles.hgrm'), 'utf8');
    expect(text).toMatch(/Value\s+Percentile\s+TotalCount\s+1\/\(1-Percentile\)/);
    expect(text).toMatch(/#\[Max\s+=\s+100\.\d+, Total count\s+=\s+100\]/);
  });
});
