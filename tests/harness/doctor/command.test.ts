// `loadrig doctor` from outside.

import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { loadrig, repository, temporaryFolder } from '../../built.js';

interface Report {
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly status: string; readonly found: string }[];
  readonly machine: { readonly gpus: readonly { readonly name: string }[] };
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
  expect(stdout).toContain('missing  no/such/folder: not there');
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

/** Runs the doctor with an nvidia-smi of ours before any other on the path. */
async function doctorWith(
  script: string,
): Promise<{ readonly exitCode: number | undefined; readonly report: Report }> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'nvidia-smi'), 0o755);
  const path = [folder, process.env['PATH'] ?? ''].join(delimiter);
  const { exitCode, stdout } = await execa(
    'node',
    ['build/js/harness/main.js', 'doctor', '--json', '--engine=onnxruntime'],
    { cwd: repository, reject: false, env: { PATH: path } },
  );
  return { exitCode, report: JSON.parse(stdout) as Report };
}

const fixtures = fileURLToPath(new URL('../../fixtures/systems/h200x2/', import.meta.url));

test('the GPUs that nvidia-smi shows are described', async () => {
  const { report } = await doctorWith(
    `cd '${fixtures}'; case "$1" in -q) cat nvidia-smi-q.xml;; --query*) cat nvidia-smi.csv;; *) cat nvidia-smi.txt;; esac`,
  );
  expect(report.machine.gpus.map(({ name }) => name)).toEqual(['NVIDIA H200', 'NVIDIA H200']);
  expect(report.checks).toContainEqual({
    group: 'GPUs',
    name: 'GPUs',
    status: 'ok',
    found: '2 × NVIDIA H200',
  });
});

test('an nvidia-smi that fails is a warning where the CPU runs, with what it said', async () => {
  const { report } = await doctorWith('echo "NVIDIA-SMI has failed because the driver is gone."; exit 9');
  const told = report.checks.find(({ name }) => name === 'detection');
  expect(told).toMatchObject({ status: 'warning' });
  expect(told?.found).toContain('nvidia-smi failed (exit code 9): it says "NVIDIA-SMI has failed');
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
