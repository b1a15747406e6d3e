// Settings from the files of a submission: the rules of the round, mlperf.conf in their place, user.conf over them, and
// audit.config over everything. Follows loadgen.md 3 and 17.

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../errors.js';
import { builtInConf } from '../rules/built-in-conf.js';
import type { RulesRound } from '../rules/rounds.js';
import { testSettings, type Scenario } from '../test-settings.js';
import { applyConf, type AppliedConf, type ConfSetting } from './apply-conf.js';
import { parseConf, type ConfFile } from './conf-syntax.js';

/** Names under which the files are found in the working directory. */
export const confNames = {
  mlperf: 'mlperf.conf',
  user: 'user.conf',
  audit: 'audit.config',
} as const;

/**
 * The file at `path`, or the one called `name` in the working directory where no path is given; undefined where there is
 * none. Relative paths start at the working directory.
 *
 * @throws {ConfigError} when a given file is missing, or any is unreadable or wrong.
 */
export function readConf(path: string | undefined, name: string, cwd = process.cwd()): ConfFile | undefined {
  const file = path ?? name;
  const full = resolve(cwd, file);
  if (path === undefined && !existsSync(full)) return undefined;
  let text: string;
  try {
    text = readFileSync(full, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'no such file' : `cannot be read (${code ?? ''})`;
    throw new ConfigError(`${file}: ${why}; give the path of a file of the form of ${name}`, { cause });
  }
  return parseConf(text, file);
}

/** Which files make the settings, and for what. */
export interface SettingsFromFiles {
  /** Scenario that will run; most keys are looked up with it. */
  readonly scenario: Scenario;
  /** Model part of the keys. Default: bert. */
  readonly model?: string;
  /** Round whose rules are built in; an mlperf.conf takes their place. Default: v6.1, that of LoadGen 6.0.17. */
  readonly rules?: RulesRound;
  /** Default: mlperf.conf in the working directory, where there is one. */
  readonly mlperf_conf_path?: string;
  /** Default: user.conf in the working directory, where there is one. */
  readonly user_conf_path?: string;
  /** Where files without a path are looked for. Default: the working directory of the process. */
  readonly cwd?: string;
}

/**
 * TestSettings from files: LoadGen's defaults < rules < user.conf. An audit.config is read by startTest, as in LoadGen.
 *
 * Differs from LoadGen, where the first FromConfig of a process brings the built-in rules and any further one drops them:
 * here a call depends on its arguments alone.
 *
 * @throws {ConfigError} with file and line of everything that is wrong.
 */
export function settingsFromFiles(given: SettingsFromFiles): AppliedConf {
  const { scenario, model = 'bert', rules = 'v6.1', cwd } = given;
  const mlperf = readConf(given.mlperf_conf_path, confNames.mlperf, cwd) ?? builtInConf(rules, model);
  const user = readConf(given.user_conf_path, confNames.user, cwd);
  const ofRules = applyConf(testSettings({ scenario }), mlperf, { model, scenario, kind: 'rules' });
  if (user === undefined) return ofRules;
  const ofUser = applyConf(ofRules.settings, user, { model, scenario, kind: 'user' });
  return {
    settings: ofUser.settings,
    given: lastOfEach([...ofRules.given, ...ofUser.given]),
    notes: [...ofRules.notes, ...ofUser.notes],
  };
}

/** A setting that two files give has the origin of the later one. */
function lastOfEach(given: readonly ConfSetting[]): readonly ConfSetting[] {
  return [...new Map(given.map((each) => [each.key, each])).values()];
}
