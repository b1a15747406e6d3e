// From a conf file to settings: the look-up order, the units, and what is refused. Follows LoadGen's
// TestSettings::FromConfig.

import { didYouMean } from '../did-you-mean.js';
import { ConfigError } from '../errors.js';
import { scenarios, testModes, type Scenario, type TestSettings } from '../test-settings.js';
import { confKeys, knownConfKeys, type ConfKey } from './conf-keys.js';
import { doubleOf, isCutShort, leadingInteger, type ConfFile, type ConfValue } from './conf-syntax.js';

/** Whose file it is, which decides what it may set: `rules` (built in, or an mlperf.conf), `user` or `audit`. */
export type ConfKind = 'rules' | 'user' | 'audit';

export interface ConfLookUp {
  /** Model part of the keys: bert. An audit.config is looked up with `*`. */
  readonly model: string;
  readonly scenario: Scenario;
  readonly kind: ConfKind;
}

/** One setting that a file gave. */
export interface ConfSetting {
  /** Its name in TestSettings. */
  readonly key: keyof TestSettings;
  /** In the unit of TestSettings. */
  readonly value: TestSettings[keyof TestSettings];
  /** `user.conf:3`. */
  readonly origin: string;
}

/** Settings after a file, and how they came to be. */
export interface AppliedConf {
  /** Complete. */
  readonly settings: TestSettings;
  /** What the file gave, in LoadGen's order. */
  readonly given: readonly ConfSetting[];
  /** What a person should know: lines without effect, values that LoadGen reads otherwise than they look. */
  readonly notes: readonly string[];
}

/**
 * Lays a file over settings. Within the file the first of `model.Scenario.key`, `*.Scenario.key`, `model.*.key` and `*.*.key`
 * wins; any match replaces what `base` holds.
 *
 * @throws {ConfigError} with file and line of every value that no run could use. Differs from LoadGen, which takes negative,
 * endless and oversized values (they wrap around 2^64 or saturate) and only logs an unknown mode.
 */
export function applyConf(base: TestSettings, conf: ConfFile, lookUp: ConfLookUp): AppliedConf {
  const given: ConfSetting[] = [];
  const problems: string[] = [];
  const notes = [...conf.notes, ...strayKeys(conf, lookUp)];
  let settings = base;
  for (const row of confKeys) {
    const found = find(conf, row, lookUp);
    if (found === undefined) continue;
    if (row.onlyWith !== undefined && !settings[row.onlyWith]) continue;
    if (row.rulesOnly === true && lookUp.kind !== 'rules') {
      notes.push(`${found.origin}: ${row.key} is left as it is; only the rules of a round may set it`);
      continue;
    }
    const read = readValue(row, found.text);
    if ('problem' in read) {
      problems.push(`${found.origin}: ${row.key} ${read.problem}, got ${found.text}`);
      continue;
    }
    if (read.isCut) {
      notes.push(`${found.origin}: ${row.key} is a whole number; of ${found.text} only the start counts`);
    }
    given.push({ key: row.setting, value: read.value, origin: found.origin });
    settings = { ...settings, [row.setting]: read.value };
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  if (given.length === 0 && conf.values.size > 0 && lookUp.kind !== 'rules') {
    notes.push(`${conf.file}: nothing in it is for model ${lookUp.model} and scenario ${lookUp.scenario}`);
  }
  return { settings, given, notes };
}

function find(
  { values }: ConfFile,
  { key, scenario }: ConfKey,
  { model, scenario: own }: ConfLookUp,
): ConfValue | undefined {
  const looked = scenario ?? own;
  const names = [`${model}.${looked}.${key}`, `*.${looked}.${key}`, `${model}.*.${key}`, `*.*.${key}`];
  return names.map((name) => values.get(name)).find((value) => value !== undefined);
}

type Read =
  | { readonly problem: string }
  | { readonly value: TestSettings[keyof TestSettings]; readonly isCut?: boolean };

const NS_PER_MS = 1_000_000;
const MOST_INT32 = 2 ** 31 - 1;
const MOST_UINT64 = 2n ** 64n - 1n;

function readValue({ reading }: ConfKey, text: string): Read {
  switch (reading) {
    case 'count':
      return wholeNumber(text, Number.MAX_SAFE_INTEGER);
    case 'int32':
      return wholeNumber(text, MOST_INT32);
    case 'whole_ms': {
      const ms = wholeNumber(text, Math.floor(Number.MAX_SAFE_INTEGER / NS_PER_MS));
      return 'problem' in ms ? ms : { ...ms, value: Number(ms.value) * NS_PER_MS };
    }
    case 'seed': {
      const seed = leadingInteger(text);
      return seed < 0n || seed > MOST_UINT64
        ? { problem: 'must be a uint64 (0 to 2^64 - 1)' }
        : { value: seed, isCut: isCutShort(text) };
    }
    case 'flag':
      return { value: leadingInteger(text) !== 0n, isCut: isCutShort(text) };
    case 'one':
      return { value: leadingInteger(text) === 1n, isCut: isCutShort(text) };
    case 'mode': {
      const mode = testModes[Number(leadingInteger(text))];
      return mode === undefined
        ? { problem: `must be ${testModes.map((name, i) => `${i} (${name})`).join(', ')}` }
        : { value: mode, isCut: isCutShort(text) };
    }
    case 'rate':
      return decimal(text, (value) => value > 0, 'must be greater than 0', 1);
    case 'double_ms':
      return decimal(text, (value) => value > 0, 'must be greater than 0', NS_PER_MS);
    case 'percent':
      return decimal(
        text,
        (value) => value > 0 && value < 100,
        'must be a percentage between 0 and 100',
        0.01,
      );
    case 'share':
      return decimal(text, (value) => value >= 0 && value <= 100, 'must be a percentage, 0 to 100', 0.01);
  }
}

function wholeNumber(text: string, most: number): Read {
  const value = leadingInteger(text);
  return value < 0n || value > BigInt(most) || !Number.isFinite(doubleOf(text))
    ? { problem: `must be a whole number, 0 to ${most}` }
    : { value: Number(value), isCut: isCutShort(text) };
}

function decimal(text: string, isAllowed: (value: number) => boolean, problem: string, factor: number): Read {
  const value = doubleOf(text);
  return Number.isFinite(value) && isAllowed(value) ? { value: value * factor } : { problem };
}

/** Keys that no run would read: LoadGen says nothing of them, and most are slips of the pen. */
function strayKeys({ values }: ConfFile, { kind }: ConfLookUp): readonly string[] {
  if (kind === 'rules') return [];
  return [...values].flatMap(([name, { origin }]) => {
    const parts = name.split('.');
    const key = parts.at(-1) ?? '';
    const scenario = parts.at(-2);
    if (!knownConfKeys.includes(key)) {
      return [`${origin}: no LoadGen reads "${key}"; it is ignored${didYouMean(key, knownConfKeys)}`];
    }
    if (parts.length < 3 || (scenario !== '*' && !scenarios.some((each) => each === scenario))) {
      return [
        `${origin}: "${name}" is ignored; a key is model.Scenario.${key} with a scenario of ${scenarios.join(', ')} or *`,
      ];
    }
    return [];
  });
}
