// The mlperf.conf that a round's LoadGen carries, as a conf file that needs no disk.

import type { ConfFile, ConfValue } from '../conf-files/conf-syntax.js';
import { ConfigError } from '../errors.js';
import { scenarios } from '../test-settings.js';
import { latestRules } from './latest-rules.js';
import { roundRules, roundRulesOfBert, rulesRounds } from './rounds.js';
import type { RulesRound } from './rounds.js';

const LATEST: RulesRound = 'v6.1';

/**
 * The rules of a round for a model. v6.1 holds every model that LoadGen 6.0.17 knows (a model it does not know gets the
 * general rules); the rounds before it hold BERT, without the placeholders for targets.
 *
 * @throws {ConfigError} for a model or a round whose rules are not held.
 */
export function builtInConf(round: RulesRound, model: string): ConfFile {
  const file = `rules ${round}`;
  const keys = round === LATEST ? latestRules : bertKeys(round, model);
  const entries = keys.map(([key, value]): readonly [string, ConfValue] => [
    key,
    { text: value.toString(), origin: file },
  ]);
  return { file, values: new Map(entries), notes: [] };
}

function bertKeys(round: RulesRound, model: string): readonly (readonly [string, number | bigint])[] {
  if (model !== 'bert') {
    throw new ConfigError(
      `the rules of ${round} are held for model bert only, got ${model}; take ${rulesRounds.at(-1)!}, or give your mlperf.conf`,
    );
  }
  const bert = roundRulesOfBert(round);
  const { seeds, test05Seeds } = roundRules(round);
  return [
    ...Object.entries(seeds).map(([key, seed]) => [`*.*.${key}`, seed as bigint] as const),
    ...Object.entries(test05Seeds).map(([key, seed]) => [`*.*.test05_${key}`, seed as bigint] as const),
    ['*.SingleStream.target_latency_percentile', 90],
    ['*.MultiStream.target_latency_percentile', 99],
    ['*.Server.target_latency_percentile', 99],
    ['*.MultiStream.samples_per_query', bert.multi_stream_samples_per_query],
    ['bert.Server.target_latency', 130],
    ['bert.*.performance_sample_count_override', 10_833],
    ...scenarios.map((scenario) => [`*.${scenario}.min_duration`, bert.min_duration_ms] as const),
    ...Object.entries(bert.min_query_count).map(
      ([scenario, count]) => [`bert.${scenario}.min_query_count`, count] as const,
    ),
  ];
}
