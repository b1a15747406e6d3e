// The official C++ LoadGen of PyPI's mlcommons-loadgen: its source, compiled with our null SUT against its C++ API, so that no
// Python stands between the two. Its own flags: -O3 -std=c++14.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import * as tar from 'tar';
import { SetupError } from '../../../configs/errors.js';
import { workloadSeeds, type Workload, type WorkloadFigures } from '../workloads.js';

export const CPP_LOADGEN_VERSION = '6.0.17';
const PACKAGE = 'mlcommons-loadgen';
const NULL_SUT = 'harness/bench/peers/loadgen-null.cc';
const LIBRARY_SOURCES = [
  'early_stopping.cc',
  'issue_query_controller.cc',
  'loadgen.cc',
  'logging.cc',
  'results.cc',
  'test_settings_internal.cc',
  'utils.cc',
  'version.cc',
  'generated/version_generated.cc',
];

/** Runs a workload on the C++ LoadGen in a fresh process. */
export type CppLoadGen = (workload: Workload) => Promise<WorkloadFigures>;

/**
 * Downloads (with pip, in a virtualenv) and compiles what is not in `folder` yet.
 *
 * @throws {SetupError} when Python, pip's index or a C++ compiler cannot be had.
 */
export async function openCppLoadGen(folder: string, say: (line: string) => void): Promise<CppLoadGen> {
  const program = join(folder, 'loadgen-null');
  const isBuilt = existsSync(program) && statSync(program).mtimeMs > statSync(NULL_SUT).mtimeMs;
  if (!isBuilt) await build(folder, program, say);
  return (workload) => run(program, workload);
}

async function build(folder: string, program: string, say: (line: string) => void): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const venv = join(folder, 'venv');
  const source = join(folder, 'source');
  if (!existsSync(join(source, 'loadgen.cc'))) {
    say(`C++ LoadGen ${CPP_LOADGEN_VERSION}: downloading its source with pip`);
    await mustRun('python3', ['-m', 'venv', venv], 'Install Python 3 with its venv module.');
    const archive = ['download', `${PACKAGE}==${CPP_LOADGEN_VERSION}`, '--no-deps', '--no-binary', PACKAGE];
    await mustRun(join(venv, 'bin/pip'), [...archive, '--dest', folder], 'pip must reach its index.');
    mkdirSync(source, { recursive: true });
    const file = join(folder, `mlcommons_loadgen-${CPP_LOADGEN_VERSION}.tar.gz`);
    await tar.extract({ file, cwd: source, strip: 1 });
  }
  say(`C++ LoadGen ${CPP_LOADGEN_VERSION}: compiling it with a null SUT`);
  const [major = '', minor = ''] = CPP_LOADGEN_VERSION.split('.');
  await mustRun(
    'g++',
    [
      '-O3',
      '-std=c++14',
      '-pthread',
      `-DMAJOR_VERSION=${major}`,
      `-DMINOR_VERSION=${minor}`,
      `-I${source}`,
      NULL_SUT,
      ...LIBRARY_SOURCES.map((name) => join(source, name)),
      '-o',
      program,
    ],
    'Install g++.',
  );
}

async function mustRun(program: string, given: readonly string[], remedy: string): Promise<void> {
  const { failed, stderr, shortMessage } = await execa(program, [...given], { reject: false });
  if (!failed) return;
  const lines = stderr.trim().split('\n').slice(-5).join('\n');
  throw new SetupError(
    `the C++ LoadGen cannot be had: ${shortMessage ?? program}${lines === '' ? '' : `\n${lines}`}\n${remedy}`,
  );
}

async function run(program: string, workload: Workload): Promise<WorkloadFigures> {
  const outdir = mkdtempSync(join(tmpdir(), 'loadrig-bench-'));
  try {
    const settings = { ...workload, ...workloadSeeds, outdir };
    const { stdout } = await execa(
      program,
      Object.entries(settings).map(([key, value]) => `${key}=${value}`),
    );
    const measured = JSON.parse(stdout) as Pick<WorkloadFigures, 'wall_s' | 'generation_s' | 'added_kib'>;
    const detail = readFileSync(join(outdir, 'mlperf_log_detail.txt'), 'utf8');
    const valueOf = (key: string): string | undefined =>
      new RegExp(`"key": "${key}", "value": "?([^",]*)`).exec(detail)?.[1];
    const numberOf = (key: string): number => Number(valueOf(key) ?? NaN);
    return {
      ...measured,
      queries: numberOf('result_query_count'),
      valid: valueOf('result_validity') === 'VALID',
      qps_with_overhead: numberOf('result_qps_with_loadgen_overhead'),
      p50_ns: numberOf('result_50.00_percentile_latency_ns'),
      p99_ns: numberOf('result_99.00_percentile_latency_ns'),
      max_ns: numberOf('result_max_latency_ns'),
    };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
