import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyConf, type ConfKind } from '../../../configs/conf-files/apply-conf.js';
import { settingsFromFiles } from '../../../configs/conf-files/conf-settings.js';
import { doubleOf, leadingInteger, parseConf } from '../../../configs/conf-files/conf-syntax.js';
import { ConfigError } from '../../../configs/errors.js';
import { testSettings } from '../../../configs/test-settings.js';

const apply = (text: string, kind: ConfKind = 'user') =>
  applyConf(testSettings({ scenario: 'Server' }), parseConf(text, 'user.conf'), {
    model: 'bert',
    scenario: 'Server',
    kind,
  });

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-conf-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

describe('a conf file', () => {
  it('is refused with file and line of everything that is wrong, at once', () => {
    const text = 'bert.Server.target_qps = 5\n*.*.min_duration : 4\n\n*.*.min_query_count = ten\n';
    expect(() => parseConf(text, 'my.conf')).toThrow(
      new ConfigError(
        'my.conf:2: expected "key = value", got ":" after "*.*.min_duration"\n' +
          'my.conf:4: *.*.min_query_count needs to be a whole number or a decimal one, got "ten"',
      ),
    );
  });

  it('gives each value the line it stands in', () => {
    const { given } = apply('# mine\n*.Server.target_latency = 5\nbert.*.min_duration = 7\n');
    expect(given).toEqual([
      { key: 'server_target_latency_ns', value: 5_000_000, origin: 'user.conf:2' },
      { key: 'min_duration_ms', value: 7, origin: 'user.conf:3' },
    ]);
  });

  it.each([
    [
      '*.*.min_query_count=5',
      'user.conf:1: "*.*.min_query_count=5" gives no value and is ignored; write blanks',
    ],
    ['*.*.min_query_count =', 'user.conf:1: "*.*.min_query_count =" gives no value and is ignored'],
    ['*.*.min_query_count = 5 6', 'user.conf:1: of the values 5 6 the last one counts'],
    ['*.*.min_duration = 6e5', 'user.conf:1: min_duration is a whole number; of 6e5 only the start counts'],
    [
      '*.*.min_duratoin = 5',
      'user.conf:1: no LoadGen reads "min_duratoin"; it is ignored; did you mean "min_duration"?',
    ],
    [
      'bert.server.target_qps = 5',
      'user.conf:1: "bert.server.target_qps" is ignored; a key is model.Scenario.target_qps',
    ],
    [
      '*.*.qsl_rng_seed = 5',
      'user.conf:1: qsl_rng_seed is left as it is; only the rules of a round may set it',
    ],
    ['bert-99.Server.target_qps = 5', 'user.conf: nothing in it is for model bert and scenario Server'],
    ['*.*.min_duration = 1\n*.*.min_duration = 2', 'user.conf:2: replaces *.*.min_duration of user.conf:1'],
  ])('says what LoadGen passes over in silence: %j', (text, note) => {
    expect(apply(`${text}\n`).notes.join('\n')).toContain(note);
  });

  it('has nothing to say of a file in which all is well', () => {
    expect(apply('# of mine\n\nbert.Server.target_qps = 5\n*.Offline.target_qps = 7\n').notes).toEqual([]);
  });

  it.each(['target_qps = 0', 'target_latency_percentile = 100', 'target_latency_percentile = 0'])(
    'is refused where no run could use the value: %s',
    (line) => {
      expect(() => apply(`*.Server.${line}\n`)).toThrow(/^user\.conf:1: /);
    },
  );

  it('may set the seeds where it holds the rules', () => {
    expect(apply('*.*.qsl_rng_seed = 18446744073709551615\n', 'rules').settings.qsl_rng_seed).toBe(
      18446744073709551615n,
    );
    expect(() => apply('*.*.qsl_rng_seed = 18446744073709551616\n', 'rules')).toThrow('must be a uint64');
  });

  it.each([
    ['0x20', 32n, 32],
    ['010', 8n, 10],
    ['-0x1p3', -1n, -8],
    ['0x1.8p1', 1n, 3],
    ['1e3', 1n, 1000],
    ['.5', 0n, 0.5],
    ['inf', 0n, Infinity],
  ])('reads %s as C does: whole %s, decimal %d', (text, whole, decimal) => {
    expect(leadingInteger(text)).toBe(whole);
    expect(doubleOf(text)).toBe(decimal);
  });
});

describe('settings from files', () => {
  const user = 'bert.Server.target_qps = 500\n*.Server.performance_sample_count_override = 64\n';

  it('are the rules of the round with user.conf over them, found in the working directory', () => {
    const cwd = folderWith({ 'user.conf': user });
    const { settings, given } = settingsFromFiles({ scenario: 'Server', cwd, rules: 'v4.1' });
    expect(settings).toMatchObject({
      server_target_qps: 500,
      server_target_latency_ns: 130_000_000,
      min_duration_ms: 600_000,
      qsl_rng_seed: 3066443479025735752n,
      performance_sample_count_override: 64,
    });
    const originOf = (key: string) => given.find((each) => each.key === key)?.origin;
    expect(originOf('server_target_qps')).toBe('user.conf:1');
    expect(originOf('performance_sample_count_override')).toBe('user.conf:2');
    expect(originOf('min_duration_ms')).toBe('rules v4.1');
  });

  it('take an mlperf.conf in the place of the rules', () => {
    const cwd = folderWith({ 'mlperf.conf': '*.*.qsl_rng_seed = 7\n', 'other.conf': user });
    const { settings } = settingsFromFiles({ scenario: 'Server', cwd, user_conf_path: 'other.conf' });
    expect(settings).toMatchObject({ qsl_rng_seed: 7n, min_duration_ms: 10_000, server_target_qps: 500 });
  });

  it('are refused when a file that was named is missing', () => {
    expect(() =>
      settingsFromFiles({ scenario: 'Server', cwd: folderWith({}), user_conf_path: 'gone.conf' }),
    ).toThrow('gone.conf: no such file; give the path of a file of the form of user.conf');
  });
});
