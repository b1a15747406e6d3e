// What a probe and the data set add to a resolved run, and the rate Server is asked for.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadgenSettings } from '../../configs/benchmark-config.js';
import { loadBenchmarkConfigs } from '../../configs/load.js';
import { withDatasetSize, withMeasuredTargets, withReasons } from '../../configs/measured.js';
import { resolveConfigs } from '../../configs/resolve.js';
import { serverTargetQps } from '../../configs/server-target.js';
import { scenarios } from '../../configs/test-settings.js';
import { flagsOf } from './flags-of.js';

const shipped = loadBenchmarkConfigs('.', 'bert', scenarios);
const resolveFirst = (...argv: readonly string[]) => {
  const system = { system_id: 'Test_1x_CPU', available_cores: 2 };
  const [first] = resolveConfigs({ flags: flagsOf(...argv), benchmarkConfigs: shipped, system });
  if (first === undefined) throw new Error('nothing resolved');
  return first;
};
const probe = { samplesPerSecond: 150.26, singleLatencyNs: 9_100_000 };

describe('a probe fills the missing target and says so', () => {
  test.each([
    ['Offline', { offline_expected_qps: 150.3 }, 'measured'],
    ['Server', { server_target_qps: 67.6 }, 'derived'],
    ['SingleStream', { single_stream_expected_latency_ns: 9_100_000, min_query_count: 662 }, 'measured'],
    ['MultiStream', { multi_stream_expected_latency_ns: 53_241_049 }, 'derived'],
  ])('%s', (scenario, settings, label) => {
    const before = resolveFirst('--quick', `--scenarios=${scenario}`);
    const [missing] = before.needs_probe;
    const config = withMeasuredTargets(before, probe);
    expect(config.loadgen).toMatchObject(settings);
    expect(config.needs_probe).toEqual([]);
    expect(config.provenance[missing ?? '']).toMatchObject({ origin: 'probe', label });
    expect(loadgenSettings(config, 'PerformanceOnly')).toMatchObject({ ...settings, scenario });
    expect(before.needs_probe).toEqual([missing]);
  });

  test('a slow machine is asked for no more SingleStream queries than 90 % needs', () => {
    const config = withMeasuredTargets(resolveFirst('--quick', '--scenarios=SingleStream'), {
      samplesPerSecond: 5,
      singleLatencyNs: 200e6,
    });
    expect(config.loadgen.min_query_count).toBe(64);
  });

  test('a slow machine is not asked for the minutes that a Server verdict takes, and it is said why', () => {
    const slow = { samplesPerSecond: 44, singleLatencyNs: 45e6 };
    const quick = withMeasuredTargets(resolveFirst('--quick', '--scenarios=Server'), slow);
    const { server_target_qps = NaN, min_query_count } = quick.loadgen;
    expect(min_query_count).toBe(Math.floor(server_target_qps * 10));
    expect(quick.provenance['min_query_count']?.note).toMatch(
      /needs 662 queries .*: \d+ s at [\d.]+ queries\/s, too long for a run of 10 s, which cannot be VALID\. --min_query_count=700/,
    );
    const waits = resolveFirst('--quick', '--scenarios=Server', '--min_query_count=700');
    expect(withMeasuredTargets(waits, slow).loadgen.min_query_count).toBe(700);
    const capped = resolveFirst('--quick', '--scenarios=SingleStream', '--max_query_count=100');
    expect(withMeasuredTargets(capped, probe).loadgen.min_query_count).toBe(64);
  });

  test('the accuracy run of Server is issued as fast as the probe measured, unless somebody gave a rate', () => {
    const measured = withMeasuredTargets(resolveFirst('--scenarios=Server', '--fast'), probe);
    expect(loadgenSettings(measured, 'AccuracyOnly').server_target_qps).toBe(150.26);
    expect(loadgenSettings(measured, 'PerformanceOnly').server_target_qps).toBe(67.6);
    const given = resolveFirst('--scenarios=Server', '--fast', '--server_target_qps=7');
    expect(loadgenSettings(given, 'AccuracyOnly').server_target_qps).toBe(7);
  });

  test('what somebody gave stays', () => {
    const config = resolveFirst('--scenarios=Server', '--server_target_qps=7');
    expect(withMeasuredTargets(config, probe)).toBe(config);
    const single = resolveFirst('--quick', '--scenarios=SingleStream', '--min_query_count=70');
    expect(withMeasuredTargets(single, probe).loadgen.min_query_count).toBe(70);
  });

  test.each([0, -1, Number.NaN, Infinity])('a probe that measured %s is a bug', (samplesPerSecond) => {
    const config = resolveFirst('--scenarios=Offline');
    expect(() => withMeasuredTargets(config, { ...probe, samplesPerSecond })).toThrow(RangeError);
  });
});

describe('the sample count fits the data set', () => {
  test('the rules want more than there are: all are used, and it is said', () => {
    const config = withDatasetSize(resolveFirst('--model=m', '--data=d'), 1232);
    expect(config.loadgen.performance_sample_count_override).toBe(1232);
    expect(config.provenance['performance_sample_count_override']).toMatchObject({
      label: 'derived',
      origin: 'detected',
    });
    expect(config.submittable).toBe(false);
  });

  test('a data set that is large enough changes nothing', () => {
    const config = resolveFirst();
    expect(withDatasetSize(config, 10_833)).toBe(config);
  });

  test('a flag that asks for more than there are is an error', () => {
    expect(() => withDatasetSize(resolveFirst('--performance_sample_count=2000'), 1232)).toThrow(
      'performance_sample_count_override must be at most the 1232 samples of data/squad/xquad.en.json, got 2000',
    );
  });
});

test('reasons are added once', () => {
  const config = withReasons(withReasons(resolveFirst('--model=m', '--data=d'), ['late']), ['late']);
  expect(config.not_submittable_because).toEqual(['late']);
  expect(config.submittable).toBe(false);
});

describe('the Server rate', () => {
  const bert = { boundNs: 130e6, percentile: 0.99, fraction: 0.55 };

  test.each([
    [400, 2, 220],
    [150, 2, 82.5],
    [50, 2, 6.3],
    [80, 4, 17.7],
    [533, 16, 293],
  ])('%d samples/s on %i sessions: %d queries/s', (samplesPerSecond, servers, qps) => {
    expect(serverTargetQps({ ...bert, samplesPerSecond, servers })).toBeCloseTo(qps, 0);
  });

  test('is more than nothing and at most the fraction, rises with the bound', () => {
    const capacity = fc.record({
      samplesPerSecond: fc.double({ min: 0.5, max: 1e6, noNaN: true }),
      servers: fc.integer({ min: 1, max: 128 }),
      fraction: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
    });
    fc.assert(
      fc.property(capacity, (one) => {
        const qps = serverTargetQps({ ...bert, ...one });
        const looser = serverTargetQps({ ...bert, ...one, boundNs: 260e6 });
        expect(qps).toBeGreaterThan(0);
        expect(qps).toBeLessThanOrEqual(one.fraction * one.samplesPerSecond * (1 + 1e-9));
        expect(looser).toBeGreaterThanOrEqual(qps * (1 - 1e-9));
      }),
      { seed: 20240801, numRuns: 300 },
    );
  });
});
