// What audits change of a test's settings: audit.config, and the seeds of TEST05. Follows loadgen/loadgen.cc StartTest
// (loadgen.md 17).

import { basename } from 'node:path';
import { applyConf } from '../configs/conf-files/apply-conf.js';
import { readConf } from '../configs/conf-files/conf-settings.js';
import type { TestSettings } from '../configs/test-settings.js';
import type { DetailLog } from './logs/detail.js';

/**
 * The settings as audit.config and TEST05 leave them; what they change is told in the detail log.
 *
 * @param auditConfig Path from the working directory; '' = none. The settings stay where there is no such file.
 * @throws {ConfigError} with file and line of everything that is wrong in it.
 */
export function auditedSettings(
  settings: TestSettings,
  auditConfig: string,
  detail: DetailLog,
): TestSettings {
  return withTest05Seeds(withAuditConfig(settings, auditConfig, detail), detail);
}

function withAuditConfig(settings: TestSettings, auditConfig: string, detail: DetailLog): TestSettings {
  const conf = auditConfig === '' ? undefined : readConf(undefined, auditConfig);
  if (conf === undefined) return settings;
  const name = basename(auditConfig);
  detail.warning(
    'warning_generic_message',
    `Found Audit Config file (${name}). Overriding TestSettings from ${name} file.`,
  );
  const { scenario } = settings;
  const applied = applyConf(settings, conf, { model: '*', scenario, kind: 'audit' });
  detail.log(applied.notes.map((note) => ['generic_message', note] as const));
  return applied.settings;
}

function withTest05Seeds(settings: TestSettings, detail: DetailLog): TestSettings {
  if (!settings.test05) return settings;
  detail.warning('warning_generic_message', 'Test05 flag detected Overriding random seeds');
  return {
    ...settings,
    mode: 'PerformanceOnly',
    qsl_rng_seed: settings.test05_qsl_rng_seed,
    sample_index_rng_seed: settings.test05_sample_index_rng_seed,
    schedule_rng_seed: settings.test05_schedule_rng_seed,
  };
}
