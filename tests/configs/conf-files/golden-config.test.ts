import { describe, expect, it } from 'vitest';
import { applyConf } from '../../../configs/conf-files/apply-conf.js';
import { parseConf } from '../../../configs/conf-files/conf-syntax.js';
import { builtInConf } from '../../../configs/rules/built-in-conf.js';
import { latestRules } from '../../../configs/rules/latest-rules.js';
import { testSettings, type Scenario, type TestSettings } from '../../../configs/test-settings.js';
import { goldenTestSettings, readGolden, type GoldenSettings } from '../../golden-loadgen.js';

interface GoldenCall {
  /** Null: the file is missing. */
  readonly text: string | null;
  readonly model: string;
  readonly scenario: Scenario;
  readonly conf_type: 0 | 1 | 2;
}
interface GoldenConfig {
  readonly name: string;
  readonly initial: GoldenSettings;
  readonly calls: readonly GoldenCall[];
  readonly returns: readonly number[];
  readonly settings: GoldenSettings;
}
const { cases, defaults } = readGolden<{ cases: readonly GoldenConfig[]; defaults: GoldenSettings }>(
  'config.json',
);
const byName = cases.map((each) => [each.name, each] as const);

/** Values that LoadGen takes and no run could use: each is refused with its place. */
const refused: Readonly<Record<string, string>> = {
  'negative-int': 'file:1: min_query_count must be a whole number, 0 to 9007199254740991, got -5',
  'inf-nan': [
    'file:3: target_latency must be greater than 0, got -1.5',
    'file:1: target_qps must be greater than 0, got inf',
    'file:2: target_qps must be greater than 0, got nan',
  ].join('\n'),
  'mode-4-invalid':
    'file:1: mode must be 0 (SubmissionRun), 1 (AccuracyOnly), 2 (PerformanceOnly), 3 (FindPeakPerformance), got 4',
  'max-async-negative': 'file:1: max_async_queries must be a whole number, 0 to 2147483647, got -1',
  'big-ints': [
    'file:1: min_query_count must be a whole number, 0 to 9007199254740991, got 18446744073709551615',
    'file:2: max_query_count must be a whole number, 0 to 9007199254740991, got 99999999999999999999999',
  ].join('\n'),
};
/** What LoadGen's return code -22 means, said with the line. */
const rejected: Readonly<Record<string, string>> = {
  'no-spaces-then-other-token': 'file:1: expected "key = value", got "x" after "*.*.min_query_count=5"',
  'trailing-comment-is-error':
    'file:1: *.*.min_query_count needs to be a whole number or a decimal one, got "#"; a comment needs a line of its own',
  'hash-glued': 'file:1: expected "key = value", got "line" after "#comment"; write a blank after "#"',
  'hash-after-equal':
    'file:1: *.*.min_query_count needs to be a whole number or a decimal one, got "#"; a comment needs a line of its own',
  'not-a-number': 'file:1: *.*.min_query_count needs to be a whole number or a decimal one, got "abc"',
};

/** The calls of a case as one process of LoadGen makes them: the first of type 1 brings the built-in rules. */
function settingsOf({ initial, calls }: GoldenConfig): TestSettings {
  let settings = goldenTestSettings(initial);
  let isFirstUser = true;
  for (const { text, model, scenario, conf_type } of calls) {
    if (conf_type === 0 || (conf_type === 1 && isFirstUser)) {
      settings = applyConf(settings, builtInConf('v6.1', model), { model, scenario, kind: 'rules' }).settings;
    }
    if (conf_type === 1) isFirstUser = false;
    if (text === null || conf_type === 0) continue;
    const kind = conf_type === 1 ? 'user' : 'audit';
    settings = applyConf(settings, parseConf(text, 'file'), { model, scenario, kind }).settings;
  }
  return settings;
}

describe('settings from files are those of the official LoadGen', () => {
  it('starting from the same defaults', () => {
    expect(goldenTestSettings(defaults)).toEqual(testSettings());
    expect(Object.keys(defaults).sort()).toEqual(Object.keys(testSettings()).sort());
  });

  it.each(byName.filter(([name]) => !(name in refused) && !(name in rejected)))('%s', (_name, golden) => {
    expect(settingsOf(golden)).toEqual(expectedOf(golden));
  });

  it.each(Object.entries(refused))('but no value that no run could use: %s', (name, message) => {
    const golden = cases.find((each) => each.name === name)!;
    expect(golden.returns).toEqual([0]);
    expect(() => settingsOf(golden)).toThrow(message);
  });

  it.each(Object.entries(rejected))('and what LoadGen rejects is told with its line: %s', (name, message) => {
    const golden = cases.find((each) => each.name === name)!;
    expect(golden.returns).toEqual([-22]);
    expect(() => settingsOf(golden)).toThrow(message);
  });

  it('and every case that LoadGen rejects is among them', () => {
    const failing = cases.filter(({ returns }) => returns.includes(-22)).map(({ name }) => name);
    expect(failing.sort()).toEqual(Object.keys(rejected).sort());
  });
});

/** The files list settings that differ from LoadGen's defaults; the scenario is no file's to change. */
function expectedOf({ initial, settings }: GoldenConfig): TestSettings {
  return goldenTestSettings({ scenario: initial['scenario']!, ...settings });
}

describe('the built-in rules of v6.1', () => {
  it('are those that LoadGen carries, key for key', () => {
    const { keys } = readGolden<{ keys: Readonly<Record<string, Readonly<Record<string, unknown>>>> }>(
      'builtin-conf.json',
    );
    const theirs = Object.entries(keys).flatMap(([key, values]) =>
      Object.entries(values).map(([where, value]) => [`${where}.${key}`, String(value)]),
    );
    expect(latestRules.map(([key, value]) => [key, value.toString()])).toEqual(theirs);
  });
});
