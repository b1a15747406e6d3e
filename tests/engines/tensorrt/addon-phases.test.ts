// Phases of the real addon over the fakes: every sample answered rightly in each way to run, failures in the middle, and the
// ends of a process while threads work.

import { beforeAll, describe, expect, it } from 'vitest';
import type { NativePhaseFacts } from '../../../engines/tensorrt/native-run.js';
import { makeParts, missingTools, parts, type Release } from '../../fakes/native/native-parts.js';
import { runScenario, type Environment, type Outcome } from '../../fakes/native/run-scenario.js';
import { logitsOf } from '../../fakes/native/samples.js';

const file = new URL('./addon-scenarios.mjs', import.meta.url);
const why = await missingTools();
const run = (
  name: string,
  args: object = {},
  environment: Environment = {},
  release: Release = '10.16',
): Promise<Outcome> =>
  runScenario(file, name, { folder: parts.libraries(release), ...args }, { environment });

interface PhaseResult {
  readonly indices: readonly number[];
  readonly completed: number;
  readonly isComplete: boolean;
  readonly sleepers: number;
  readonly responses: readonly (readonly number[])[];
  readonly facts: NativePhaseFacts;
}

/** Every sample completed once, with the logits of its own tokens. */
function expectRight({ value, error, exitCode, cuda }: Outcome): PhaseResult {
  expect(error).toBeUndefined();
  expect(exitCode).toBe(0);
  const result = value as PhaseResult;
  expect(result.completed).toBe(result.indices.length);
  expect(result.isComplete).toBe(true);
  expect(result.sleepers).toBe(0);
  expect(result.responses).toEqual(logitsOf(result.indices));
  expect(result.facts.samples).toBe(result.indices.length);
  expect(Object.values(cuda?.live ?? { none: 1 }).filter((count) => count !== 0)).toEqual([]);
  return result;
}

