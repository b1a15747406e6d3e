// What audits change of a test's settings: audit.config, and the seeds of TEST05. Follows loadgen/loadgen.cc StartTest
// (loadgen.md 17).

import { basename } from 'node:path';
import { applyConf, type AppliedConf } from '../configs/conf-files/apply-conf.js';
import { readConf } from '../configs/conf-files/conf-settings.js';
import type { TestSettings } from '../configs/test-settings.js';
import type { DetailLog } from './logs/detail.js';

/** The audits that settings tell apart; `other` = an audit.config of none of them. */
export type AuditTest = 'TEST01' | 'TEST04' | 'TEST05' | 'TEST06' | 'other';

export interface Audited {
  readonly settings: TestSettings;
  /** Undefined where neither an audit.config nor TEST05 changed anything. */
  readonly audit: AuditTest | undefined;
}

/**
 * The settings as audit.config and TEST05 leave them; what they change is told in the detail log.
 *
 * @param auditConfig Path from the working directory; '' = none. The settings stay where there is no such file.
 * @throws {ConfigError} with file and line of everything that is wrong in it.
 */
export function auditedSettings(settings: TestSettings, auditConfig: string, detail: DetailLog): Audited {
  const configured = withAuditConfig(settings, auditConfig, detail);
  if (!configured.settings.test05) return configured;
  return { settings: withTest05Seeds(configured.settings, detail), audit: 'TEST05' };
}

function withAuditConfig(settings: TestSettings, auditConfig: string, detail: DetailLog): Audited {
  const conf = auditConfig === '' ? undefined : readConf(undefined, auditConfig);
  if (conf === undefined) return { settings, audit: undefined };
  const name = basename(auditConfig);
  detail.warning(
    'warning_generic_message',
    `Found Audit Config file (${name}). Overriding TestSettings from ${name} file.`,
  );
  const { scenario } = settings;
  const applied = applyConf(settings, conf, { model: '*', scenario, kind: 'audit' });
  detail.log(applied.notes.map((note) => ['generic_message', note] as const));
  return { settings: applied.settings, audit: auditOf(applied) };
}

/** By what the files of the audits have in them (loadgen.md 17): none of them names itself. */
function auditOf({ given }: AppliedConf): AuditTest {
  const gives = (key: keyof TestSettings): boolean => given.some((setting) => setting.key === key);
  if (gives('performance_issue_same') || gives('performance_issue_unique')) return 'TEST04';
  if (!gives('accuracy_log_sampling_target')) return 'other';
  return gives('sample_concatenate_permutation') ? 'TEST06' : 'TEST01';
}

function withTest05Seeds(settings: TestSettings, detail: DetailLog): TestSettings {
  detail.warning('warning_generic_message', 'Test05 flag detected Overriding random seeds');
  return {
    ...settings,
    mode: 'PerformanceOnly',
    qsl_rng_seed: settings.test05_qsl_rng_seed,
    sample_index_rng_seed: settings.test05_sample_index_rng_seed,
    schedule_rng_seed: settings.test05_schedule_rng_seed,
  };
}
