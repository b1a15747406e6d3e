// Machines as a person meets them: --system, explain and list, from this folder and from another one.

import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { loadrig, repository, temporaryFolder } from '../built.js';

describe('a machine one does not have', () => {
  it('resolves with --dry_run, for its own GPUs', async () => {
    const { exitCode, stdout } = await loadrig([
      '--dry_run',
      '--system=H200-SXM-141GBx8',
      '--scenarios=Server',
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('H200-SXM-141GBx8 bert-99 Server (config_ver default)');
    expect(stdout).toContain('GPUs: 8 × H200-SXM-141GB');
    expect(stdout).toMatch(
      /server_target_qps +57600 queries\/s +systems\/H200-SXM-141GBx8\.json +published: v4\.1/,
    );
  });

  it('cannot be run on: engine tensorrt says what is missing, and the exit code is 3', async () => {
    const { exitCode, stderr, stdout } = await loadrig([
      '--system=T4x8',
      '--scenarios=Offline',
      '--data=tests/fixtures/squad/small.json',
      `--log_dir=${temporaryFolder()}`,
    ]);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/setup error\n {2}engine tensorrt\b/);
    expect(stdout).toBe('');
  });

  it('has variants of other servers, which are refused before anything starts', async () => {
    const { exitCode, stderr } = await loadrig([
      '--system=T4x8',
      '--scenarios=Offline',
      '--config_ver=triton',
    ]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('config_ver triton is served through Triton Inference Server');
  });
});

describe('the commands about machines', () => {
  it('explain says where a value comes from', async () => {
    const { exitCode, stdout } = await loadrig(['explain', 'offline_expected_qps', '--system=A30x8']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('offline_expected_qps = 13000 samples/s    A30x8, Offline, config_ver default');
    expect(stdout.match(/^\S.* = /gm)).toHaveLength(1);
  });

  it.each([
    [['explain'], 'explain takes one setting, got 0'],
    [['explain', 'a', 'b'], 'explain takes one setting, got 2'],
    [['explain', 'batch_sise'], 'did you mean "batch_size"?'],
    [['explain', 'batch_size', '--config=old.json'], 'a saved config.json has none'],
    [['list'], 'list needs one of systems, scenarios, variants, config_schema; got nothing'],
    [['list', 'system'], 'got "system"; did you mean "systems"?'],
    [['list', 'variants', '--markdown'], '--markdown is for systems'],
    [['--system=A30-x8', '--dry_run'], 'did you mean "A30x8"?'],
  ])('%s is refused with what to do', async (args, message) => {
    const { exitCode, stderr, stdout } = await loadrig(args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('list prints JSON too', async () => {
    const { stdout } = await loadrig(['list', 'scenarios', '--json']);
    expect((JSON.parse(stdout) as unknown[]).length).toBe(4);
  });
});

it('called from another folder, the program finds its own configs, data and model', async () => {
  const logs = temporaryFolder();
  const { exitCode, stdout } = await execa(
    'node',
    [
      join(repository, 'build/js/harness/main.js'),
      ...['--engine=null', '--scenarios=Server', '--server_target_qps=1000', '--min_duration_ms=10'],
      ...['--max_seq_length=384', `--log_dir=${logs}`],
    ],
    { cwd: temporaryFolder(), reject: false },
  );
  expect(stdout).toContain('Result is VALID');
  expect(exitCode).toBe(0);
});
