// What audit.config and the round change of a test.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../configs/errors.js';
import { createFakeClock } from '../fakes/fake-clock.js';
import { createFakeSut, createTinyQsl } from '../fakes/fake-suts.js';
import { runFailingTest, runTest } from '../fakes/run-test.js';

const qsl = createTinyQsl(100, 64);
const settings = { scenario: 'SingleStream', min_duration_ms: 0, min_query_count: 64 } as const;

function auditConfig(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'loadrig-audit-')), 'audit.config');
  writeFileSync(path, text);
  return path;
}

const sutOn = (clock = createFakeClock()) => ({
  sut: createFakeSut({ clock, latencyNs: () => 1000 }),
  clock,
});

describe('an audit.config', () => {
  it('overrides the settings of the program, by the keys of every model only', async () => {
    const { sut, clock } = sutOn();
    const text =
      '*.SingleStream.min_query_count = 70\n*.*.performance_issue_same = 1\nbert.*.min_duration = 5\n';
    const { result, valuesOf } = await runTest(sut, qsl, settings, { clock, auditConfig: auditConfig(text) });
    expect(sut.issued).toHaveLength(70);
    expect(new Set(sut.issued).size).toBe(1);
    expect(result.requested.min_duration_ms).toBe(0);
    expect(valuesOf('warning_generic_message')).toEqual([
      'Found Audit Config file (audit.config). Overriding TestSettings from audit.config file.',
    ]);
  });

  it('says in the detail log which of its lines have no effect', async () => {
    const { sut, clock } = sutOn();
    const given = auditConfig('*.*.qsl_rng_seed = 3\n');
    const { valuesOf } = await runTest(sut, qsl, settings, { clock, auditConfig: given });
    expect(valuesOf('generic_message')[0]).toContain('qsl_rng_seed is left as it is');
  });

  it('with a rejected line ends the test before it begins, with file and line', async () => {
    const { sut, clock } = sutOn();
    const given = auditConfig('*.*.mode = 2\n*.*.mode = fast\n');
    const { error } = await runFailingTest(sut, qsl, settings, { clock, auditConfig: given });
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain('audit.config:2: *.*.mode needs to be a whole number');
    expect(sut.calls).toEqual([]);
  });
});

describe('the result of a test', () => {
  const sampling =
    '*.*.mode = 2\n*.*.accuracy_log_rng_seed = 720381539243781796\n*.*.accuracy_log_sampling_target = 16\n';
  it.each([
    ['TEST01', sampling],
    ['TEST04', '*.*.mode = 2\n*.*.performance_issue_unique = 0\n*.*.performance_issue_same = 1\n'],
    ['TEST06', `${sampling}*.*.min_duration = 0\n*.*.sample_concatenate_permutation = 0\n`],
    ['other', '*.*.mode = 2\n'],
  ])('names the audit %s by what its audit.config sets', async (audit, text) => {
    const { sut, clock } = sutOn();
    const { result } = await runTest(sut, qsl, settings, { clock, auditConfig: auditConfig(text) });
    expect(result.audit).toBe(audit);
  });

  it('names TEST05 by its flag, and no audit where there is none', async () => {
    const { sut, clock } = sutOn();
    const audited = await runTest(sut, qsl, { ...settings, test05: true }, { clock, auditConfig: '' });
    expect(audited.result.audit).toBe('TEST05');
    const plain = await runTest(sut, qsl, settings, { clock, auditConfig: '' });
    expect(plain.result.audit).toBeUndefined();
  });
});

describe('the labels of percentiles', () => {
  it.each([
    ['v4.1', '90th', '99th'],
    ['v5.0', '90.0th', '99.0th'],
    [undefined, '90.0th', '99.0th'],
  ] as const)('have the form of round %s', async (rules, target, second) => {
    const { sut, clock } = sutOn();
    const options = { clock, ...(rules === undefined ? {} : { rules }) };
    const { summary, valuesOf } = await runTest(sut, qsl, { ...settings, min_query_count: 700 }, options);
    expect(summary).toContain(`\n${target} percentile latency (ns) : 1000\n`);
    expect(summary).toContain(` * Early stopping ${target} percentile estimate: 1000\n`);
    expect(summary).toContain(` * Early stopping ${second} percentile estimate: 1000\n`);
    expect(summary).toContain('\n90.00 percentile latency (ns)   : 1000\n');
    expect(valuesOf('early_stopping_result')[0]).toContain(`Early stopping ${target} percentile`);
  });
});
