// Whole runs of the program on engine tensorrt. Driver, NVML and TensorRT are fakes (tests/fakes/native): this TensorRT replays
// what ONNX Runtime answered in fp32, so all around it is real (build, logit check, threads, LoadGen, logs, scores), and
// nothing is said of speed.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadrig, startLoadrig, temporaryFolder, type Environment } from '../built.js';
import { writeAnswersTo } from '../fakes/native/answers.js';
import { gpuMachine } from '../fakes/native/gpu-machine.js';
import { makeParts, missingTools, type Release } from '../fakes/native/native-parts.js';
import { capturedMachine } from '../systems/captured-machines.js';
import { readJson, runFolder, until } from './run-files.js';

const why = await missingTools();
const data = 'tests/fixtures/squad/small.json';
const model = 'data/models/minilm-qa';
const answers = join(temporaryFolder(), 'answers');
const onH100 = (release: Release = '10.16'): Environment => ({
  ...gpuMachine({
    nvidiaSmi: capturedMachine('h100').nvidiaSmi,
    device: 'NVIDIA H100 80GB HBM3|9.0|80',
    release,
  }),
  FAKE_TENSORRT_ANSWERS: answers,
});

const anyBatch = ['--engine=tensorrt', `--model=${model}`, `--data=${data}`, '--precision=fp16'];
const tensorrt = [...anyBatch, '--gpu_batch_size=8'];
const offline = ['--scenarios=Offline', '--offline_expected_qps=100', '--min_duration_ms=1'];
/** A target that any machine reaches, with room for a busy one. */
const easyServer = [
  '--server_target_qps=500',
  '--server_target_latency_ns=20000000000',
  '--min_query_count=700',
];
const server = ['--scenarios=Server', ...easyServer, '--min_duration_ms=1'];

