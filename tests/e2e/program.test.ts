// The program as a person types it: its output, its files, its exit codes.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadrig, startLoadrig, temporaryFolder } from '../built.js';
import { readJson, runFolder, until } from './run-files.js';

const data = 'tests/fixtures/squad/small.json';
const nullRun = [
  '--engine=null',
  '--min_duration_ms=200',
  '--min_query_count=700',
  '--performance_sample_count=1',
];

describe('a run with the null engine', () => {
  it('ends VALID with exit code 0, and leaves every file where people look for it', async () => {
    const logDir = temporaryFolder();
    const { exitCode, stdout } = await loadrig([
      ...nullRun,
      '--scenarios=Server',
      '--server_target_qps=5000',
      '--save_latencies',
      `--log_dir=${logDir}`,
    ]);
    expect(stdout).toMatch(/= Perf harness results: =/);
    expect(stdout).toMatch(/bert: result_completed_samples_per_sec: [\d.]+, Result is VALID/);
    expect(exitCode).toBe(0);
    const folder = runFolder(logDir, 'Server');
    expect(readdirSync(folder).sort()).toEqual([
      'config.json',
      'latencies.csv',
      'latency_percentiles.csv',
      'latency_percentiles.hgrm',
      'metadata.json',
      'mlperf_log_accuracy.json',
      'mlperf_log_detail.txt',
      'mlperf_log_summary.txt',
    ]);
    const metadata = readJson(join(folder, 'metadata.json'));
    expect(metadata).toMatchObject({
      result_validity: 'VALID',
      scenario: 'Server',
      benchmark_full: 'bert-99',
      submittable: false,
      interrupted: false,
    });
    expect(metadata['seeds']).toMatchObject({ qsl_rng_seed: '3066443479025735752' });
    const lines = readFileSync(join(folder, 'latencies.csv'), 'utf8').trim().split('\n');
    expect(lines[0]).toBe(
      'sample_id,sample_index,query_id,length_tokens,scheduled_ns,issued_ns,completed_ns,latency_ns',
    );
    expect(lines.length).toBeGreaterThan(700);
  });

  it('that ran out of queries ends INVALID with exit code 5 and says what to do', async () => {
    const logDir = temporaryFolder();
    const { exitCode, stdout } = await loadrig([
      ...nullRun,
      '--scenarios=SingleStream',
      '--single_stream_expected_latency_ns=10000000',
      `--log_dir=${logDir}`,
    ]);
    expect(stdout).toContain('Result is INVALID');
    expect(stdout).toContain('Decrease the expected latency');
    expect(exitCode).toBe(5);
  });

  it('can be repeated from its saved config.json', async () => {
    const logDir = temporaryFolder();
    const args = [...nullRun, '--scenarios=Server', '--server_target_qps=5000', `--log_dir=${logDir}`];
    await loadrig(args);
    const config = join(runFolder(logDir, 'Server'), 'config.json');
    const again = temporaryFolder();
    const { exitCode } = await loadrig([`--config=${config}`, `--log_dir=${again}`]);
    expect(exitCode).toBe(0);
    expect(readJson(join(runFolder(again, 'Server'), 'config.json'))).toEqual(readJson(config));
  });
});

