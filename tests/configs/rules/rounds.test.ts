import { describe, expect, it } from 'vitest';
import { applyConf } from '../../../configs/conf-files/apply-conf.js';
import { builtInConf } from '../../../configs/rules/built-in-conf.js';
import {
  percentileLabelDigits,
  roundRules,
  rulesRounds,
  scenariosOfBert,
} from '../../../configs/rules/rounds.js';
import type { RulesRound } from '../../../configs/rules/rounds.js';
import { testSettings } from '../../../configs/test-settings.js';
import type { Scenario, TestSettings } from '../../../configs/test-settings.js';

const ofRound = (round: RulesRound, scenario: Scenario): TestSettings =>
  applyConf(testSettings({ scenario }), builtInConf(round, 'bert'), {
    model: 'bert',
    scenario,
    kind: 'rules',
  }).settings;

describe('rules of a round', () => {
  it('v4.1 are those of the last round that has all of BERT', () => {
    expect(ofRound('v4.1', 'Server')).toMatchObject({
      server_target_latency_ns: 130_000_000,
      server_target_latency_percentile: 0.99,
      single_stream_target_latency_percentile: 0.9,
      multi_stream_target_latency_percentile: 0.99,
      min_duration_ms: 600_000,
      performance_sample_count_override: 10_833,
      qsl_rng_seed: 3066443479025735752n,
      sample_index_rng_seed: 10688027786191513374n,
      schedule_rng_seed: 14962580496156340209n,
      test05_qsl_rng_seed: 16799458546791641818n,
    });
  });

  it('differ where the rounds differ: lengths, counts, samples of a query', () => {
    const of = (round: RulesRound): readonly unknown[] => [
      ofRound(round, 'SingleStream').min_duration_ms,
      ofRound(round, 'SingleStream').min_query_count,
      ofRound(round, 'Server').min_query_count,
      ofRound(round, 'Offline').min_query_count,
      ofRound(round, 'MultiStream').min_query_count,
      ofRound(round, 'MultiStream').multi_stream_samples_per_query,
    ];
    expect(of('v0.7')).toEqual([60_000, 1024, 270_336, 24_576, 270_336, 4]);
    expect(of('v1.0')).toEqual([600_000, 1024, 270_336, 24_576, 270_336, 4]);
    expect(of('v2.0')).toEqual([600_000, 1024, 270_336, 24_576, 270_336, 8]);
    expect(of('v3.1')).toEqual([600_000, 100, 100, 24_576, 662, 8]);
    expect(of('v4.1')).toEqual([600_000, 100, 100, 10_833, 662, 8]);
    expect(of('v6.1')).toEqual(of('v4.1'));
  });

  it.each(rulesRounds)('%s has seeds of its own, uint64 beyond what a JSON number holds', (round) => {
    const { seeds } = roundRules(round);
    const others = rulesRounds.filter((each) => each !== round).map((each) => roundRules(each).seeds);
    for (const seed of Object.values(seeds) as bigint[]) {
      expect(seed < 2n ** 64n && seed > 2n ** 53n).toBe(true);
      expect(others.flatMap((each) => Object.values(each) as bigint[])).not.toContain(seed);
    }
  });

  it('v6.1 have the same seeds in the round table as in the rules that LoadGen carries', () => {
    const { seeds, test05Seeds } = roundRules('v6.1');
    const settings = ofRound('v6.1', 'Server');
    expect(settings).toMatchObject(seeds);
    expect(settings.test05_schedule_rng_seed).toBe(test05Seeds.schedule_rng_seed);
  });

  it('say where BERT exists and which audits it needs', () => {
    expect(roundRules('v0.5').bert).toBeUndefined();
    expect(roundRules('v1.1').bert?.datacenter).toEqual({ required: ['Offline'], optional: ['Server'] });
    expect(roundRules('v4.1').bert?.datacenter).toEqual({ required: ['Server', 'Offline'], optional: [] });
    expect(roundRules('v4.1').bert?.tests).toEqual(['TEST01', 'TEST05']);
    expect(roundRules('v5.0').bert?.datacenter).toBeUndefined();
    expect(roundRules('v5.0').bert?.tests).toEqual(['TEST01']);
  });

  it.each([
    ['v1.1', 'bert-99', ['Offline', 'Server', 'SingleStream']],
    ['v4.1', 'bert-99', ['Server', 'Offline', 'SingleStream']],
    ['v4.1', 'bert-99.9', ['Server', 'Offline']],
    ['v5.0', 'bert-99', ['SingleStream', 'Offline']],
    ['v6.1', 'bert-99.9', ['SingleStream', 'Offline']],
  ] as const)('%s take %s in %j', (round, level, scenarios) => {
    expect(scenariosOfBert(roundRules(round).bert!, level)).toEqual(scenarios);
  });

  it('v0.5 refuse BERT, and rounds before v6.1 refuse models that are not held', () => {
    expect(() => builtInConf('v0.5', 'bert')).toThrow('the rules of v0.5 have no BERT');
    expect(() => builtInConf('v4.1', 'resnet50')).toThrow('held for model bert only, got resnet50');
  });

  it('give the percentile of the summary a digit after the point from v5.0 on', () => {
    expect(rulesRounds.map(percentileLabelDigits)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
  });
});