describe.skipIf(why !== undefined)(
  `the program on engine tensorrt${why === undefined ? '' : ` (not tested: ${why})`}`,
  () => {
    beforeAll(async () => {
      await makeParts();
      await writeAnswersTo(data, answers, model);
    }, 300_000);

    it('ends VALID with exit code 0 in each scenario, and answers as the reference does', async () => {
      const logDir = temporaryFolder();
      const { exitCode, stdout, stderr } = await loadrig(
        [
          ...tensorrt,
          '--fast', // for accuracy in each scenario
          ...easyServer,
          '--scenarios=Offline,Server,SingleStream',
          '--offline_expected_qps=100',
          '--single_stream_expected_latency_ns=1000000',
          '--min_duration_ms=1',
          `--log_dir=${logDir}`,
        ],
        onH100(),
      );
      expect(stderr).toContain('GPUs: 1 × H100-SXM-80GB');
      expect(stdout.match(/Result is VALID/g)).toHaveLength(3);
      // What the shipped model answers in fp32 to these five questions.
      expect(stdout.match(/Accuracy = 90\.000/g)).toHaveLength(3);
      expect(exitCode).toBe(0);
      for (const scenario of ['Offline', 'Server', 'SingleStream']) {
        const folder = runFolder(logDir, scenario);
        expect(readFileSync(join(folder, 'mlperf_log_summary.txt'), 'utf8')).toContain('Result is : VALID');
        expect(readFileSync(join(folder, 'gpu_samples.csv'), 'utf8')).toMatch(/\n.*1980/);
        expect(readJson(join(folder, 'metadata.json'))).toMatchObject({
          interrupted: false,
          engine: {
            runtime: 'TensorRT 10.16.0',
            notes: { gpu: 'NVIDIA H100 80GB HBM3', form: 'padded', logit_cosine: 1, answers_agreeing: 1 },
          },
        });
        const accuracy = JSON.parse(
          readFileSync(join(folder, 'accuracy', 'mlperf_log_accuracy.json'), 'utf8'),
        ) as unknown[];
        expect(accuracy).toHaveLength(5);
      }
    });

    it('runs AccuracyOnly with TensorRT 11 too', async () => {
      const logDir = temporaryFolder();
      const { exitCode, stdout } = await loadrig(
        [...tensorrt, ...server, '--test_mode=AccuracyOnly', `--log_dir=${logDir}`],
        onH100('11.4'),
      );
      expect(stdout).toContain('Accuracy = 90.000');
      expect(exitCode).toBe(0);
      expect(readJson(join(runFolder(logDir, 'Server'), 'metadata.json'))).toMatchObject({
        engine: { runtime: 'TensorRT 11.4.0' },
      });
    });

    it.each([
      ['the GPU is lost', { FAKE_CUDA_LOST_AT: '60' }, /CUDA_ERROR_UNKNOWN \(999\)/],
      ['a copy fails', { FAKE_CUDA_FAIL: 'cuMemcpyHtoDAsync_v2:100:700' }, /ILLEGAL_ADDRESS \(700\)/],
    ] as const)(
      'ends with exit code 4 where %s in the middle of a run; the logs so far are kept',
      async (_what, environment, said) => {
        const logDir = temporaryFolder();
        const { exitCode, stderr, stdout } = await loadrig(
          [...tensorrt, ...server, '--test_mode=PerformanceOnly', `--log_dir=${logDir}`],
          { ...onH100(), ...environment },
        );
        expect(stderr).toMatch(said);
        expect(stderr).toMatch(/run error\n.*What was logged so far is kept/);
        expect(stdout).not.toContain('VALID');
        expect(exitCode).toBe(4);
        const detail = readFileSync(join(runFolder(logDir, 'Server'), 'mlperf_log_detail.txt'), 'utf8');
        expect(detail).toContain('generated_query_count');
        expect(detail).toMatch(said);
      },
    );

    it('writes the logs of a run that is stopped with Ctrl-C, marked interrupted', async () => {
      const logDir = temporaryFolder();
      const running = startLoadrig(
        [
          ...tensorrt,
          '--scenarios=Server',
          '--server_target_qps=200',
          '--min_duration_ms=60000',
          `--log_dir=${logDir}`,
        ],
        onH100(),
      );
      const detail = (): string => join(runFolder(logDir, 'Server'), 'mlperf_log_detail.txt');
      await until(
        () => existsSync(detail()) && readFileSync(detail(), 'utf8').includes('generated_query_count'),
      );
      running.kill('SIGINT');
      const { exitCode, signal } = await running;
      expect([exitCode, signal]).toEqual([130, undefined]);
      expect(readJson(join(runFolder(logDir, 'Server'), 'metadata.json'))).toMatchObject({
        interrupted: true,
        submittable: false,
      });
      expect(readFileSync(detail().replace('detail', 'summary'), 'utf8')).toContain(
        'The run was interrupted.',
      );
    });

    it('has no memory for the batch: names a smaller one, and ends with exit code 3', async () => {
      const logDir = temporaryFolder();
      const { exitCode, stderr } = await loadrig([...tensorrt, ...offline, `--log_dir=${logDir}`], {
        ...onH100(),
        FAKE_CUDA_DEVICES: 'NVIDIA H100 80GB HBM3|9.0|0.004',
      });
      expect(stderr).toMatch(/setup error\n.*OUT_OF_MEMORY.*--gpu_batch_size=4 in place of 8/);
      expect(exitCode).toBe(3);
      expect(readdirSync(logDir)).toHaveLength(1);
    });

    it('is never timed where it does not answer as the model: exit code 4', async () => {
      const { exitCode, stderr, stdout } = await loadrig(
        [...anyBatch, ...offline, '--gpu_batch_size=7', `--log_dir=${temporaryFolder()}`],
        { ...onH100(), FAKE_TENSORRT_ANSWERS: '' },
      );
      expect(stderr).toMatch(
        /run error\n.*does not answer as the model does.*cosine.*It is not timed\. Use another --precision/,
      );
      expect(stdout).toBe('');
      expect(exitCode).toBe(4);
    });
  },
);