describe.skipIf(why !== undefined)(`phases${why === undefined ? '' : ` (not tested: ${why})`}`, () => {
  beforeAll(() => makeParts(), 300_000);

  describe.each(['10.16', '11.4'] as const)('of Offline with TensorRT %s', (release) => {
    it.each([
      ['padded, as issued', { form: 'padded' }],
      ['padded, longest first', { form: 'padded', sorted: true }],
      ['packed', { form: 'packed' }],
      ['packed on two streams of three slots', { form: 'packed', open: { streams: 2, slots: 3 } }],
      ['from the device', { form: 'padded', open: { start_from_device: true, wait: 'spin' } }],
      ['packed from the device', { form: 'packed', open: { start_from_device: true } }],
    ])('answers every sample: %s', async (_how, args) => {
      const { facts } = expectRight(await run('offline', args, {}, release));
      expect(facts.batches).toBe(50);
      expect(facts.graph_launches).toBe(0);
    });
  });

  it('pads less when the longest come first, and not at all when packed', async () => {
    const [asIssued, sorted, packed] = await Promise.all([
      run('offline', { form: 'padded' }),
      run('offline', { form: 'padded', sorted: true }),
      run('offline', { form: 'packed' }),
    ]);
    const padding = [asIssued, sorted, packed].map((outcome) => {
      const { tokens, tokens_run } = expectRight(outcome).facts;
      return tokens_run / tokens;
    });
    expect(padding[1]).toBeLessThan(padding[0]! - 0.3);
    expect(padding[2]).toBe(1);
  });

  it('shares the work among GPUs', async () => {
    const devices = { FAKE_CUDA_DEVICES: 'H|9.0|80;H|9.0|80;H|9.0|80', FAKE_TENSORRT_MS: '1' };
    const { facts } = expectRight(await run('offline', { deviceCount: 3 }, devices));
    expect(Object.keys(facts.batches_by_device)).toEqual(['0', '1', '2']);
    for (const batches of Object.values(facts.batches_by_device)) expect(batches).toBeGreaterThan(5);
  });

  it.each([
    ['padded', [[8, 64]]],
    ['packed', [[8, 512]]],
  ] as const)('replays graphs: %s', async (form, graphs) => {
    const outcome = await run('offline', { form, graphs, phase: { use_graphs: true } });
    const { facts } = expectRight(outcome);
    expect(facts.graph_launches).toBe(facts.batches);
    expect(facts.enqueues).toBe(0);
  });

  it('takes the smallest graph that holds a batch, and none where none does', async () => {
    const graphs = [
      [1, 16],
      [1, 32],
    ];
    const outcome = await run('inCall', { form: 'padded', graphs, phase: { use_graphs: true } });
    const { facts, indices } = expectRight(outcome);
    const lengths = logitsOf(indices).map((logits) => logits.length / 2);
    const small = lengths.filter((length) => length <= 16).length;
    const middle = lengths.filter((length) => length > 16 && length <= 32).length;
    expect(facts.graph_launches).toBe(small + middle);
    const others = facts.tokens_run - small * 16 - middle * 32;
    expect(others).toBeGreaterThanOrEqual(
      lengths.filter((length) => length > 32).reduce((sum, length) => sum + length, 0),
    );
  });

  it('runs one phase after the other on the same engines', async () => {
    const { value, error } = await run('twoPhases', { form: 'packed' });
    expect(error).toBeUndefined();
    const { indices, phases } = value as { indices: number[][]; phases: PhaseResult[] };
    for (const [place, phase] of phases.entries()) {
      expect(phase.responses).toEqual(logitsOf(indices[place]!));
    }
  });

  it('wakes sleeping threads for every query of Server', async () => {
    for (const spin_ns of [0, 1e6]) expectRight(await run('server', { phase: { spin_ns } }));
  });

  it('waits for fuller batches only as long as it may, and sets off early at a preferred size', async () => {
    // Everything is there at once, but for the last samples: with a delay the batches are full.
    const delayed = { phase: { queue_delay_ns: 2e6, preferred_batch_sizes: [4, 8] }, pauses: false };
    const { facts } = expectRight(await run('server', { ...delayed, count: 63 }));
    expect(facts.batches).toBeLessThanOrEqual(24);
  });

  it('keeps the tokens of a batch within a limit', async () => {
    const { facts } = expectRight(await run('offline', { form: 'packed', phase: { max_tokens: 128 } }));
    expect(facts.tokens_run / facts.batches).toBeLessThanOrEqual(128);
    expect(facts.batches).toBeGreaterThan(50);
  });

  it('keeps batches within length boundaries', async () => {
    const args = { form: 'packed', sorted: true, count: 40 };
    const mixed = expectRight(await run('offline', args));
    const apart = expectRight(await run('offline', { ...args, phase: { length_boundaries: [16, 32, 64] } }));
    expect(mixed.facts.batches).toBe(5);
    expect(apart.facts.batches).toBeGreaterThan(5);
  });

  it.each([
    ['SingleStream', { perCall: 1 }],
    ['MultiStream', { perCall: 4, form: 'packed' }],
    ['more samples in a call than a batch holds', { perCall: 20 }],
  ])('runs %s inside the call', async (_what, args) => {
    const { facts } = expectRight(await run('inCall', args));
    expect(facts.batches).toBe(args.perCall === 20 ? 6 : 40 / args.perCall);
  });

  describe('that break', () => {
    interface Broken {
      readonly said: Readonly<Record<string, { readonly code: string; readonly message: string } | null>>;
      readonly completed: number;
    }
    it.each([
      ['the GPU is lost', 'offline', { FAKE_CUDA_LOST_AT: '20' }, /999/],
      ['the GPU is lost', 'in_call', { FAKE_CUDA_LOST_AT: '20' }, /999/],
      [
        'a copy fails',
        'offline',
        { FAKE_CUDA_FAIL: 'cuMemcpyHtoDAsync_v2:12:700' },
        // An error stays with the GPU: of the threads that use it, any may be the first to tell.
        /^(cu\w+|enqueueV3) failed.*: CUDA_ERROR_ILLEGAL_ADDRESS \(700\)/,
      ],
      [
        'waiting for an event fails',
        'offline',
        { FAKE_CUDA_FAIL: 'cuEventSynchronize:9:719' },
        /LAUNCH_FAILED/,
      ],
      [
        'a launch is refused',
        'in_call',
        { FAKE_CUDA_FAIL: 'cuLaunchHostFunc:15:719' },
        // TensorRT tells no more than that it could not; what stays with the GPU says why.
        /LAUNCH_FAILED/,
      ],
    ] as const)('tell what broke and keep what was done: %s (%s)', async (_what, mode, environment, said) => {
      const outcome = await run('breaking', { mode }, environment);
      expect(outcome).toMatchObject({ error: undefined, exitCode: 0, signal: undefined });
      const broken = outcome.value as Broken;
      for (const call of ['wait', 'end']) {
        expect(broken.said[call]?.code).toBe('ERR_CUDA');
        expect(broken.said[call]?.message).toMatch(said);
      }
      expect(broken.completed).toBeGreaterThan(0);
      expect(broken.completed).toBeLessThan(400);
    });
  });

  describe('while the process ends', () => {
    it.each([
      ['exit', 7],
      ['exception', 1],
      ['SIGINT', 130],
      ['end', 0],
    ])('by %s: cleanly, each time', async (how, exitCode) => {
      const end = (): Promise<Outcome> =>
        run('end', { how, open: { streams: 2 } }, { FAKE_TENSORRT_MS: '0.2' });
      for (const outcome of await Promise.all([end(), end(), end()])) {
        expect(outcome.output).toContain('running');
        expect(outcome).toMatchObject({ exitCode, signal: undefined });
      }
    });

    it('by the end of a worker: its threads are joined, and the main thread goes on', async () => {
      const outcome = await run('terminate', { addonFile: parts.addon }, { FAKE_TENSORRT_MS: '0.2' });
      expect(outcome).toMatchObject({ value: { exitCode: 1, completed: 40 }, exitCode: 0 });
    });
  });

  it("measures as trtexec does: a row of times for each query, and the layers'", async () => {
    const { value, error } = await run('measure', { open: { streams: 2 }, request: { streams: 2 } });
    expect(error).toBeUndefined();
    const measured = value as Record<string, number[]> & { samples: number; layers: unknown };
    for (const column of ['enqueue_ms', 'h2d_ms', 'compute_ms', 'd2h_ms', 'latency_ms']) {
      expect(measured[column]!.length * 4).toBe(measured.samples);
      expect(measured[column]!.length).toBeGreaterThanOrEqual(20);
    }
    for (const [query, latency] of measured['latency_ms']!.entries()) {
      const parts = ['h2d_ms', 'compute_ms', 'd2h_ms'].map((column) => measured[column]![query]!);
      expect(latency).toBeCloseTo(
        parts.reduce((sum, part) => sum + part),
        2,
      );
    }
    expect(measured.layers).toEqual([{ layer: 'Identity_0', ms: 0.25 }]);
  });

  it('runs an order once, in batches that end where a length does', async () => {
    const lengthOf = (index: number): number => 3 + ((index * 17) % 59);
    const order = Array.from({ length: 40 }, (_unused, index) => index).sort(
      (a, b) => lengthOf(b) - lengthOf(a),
    );
    const request = { sample_order: order, one_pass: true, length_boundaries: [16, 32], warm_up_ms: 1 };
    const { value, error } = await run('measure', { request });
    expect(error).toBeUndefined();
    const { samples, latency_ms } = value as { samples: number; latency_ms: number[] };
    expect(samples).toBe(40);
    const kernels = [16, 32, 61].map((longest, place) => {
      const shortest = [0, 16, 32][place]!;
      return order.filter((index) => lengthOf(index) > shortest && lengthOf(index) <= longest).length;
    });
    expect(latency_ms).toHaveLength(kernels.reduce((sum, count) => sum + Math.ceil(count / 4), 0));
    expect(latency_ms.length).toBeGreaterThan(10);
  });

  describe('and the GPUs beside them', () => {
    it('are sampled: clocks, power, temperature and throttle reasons, as NVML tells them', async () => {
      const { value } = await run(
        'gpuSamples',
        { ids: ['0000:04:00.0'] },
        { FAKE_NVML: '1980:650:61:0;1200:300:84:64;1500:400:70:0' },
      );
      const { samples } = value as { samples: Record<string, number>[] };
      expect(samples.slice(0, 3)).toMatchObject([
        { device: 0, sm_clock_mhz: 1980, power_w: 650, temperature_c: 61, throttle_reasons: 0 },
        { sm_clock_mhz: 1200, power_w: 300, temperature_c: 84, throttle_reasons: 64 },
        { sm_clock_mhz: 1500, throttle_reasons: 0 },
      ]);
      const times = samples.map(({ at_ns }) => at_ns!);
      expect([...times].sort((a, b) => a - b)).toEqual(times);
    });

    it.each([
      ['NVML does not start', { FAKE_NVML_INIT: '9' }, ['0000:04:00.0']],
      ['there is no such GPU', {}, ['0000:01:00.0']],
    ] as const)('say when %s', async (_what, environment, ids) => {
      const { error } = await run('gpuSamples', { ids }, environment);
      expect(error?.code).toBe('ERR_NVML');
    });
  });
});
