// `loadrig doctor` from outside.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadrig, temporaryFolder } from '../../built.js';

interface Report {
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly status: string }[];
  readonly machine: { readonly system: { readonly system_id: string } };
}

test('the exit code says whether this machine is ready, and JSON says the same', async () => {
  const { exitCode, stdout } = await loadrig(['doctor', '--json', '--engine=onnxruntime']);
  const report = JSON.parse(stdout) as Report;
  expect(exitCode).toBe(report.ready ? 0 : 3);
  expect(report.checks.length).toBeGreaterThan(15);
  expect(report.ready).toBe(report.checks.every(({ status }) => status !== 'missing'));
});

test('a run for which the machine has no model exits with 3', async () => {
  const { exitCode, stdout } = await loadrig(['doctor', '--model=no/such/folder']);
  expect(exitCode).toBe(3);
  expect(stdout).toContain('missing  no/such/folder/model.safetensors: not there, or not readable');
  expect(stdout).toContain('Not ready');
});

test('the description of the machine is written to a new file, never over one', async () => {
  const file = join(temporaryFolder(), 'mine.json');
  const first = await loadrig(['doctor', '--write_system', file]);
  expect(first.stderr).toContain('To be filled in by hand: submitter');
  const form = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  expect(form).toMatchObject({ division: 'closed', number_of_nodes: 1 });

  writeFileSync(file, 'mine');
  const second = await loadrig(['doctor', `--write-system=${file}`]);
  expect(second.exitCode).toBe(2);
  expect(second.stderr).toContain('is there already and stays as it is');
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test.each([
  [['--jsn'], 2, 'unknown flag --jsn'],
  [['--json', '--json'], 2, '--json is given 2 times'],
  [['--write_system'], 2, '--write_system needs a value'],
  [['--write_system=/dev/null/x/y.json'], 3, 'cannot write /dev/null/x/y.json'],
  [['--scenarios=Nope'], 2, '--scenarios must be'],
  [['--version'], 2, 'doctor shows no version'],
])('%s is refused with what to do', async (args, code, message) => {
  const { exitCode, stderr } = await loadrig(['doctor', ...args]);
  expect([exitCode, stderr]).toEqual([code, expect.stringContaining(message)]);
});

test('--help shows its flags', async () => {
  const { exitCode, stdout } = await loadrig(['doctor', '--help']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('--write_system');
});
