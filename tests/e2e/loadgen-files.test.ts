// LoadGen's files and modes through the program: conf files in the working directory, audits, peak search, names of the logs.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadrigIn, temporaryFolder } from '../built.js';

/** Runs with the null engine in a folder of its own that holds the given conf files. */
async function runWith(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const cwd = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  const logDir = join(cwd, 'logs');
  const run = await loadrigIn(cwd, ['--engine=null', `--log_dir=${logDir}`, ...args]);
  const read = (name: RegExp): string => {
    const paths = readdirSync(logDir, { recursive: true, encoding: 'utf8' });
    const found = paths.find((path) => name.test(path)) ?? '';
    return readFileSync(join(logDir, found), 'utf8');
  };
  return { ...run, read };
}

describe('conf files in the working directory', () => {
  it('give the settings of a run, with their lines as origins', async () => {
    const user = 'bert.SingleStream.target_latency = 1\n*.*.min_duration = 50\n*.*.min_query_count = 70\n';
    const { exitCode, read, stderr } = await runWith({ 'user.conf': user }, '--scenarios=SingleStream');
    expect(exitCode).toBe(5); // far faster than the expected 1 ms: it runs out of queries
    expect(stderr).toContain('Settings are read from user.conf.');
    expect(read(/detail\.txt$/)).toContain('"requested_single_stream_expected_latency_ns", "value": 1e+06');
    const { provenance } = JSON.parse(read(/SingleStream.config\.json$/)) as {
      provenance: Record<string, { value: unknown; origin: string }>;
    };
    expect(provenance['min_query_count']).toEqual({ value: 70, origin: 'user.conf:3' });
  });

  it('end the call with exit code 2, file and line, when a line is wrong', async () => {
    const { exitCode, stderr } = await runWith(
      { 'audit.config': '*.*.mode = 2\n*.*.mode : 2\n' },
      '--dry_run',
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain('audit.config:2: expected "key = value", got ":" after "*.*.mode"');
  });

  it('audit a run: another mode, sampled responses, and a warning in the log', async () => {
    const audit =
      '*.*.mode = 2\n*.*.accuracy_log_sampling_target = 20\n*.*.min_duration = 0\n*.*.min_query_count = 100\n';
    const { exitCode, read, stdout } = await runWith(
      { 'audit.config': audit },
      '--scenarios=SingleStream',
      '--test_mode=AccuracyOnly',
      '--single_stream_expected_latency_ns=10000',
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Result is VALID');
    expect(read(/detail\.txt$/)).toContain('Found Audit Config file (audit.config).');
    const sampled = (JSON.parse(read(/accuracy\.json$/)) as unknown[]).length;
    expect(sampled).toBeGreaterThan(5);
    expect(sampled).toBeLessThan(50);
  });
});

describe('FindPeakPerformance', () => {
  it('says so where even the rate it starts from breaks the bound', async () => {
    const { exitCode, stdout, read } = await runWith(
      {},
      ...['--scenarios=Server', '--test_mode=FindPeakPerformance', '--server_target_qps=2000'],
      ...['--min_duration=0', '--min_query_count=50', '--server_find_peak_qps_decimals_of_precision=0'],
      ...['--server_target_latency_ns=1', '--quiet'],
    );
    expect(exitCode).toBe(5);
    expect(stdout).toContain(
      'FindPeakPerformance: Initial lower bound does not satisfy performance constraints',
    );
    expect(read(/summary\.txt$/)).toContain('Mode     : FindPeakPerformance');
  });
});

describe('the logs', () => {
  it('have the names, the labels and the trace that the flags ask for', async () => {
    const { read, stdout } = await runWith(
      {},
      ...['--scenarios=SingleStream', '--single_stream_expected_latency_ns=1000', '--min_duration=0'],
      ...['--min_query_count=100', '--rules=v6.1', '--log_copy_summary_to_stdout', '--enable_trace'],
      ...['--logfile_prefix=my_', '--logfile_suffix=_1'],
    );
    expect(read(/my_summary_1\.txt$/)).toContain('\n90.0th percentile latency (ns) : ');
    expect(stdout).toContain('MLPerf Results Summary');
    const trace = JSON.parse(read(/my_trace_1\.json$/)) as { traceEvents: { name: string }[] };
    expect(trace.traceEvents.filter(({ name }) => name === 'Sample')).toHaveLength(200);
  });

  it('of a SubmissionRun hold accuracy and performance, and are scored', async () => {
    const { read, stdout } = await runWith(
      {},
      ...['--scenarios=Offline', '--test_mode=SubmissionRun', '--offline_expected_qps=1000'],
      ...['--min_duration=0', '--min_query_count=50', '--data=' + 'tests/fixtures/squad/small.json'],
    );
    const messages = read(/detail\.txt$/).match(/Starting \w+ mode/g);
    expect(messages).toEqual(['Starting accuracy mode', 'Starting performance mode']);
    expect(stdout).toMatch(/bert: result_samples_per_second: [\d.]+, Result is VALID/);
    expect(stdout).toMatch(/bert: Accuracy = /);
  });
});
