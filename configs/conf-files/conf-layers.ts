// The rules of a round and the conf files of a submission as layers of a run's settings, and audit.config over a resolved run.

import { frozen } from '../benchmark-config.js';
import type { BenchmarkConfig, Provenance } from '../benchmark-config.js';
import type { FileSetting, FileSettings, Layer } from '../config-file.js';
import { withReasons } from '../measured.js';
import { builtInConf } from '../rules/built-in-conf.js';
import type { RulesRound } from '../rules/rounds.js';
import { targetKeys } from '../schema.js';
import type { SettingKey } from '../schema.js';
import { isSettingKey } from '../setting-table.js';
import { testSettings, type Scenario, type TestMode } from '../test-settings.js';
import { applyConf, type AppliedConf, type ConfSetting } from './apply-conf.js';
import type { ConfFile } from './conf-syntax.js';

/** The conf files that a call was given or found. */
export interface ConfFiles {
  readonly mlperf?: ConfFile | undefined;
  readonly user?: ConfFile | undefined;
  readonly audit?: ConfFile | undefined;
}

export interface ConfRequest {
  readonly rules: RulesRound;
  readonly conf: ConfFiles;
  readonly scenario: Scenario;
}

const MODEL = 'bert';

/** The rules: of the round, or an mlperf.conf in their place. @throws {ConfigError} */
export function rulesLayer({ rules, conf, scenario }: ConfRequest): Layer {
  const { given } = ofRules({ rules, conf, scenario });
  return { origin: conf.mlperf?.file ?? `rules ${rules}`, settings: settingsOf(withoutTargets(given), true) };
}

/** What a round itself says, whatever mlperf.conf is given. @throws {ConfigError} in a round without BERT. */
export function publishedRules(rules: RulesRound, scenario: Scenario): FileSettings {
  return settingsOf(withoutTargets(ofRules({ rules, conf: {}, scenario }).given), true);
}

/** A user.conf; undefined where there is none. @throws {ConfigError} */
export function userLayer(request: ConfRequest): Layer | undefined {
  const { user } = request.conf;
  if (user === undefined) return undefined;
  return { origin: user.file, settings: settingsOf(ofUser(request, user).given, false) };
}

/** The mode that a user.conf asks for. */
export function modeOfUser(request: ConfRequest): TestMode | undefined {
  const { user } = request.conf;
  return user === undefined ? undefined : modeIn(ofUser(request, user).given);
}

/**
 * A resolved run as an audit.config leaves it: over everything else, flags included, as LoadGen reads it last.
 *
 * @throws {ConfigError} with file and line of everything that is wrong.
 */
export function withAudit(config: BenchmarkConfig, audit: ConfFile | undefined): BenchmarkConfig {
  if (audit === undefined) return config;
  const { given } = ofAudit(config.scenario, audit);
  const settings = [...settingsOf(given, false)];
  const mode = modeIn(given);
  const values = Object.fromEntries(settings.map(([key, { value }]) => [key, value]));
  const provenance = Object.fromEntries(
    settings.map(([key, { value, origin = audit.file }]): readonly [string, Provenance] => [
      key,
      { value: value as Provenance['value'], origin },
    ]),
  );
  const audited = frozen({
    ...config,
    ...(mode === undefined ? {} : { test_modes: [mode] }),
    loadgen: { ...config.loadgen, ...values },
    needs_probe: config.needs_probe.filter((key) => !(key in values)),
    provenance: { ...config.provenance, ...provenance },
  });
  return withReasons(audited, [`${audit.file} overrides the settings: an audit`]);
}

/** What a person should know of the files: lines without effect, values read otherwise than they look; each once. */
export function confNotes(
  rules: RulesRound,
  conf: ConfFiles,
  scenarios: readonly Scenario[],
): readonly string[] {
  const files = [
    conf.user === undefined ? [] : scenarios.map((scenario) => ofUser({ rules, conf, scenario }, conf.user!)),
    conf.audit === undefined ? [] : scenarios.map((scenario) => ofAudit(scenario, conf.audit!)),
    conf.mlperf === undefined ? [] : scenarios.map((scenario) => ofRules({ rules, conf, scenario })),
  ];
  const notes = files.flatMap((applied) => {
    // A file for one scenario of several is right; one for none of them is a slip.
    const isForSome = applied.some(({ given }) => given.length > 0);
    return applied.flatMap((each) => (isForSome && each.given.length === 0 ? [] : each.notes));
  });
  return [...new Set(notes)];
}

function ofRules({ rules, conf, scenario }: ConfRequest): AppliedConf {
  const file = conf.mlperf ?? builtInConf(rules, MODEL);
  return applyConf(testSettings({ scenario }), file, { model: MODEL, scenario, kind: 'rules' });
}

function ofUser(request: ConfRequest, user: ConfFile): AppliedConf {
  const { scenario } = request;
  return applyConf(ofRules(request).settings, user, { model: MODEL, scenario, kind: 'user' });
}

function ofAudit(scenario: Scenario, audit: ConfFile): AppliedConf {
  return applyConf(testSettings({ scenario }), audit, { model: '*', scenario, kind: 'audit' });
}

/** The targets in the rules are placeholders: 1 query a second. */
function withoutTargets(given: readonly ConfSetting[]): readonly ConfSetting[] {
  const targets: readonly string[] = Object.values(targetKeys);
  return given.filter(({ key }) => !targets.includes(key));
}

function settingsOf(given: readonly ConfSetting[], isPublished: boolean): FileSettings {
  const entries = given.flatMap(({ key, value, origin }): (readonly [SettingKey, FileSetting])[] =>
    isSettingKey(key) ? [[key, { value, origin, ...(isPublished ? { label: 'published' } : {}) }]] : [],
  );
  return new Map(entries);
}

const modeIn = (given: readonly ConfSetting[]): TestMode | undefined =>
  given.find(({ key }) => key === 'mode')?.value as TestMode | undefined;