describe('a run with the real engine', () => {
  it('measures its own target, runs performance and accuracy, and scores it', async () => {
    const logDir = temporaryFolder();
    const { exitCode, stdout, stderr } = await loadrig([
      '--quick',
      '--scenarios=offline',
      '--min_duration_ms=500',
      '--probe_duration_ms=300',
      `--data=${data}`,
      `--log_dir=${logDir}`,
    ]);
    expect(stderr).toContain('Detected system ID');
    expect(stdout).toMatch(
      /bert: result_samples_per_second: [\d.]+, Result is (VALID|INVALID).*not submittable: --quick run/,
    );
    expect(stdout).toMatch(/bert: Accuracy = [\d.]+, no reference, not judged/);
    expect([0, 5]).toContain(exitCode); // half a second on a busy machine may fall short of its own probe
    const folder = runFolder(logDir, 'Offline');
    const config = readJson(join(folder, 'config.json')) as {
      provenance: Record<string, { label?: string }>;
    };
    expect(config.provenance['offline_expected_qps']?.label).toBe('measured');
    for (const name of ['accuracy.txt', 'predictions.json', 'metadata.json', 'mlperf_log_accuracy.json']) {
      expect(existsSync(join(folder, 'accuracy', name))).toBe(true);
    }
    expect(readFileSync(join(folder, 'accuracy', 'accuracy.txt'), 'utf8')).toMatch(
      /^\{"exact_match": [\d.]+, "f1": [\d.]+\}\nhash=[0-9a-f]{64}\n/,
    );
    expect(existsSync(join(folder, 'probe', 'offline-2', 'mlperf_log_summary.txt'))).toBe(true);
    const metadata = readJson(join(folder, 'metadata.json')) as { sha256: Record<string, string> };
    expect(Object.values(metadata.sha256).every((hash) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
  });
});

describe('bad input ends with its own exit code and says what to do', () => {
  const empty = join(temporaryFolder(), 'empty.json');
  writeFileSync(empty, '');
  const list = join(temporaryFolder(), 'list.json');
  writeFileSync(list, '[1, 2]');
  const unanswered = join(temporaryFolder(), 'unanswered.json');
  const question = { id: 'q1', question: 'Who?', answers: [] };
  writeFileSync(
    unanswered,
    JSON.stringify({ data: [{ paragraphs: [{ context: 'Ann.', qas: [question] }] }] }),
  );
  const aFile = join(temporaryFolder(), 'a-file');
  writeFileSync(aFile, '');
  const truncated = temporaryFolder();
  cpSync('data/models/minilm-qa', truncated, { recursive: true });
  truncateSync(join(truncated, 'model.safetensors'), 1_000_000);
  const offline = '--scenarios=Offline';

  it.each([
    ['an unknown flag', ['--scenario=Offline'], 2, /unknown flag --scenario; did you mean "?--scenarios/],
    ['two mistakes at once', ['--bath_size=2', '--precision=int9'], 2, /batch_size[\s\S]*precision/],
    [
      'an impossible percentile',
      ['--server_target_latency_percentile=1.0', '--scenarios=Server'],
      2,
      /percentile/,
    ],
    ['a negative duration', ['--min_duration_ms=-5'], 2, /min_duration_ms/],
    ['a rate that is no number', ['--scenarios=Server', '--server_target_qps=NaN'], 2, /server_target_qps/],
    [
      'a target that may not be measured',
      ['--scenarios=Server', '--no-probe'],
      2,
      /Server needs --server_target_qps/,
    ],
    ['no data file', [offline, '--data=/no/such.json'], 3, /cannot read .*\/no\/such\.json/],
    ['an empty data file', [offline, `--data=${empty}`], 2, /empty/],
    ['data that is not SQuAD', [offline, `--data=${list}`], 2, /SQuAD/],
    ['a question without answers', [offline, `--data=${unanswered}`], 2, /q1/],
    [
      'more samples than there are',
      [offline, `--data=${data}`, '--performance_sample_count=5000'],
      2,
      /5000/,
    ],
    [
      'logs that cannot be written',
      [offline, '--engine=null', `--log_dir=${aFile}/logs`],
      3,
      /--log_dir=FOLDER/,
    ],
    ['no model', [offline, '--model=/no/such/model'], 3, /\/no\/such\/model/],
    [
      'a truncated model',
      [offline, `--model=${truncated}`, `--data=${data}`],
      2,
      /not a complete safetensors file/,
    ],
  ] as const)('%s', async (_name, args, code, text) => {
    const { exitCode, stderr, stdout } = await loadrig(
      [`--log_dir=${temporaryFolder()}`, ...args].filter(
        (arg, place, all) =>
          !arg.startsWith('--log_dir=') ||
          all.findLastIndex((other) => other.startsWith('--log_dir=')) === place,
      ),
    );
    expect(stderr).toMatch(text);
    expect(stderr).not.toContain('a bug');
    expect(stdout).not.toContain('Result is VALID');
    expect(exitCode).toBe(code);
  });

  it('an engine that was never built, with run_harness', async () => {
    const folder = temporaryFolder();
    cpSync('data/models/minilm-qa', folder, { recursive: true });
    const config = join(folder, 'config.json');
    // Another layer_norm_eps is another engine, which nobody has built.
    writeFileSync(config, readFileSync(config, 'utf8').replace('1e-12', `${Math.random()}e-9`));
    const { exitCode, stderr } = await loadrig([
      '--action=run_harness',
      '--scenarios=Offline',
      `--model=${folder}`,
      `--data=${data}`,
      `--log_dir=${temporaryFolder()}`,
    ]);
    expect(stderr).toMatch(/make generate_engines/);
    expect(exitCode).toBe(3);
  });
});

describe('Ctrl-C', () => {
  it('once drains, writes the logs marked interrupted and ends with 130', async () => {
    const logDir = temporaryFolder();
    const running = startLoadrig([
      '--engine=null',
      '--scenarios=Server',
      '--server_target_qps=200',
      '--min_duration_ms=60000',
      '--performance_sample_count=1',
      `--log_dir=${logDir}`,
    ]);
    const detail = (): string => join(runFolder(logDir, 'Server'), 'mlperf_log_detail.txt');
    await until(
      () =>
        readdirSync(logDir).length > 0 &&
        existsSync(detail()) &&
        readFileSync(detail(), 'utf8').includes('generated_query_count'),
    );
    running.kill('SIGINT');
    const { exitCode, stdout } = await running;
    expect(exitCode).toBe(130);
    expect(stdout).toContain('Result is INVALID');
    const metadata = readJson(join(runFolder(logDir, 'Server'), 'metadata.json'));
    expect(metadata).toMatchObject({ interrupted: true, submittable: false });
    expect(readFileSync(join(runFolder(logDir, 'Server'), 'mlperf_log_summary.txt'), 'utf8')).toContain(
      'The run was interrupted.',
    );
  });

  it('while no run is on quits at once', async () => {
    const logDir = temporaryFolder();
    mkdirSync(join(logDir, 'x'));
    const running = startLoadrig(['--scenarios=Offline', `--data=${data}`, `--log_dir=${logDir}`]);
    await new Promise<void>((resolve) => {
      running.stderr.once('data', () => resolve());
    });
    running.kill('SIGINT');
    const { signal, exitCode } = await running;
    expect(signal ?? exitCode).toBe('SIGINT');
  });
});

describe('help', () => {
  it('teaches: flags, exit codes, examples', async () => {
    const { stdout, exitCode } = await loadrig(['--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('--server_target_qps');
    expect(stdout).toMatch(/INVALID/);
  });

  it('--dry_run shows each value with its origin, and runs nothing', async () => {
    const { stdout, exitCode } = await loadrig(['--dry_run', '--scenarios=Server', '--server_target_qps=25']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/server_target_qps\s+25 queries\/s\s+flag/);
  });
});
