// The rules of every round of MLPerf Inference, as far as they concern BERT: seeds, lengths of runs, and what exists.
// Source: mlperf.conf and the submission checker of each round's tag.

import { ConfigError } from '../errors.js';
import type { Scenario } from '../test-settings.js';

/** The rounds of MLPerf Inference, oldest first. */
export const rulesRounds = [
  'v0.5',
  'v0.7',
  'v1.0',
  'v1.1',
  'v2.0',
  'v2.1',
  'v3.0',
  'v3.1',
  'v4.0',
  'v4.1',
  'v5.0',
  'v5.1',
  'v6.0',
  'v6.1',
] as const;
/** A round of MLPerf Inference: v4.1. */
export type RulesRound = (typeof rulesRounds)[number];

/** Three uint64 seeds: of the loaded samples, of their order, of the arrival times. */
export interface SeedTriple {
  readonly qsl_rng_seed: bigint;
  readonly sample_index_rng_seed: bigint;
  readonly schedule_rng_seed: bigint;
}

/** Where BERT may be submitted, and in which scenarios; the first list must be there, the second may. */
export interface ScenarioRules {
  readonly required: readonly Scenario[];
  readonly optional: readonly Scenario[];
}

/** BERT in one round. */
export interface BertRules {
  /** Least duration of a performance run in ms. */
  readonly min_duration_ms: number;
  /** Least queries; Offline: samples of the one query. Absent = LoadGen's own default. */
  readonly min_query_count: Readonly<Partial<Record<Scenario, number>>>;
  readonly multi_stream_samples_per_query: number;
  /** Undefined: the round has no BERT in data centers. */
  readonly datacenter: ScenarioRules | undefined;
  readonly edge: ScenarioRules;
  /** Whether bert-99.9 exists on the edge; it has the scenarios of bert-99 then. */
  readonly isHighAccuracyOnEdge: boolean;
  /** Audits that a submission of BERT needs. */
  readonly tests: readonly ('TEST01' | 'TEST05')[];
}

export interface RoundRules {
  readonly round: RulesRound;
  readonly seeds: SeedTriple;
  readonly test05Seeds: SeedTriple;
  /** Undefined: the round has no BERT. */
  readonly bert: BertRules | undefined;
}

const triple = (
  qsl_rng_seed: bigint,
  sample_index_rng_seed: bigint,
  schedule_rng_seed: bigint,
): SeedTriple => ({ qsl_rng_seed, sample_index_rng_seed, schedule_rng_seed });

const seeds: Readonly<Record<RulesRound, SeedTriple>> = {
  'v0.5': triple(3133965575612453542n, 665484352860916858n, 3622009729038561421n),
  'v0.7': triple(12786827339337101903n, 12640797754436136668n, 3135815929913719677n),
  'v1.0': triple(7322528924094909334n, 1570999273408051088n, 3507442325620259414n),
  'v1.1': triple(1624344308455410291n, 517984244576520566n, 10051496985653635065n),
  'v2.0': triple(6655344265603136530n, 15863379492028895792n, 12662793979680847247n),
  'v2.1': triple(14284205019438841327n, 4163916728725999944n, 299063814864929621n),
  'v3.0': triple(10003631887983097364n, 17183018601990103738n, 12134888396634371638n),
  'v3.1': triple(148687905518835231n, 520418551913322573n, 811580660758947900n),
  'v4.0': triple(13281865557512327830n, 198141574272810017n, 7575108116881280410n),
  'v4.1': triple(3066443479025735752n, 10688027786191513374n, 14962580496156340209n),
  'v5.0': triple(6023615788873153749n, 15036839855038426416n, 9933818062894767841n),
  'v5.1': triple(1780908523862526354n, 14771362308971278857n, 18209322760996052031n),
  'v6.0': triple(2465351861681999779n, 14276810075590677512n, 3936089224930324775n),
  'v6.1': triple(2085463073848966840n, 2747215439041700203n, 16159082839903944936n),
};

const test05Early = triple(313588358309856706n, 471397156132239067n, 413914573387865862n);
const test05Late = triple(7975553102935885558n, 11403566307062068064n, 15816800565822761601n);
const test05Seeds: Readonly<Partial<Record<RulesRound, SeedTriple>>> = {
  'v0.5': triple(195n, 235n, 634n),
  'v3.0': triple(14646058500348515648n, 1207248993894122914n, 11879132697760422006n),
  'v3.1': triple(793197339507417767n, 255610748586851044n, 352213341366340113n),
  'v4.0': triple(2376919268182438552n, 11176391829184272374n, 3911940905271271337n),
  'v4.1': triple(16799458546791641818n, 5453809927556429288n, 5435552105434836064n),
};

const since = (round: RulesRound, first: RulesRound): boolean =>
  rulesRounds.indexOf(round) >= rulesRounds.indexOf(first);

/** What a round says. */
export function roundRules(round: RulesRound): RoundRules {
  return {
    round,
    seeds: seeds[round],
    test05Seeds: test05Seeds[round] ?? (since(round, 'v5.0') ? test05Late : test05Early),
    bert: since(round, 'v0.7') ? bertRules(round) : undefined,
  };
}

/**
 * What a round says of BERT.
 *
 * @throws {ConfigError} in a round without it.
 */
export function roundRulesOfBert(round: RulesRound): BertRules {
  const { bert } = roundRules(round);
  if (bert !== undefined) return bert;
  throw new ConfigError(
    `the rules of ${round} have no BERT (its language model was GNMT); take ${rulesRounds[1]} or later`,
  );
}

function bertRules(round: RulesRound): BertRules {
  const isCounted = !since(round, 'v3.1');
  return {
    min_duration_ms: since(round, 'v1.0') ? 600_000 : 60_000,
    min_query_count: {
      Offline: since(round, 'v4.0') ? 10_833 : 24_576,
      MultiStream: isCounted ? 270_336 : 662,
      ...(isCounted ? { SingleStream: 1024, Server: 270_336 } : {}),
    },
    multi_stream_samples_per_query: since(round, 'v2.0') ? 8 : 4,
    datacenter: since(round, 'v5.0')
      ? undefined
      : since(round, 'v2.0')
        ? { required: ['Server', 'Offline'], optional: [] }
        : { required: ['Offline'], optional: ['Server'] },
    edge: { required: ['SingleStream', 'Offline'], optional: [] },
    isHighAccuracyOnEdge: since(round, 'v5.0'),
    tests: since(round, 'v5.0') ? ['TEST01'] : ['TEST01', 'TEST05'],
  };
}

/** The scenarios in which a round takes results of BERT at an accuracy level, on any kind of system. */
export function scenariosOfBert(bert: BertRules, level: 'bert-99' | 'bert-99.9'): readonly Scenario[] {
  const hasEdge = level === 'bert-99' || bert.isHighAccuracyOnEdge;
  const of = [bert.datacenter, hasEdge ? bert.edge : undefined].flatMap((rules) =>
    rules === undefined ? [] : [...rules.required, ...rules.optional],
  );
  return [...new Set(of)];
}

/** Digits after the point of the percentile in the summary's result line: `90th` up to v4.1, `90.0th` after it. */
export function percentileLabelDigits(round: RulesRound): number {
  return since(round, 'v5.0') ? 1 : 0;
}
