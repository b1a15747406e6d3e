// Server queries issued by worker threads in turns: real threads, the real clock, the compiled library.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { TestSettingsInput } from '../../configs/test-settings.js';
import { createControl } from '../../scenarios/control.js';
import type { SystemUnderTest } from '../../scenarios/contract.js';
import type { StartTestOptions } from '../../scenarios/start-test.js';
import { importBuilt } from '../built.js';
import { createFakeClock } from '../fakes/fake-clock.js';
import { createFakeSut, createTinyQsl } from '../fakes/fake-suts.js';
import { runFailingTestWith, runTestWith, type RanTest } from '../fakes/run-test.js';

const { startTest } = await importBuilt<typeof import('../../scenarios/index.js')>('scenarios/index.js');
const MS = 1e6;
const QUERIES = 400;
const server: TestSettingsInput = {
  scenario: 'Server',
  server_target_qps: 20_000,
  min_duration_ms: 0,
  min_query_count: QUERIES,
  server_num_issue_query_threads: 2,
  schedule_rng_seed: 3n,
  sample_index_rng_seed: 4n,
};
/** Ten seconds, if nothing stops it. */
const LONG_QUERIES = 20_000;
const long: TestSettingsInput = { ...server, server_target_qps: 2000, min_query_count: LONG_QUERIES };
const qsl = createTinyQsl(300, 300);

interface Asked {
  readonly failsAt?: readonly [thread: number, call: number | 'connect'];
  readonly exitsAt?: readonly [thread: number, call: number];
  readonly waitsFor?: readonly [thread: number, samples: number];
  readonly stopsAt?: number;
}

interface Issued {
  /** Thread that issued each sample, plus one; 0 = none, more than any thread = several. */
  readonly owners: Int32Array;
  readonly calls: Int32Array;
  readonly control: Int32Array;
  readonly sut: SystemUnderTest;
}

function issuingSut(asked: Asked = {}): Issued {
  const owners = new Int32Array(new SharedArrayBuffer(4 * 2 * LONG_QUERIES));
  const calls = new Int32Array(new SharedArrayBuffer(4 * 16));
  const control = createControl();
  return {
    owners,
    calls,
    control,
    sut: {
      name: 'issuing',
      completionPlace: 'in-call',
      maxResponseBytes: 4,
      issueThreads: {
        module: new URL('../fakes/issuing-sut.mjs', import.meta.url).href,
        data: { owners, calls, control, ...asked },
      },
      issueQuery: () => expect.unreachable('the driver issues nothing'),
      flushQueries: () => undefined,
    },
  };
}

const run = (issued: Issued, settings: TestSettingsInput, options: StartTestOptions = {}): Promise<RanTest> =>
  runTestWith(startTest, issued.sut, qsl, settings, { selfTest: false, control: issued.control, ...options });

describe('issue threads', () => {
  it.each([1, 2, 3])(
    '%d of them issue every query once, each its own turn of the schedule',
    async (threads) => {
      const issued = issuingSut();
      const { result } = await run(issued, { ...server, server_num_issue_query_threads: threads });
      expect(result.errors).toEqual([]);
      expect([...issued.owners.subarray(0, QUERIES)]).toEqual(
        Array.from({ length: QUERIES }, (_unused, query) => (query % threads) + 1),
      );
      expect(result.results?.sampleCount).toBe(QUERIES);
      expect(result.issueThreadDelays).toHaveLength(threads);
    },
  );

  it('issue the schedule that the driver would issue, none of it early', async () => {
    const { result } = await run(issuingSut(), server);
    const alone = await runTestWith(
      startTest,
      createFakeSut({ clock: createFakeClock(), completionPlace: 'in-call' }),
      qsl,
      { ...server, server_num_issue_query_threads: 0 },
      { selfTest: false },
    );
    const { shared, startNs } = result.performance!;
    const theirs = alone.result.performance!.shared;
    expect(shared.sampleIndices).toEqual(theirs.sampleIndices);
    expect(shared.scheduledDeltaNs).toEqual(theirs.scheduledDeltaNs);
    expect(shared.issuedNs.every((ns, query) => ns >= startNs + shared.scheduledDeltaNs[query]!)).toBe(true);
  });

  it('lose no answer in an accuracy run, also when far more are logged than fit into memory at once', async () => {
    for (const maxResponseBytes of [4, 8 * 2 ** 20]) {
      const issued = issuingSut();
      const { result, accuracy } = await run(
        { ...issued, sut: { ...issued.sut, maxResponseBytes } },
        { ...server, mode: 'AccuracyOnly' },
      );
      expect(result.errors).toEqual([]);
      expect(new Set(accuracy.map(({ qsl_idx }) => qsl_idx)).size).toBe(300);
      for (const { qsl_idx, data } of accuracy)
        expect(Buffer.from(data, 'hex').readUInt32LE(0)).toBe(qsl_idx);
    }
  });

  it('do not wait for one another: a SUT that holds one up holds up its own queries only', async () => {
    // Thread 1 stays in its first call until thread 0 has issued all of its turn.
    const issued = issuingSut({ waitsFor: [1, QUERIES / 2 + 1] });
    const { result } = await run(issued, server);
    expect(result.errors).toEqual([]);
    expect([...issued.calls.subarray(0, 2)]).toEqual([QUERIES / 2, QUERIES / 2]);
    const [first, second] = result.issueThreadDelays;
    expect(second!.max_ns).toBeGreaterThan(first!.p50_ns);
  });

  it('coalesce the due queries of their own turn', async () => {
    const issued = issuingSut({ waitsFor: [1, QUERIES / 2 + 1] });
    const { result } = await run(issued, { ...server, server_coalesce_queries: true });
    expect(result.errors).toEqual([]);
    expect(issued.calls[1]).toBeLessThan(QUERIES / 2);
    expect([...issued.owners.subarray(0, 4)]).toEqual([1, 2, 1, 2]);
    expect(result.results?.sampleCount).toBe(QUERIES);
  });

  it('share max_query_count, and each says that it ended', async () => {
    const { result } = await run(issuingSut(), { ...server, max_query_count: 5 });
    expect(result.performance?.queriesIssued).toBe(5);
    expect(result.errors).toEqual([
      'IssueQueryThread 0 Ending early: Max query count reached. query_count 3',
      'IssueQueryThread 1 Ending early: Max query count reached. query_count 2',
    ]);
  });

  it('all hear a stop request', async () => {
    const issued = issuingSut({ stopsAt: 50 });
    const { result, summary } = await run(issued, long);
    expect(result.interrupted).toBe(true);
    expect(result.performance!.queriesIssued).toBeLessThan(LONG_QUERIES);
    expect(result.results!.sampleCount).toBe(result.performance!.queriesIssued);
    expect(summary).toContain('Result is : INVALID');
  });

  it('all stop when the SUT throws on one of them, and its error is told', async () => {
    const issued = issuingSut({ failsAt: [1, 20] });
    const { error, summary } = await runFailingTestWith(startTest, issued.sut, qsl, long, {
      selfTest: false,
    });
    expect(error.message).toBe('issue thread 1: the SUT threw: the cable was pulled');
    expect(issued.calls[0]).toBeLessThan(LONG_QUERIES / 2);
    expect(summary).toContain('Result is : INVALID');
  });

  it('all stop when one of them dies, and the logs are complete', async () => {
    const issued = issuingSut({ exitsAt: [1, 20] });
    const { error, summary } = await runFailingTestWith(startTest, issued.sut, qsl, long, {
      selfTest: false,
    });
    expect(error.message).toBe('issue thread 1 ended with exit code 3 in the middle of its work');
    expect(issued.calls[0]).toBeLessThan(LONG_QUERIES / 2);
    expect(summary).toContain('Result is : INVALID');
  });

  it('tell what their side of the SUT threw before the test began', async () => {
    const issued = issuingSut({ failsAt: [0, 'connect'] });
    const { error } = await runFailingTestWith(startTest, issued.sut, qsl, server, { selfTest: false });
    expect(error.message).toMatch(/^issue thread [01]: the SUT threw: no connection$/);
  });

  it('say who they are, first of all, and how late each was', async () => {
    const { detail } = await run(issuingSut(), server);
    const ids = detail.slice(0, 2).map(({ value }) => value);
    expect(ids[0]).toMatch(/^Registered IssueQueryThread\[0\]\. thread ID : \d+$/);
    expect(ids[1]).toMatch(/^Registered IssueQueryThread\[1\]\. thread ID : \d+$/);
    const keys = detail.map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining(['issue_delay_p99_ns', 'issue_delay_thread_1_p99_ns']));
  });

  it('serve a SUT whose own threads take from the queue in order of issue', async () => {
    const worker = new Worker(new URL('../fakes/answering-worker.mjs', import.meta.url));
    const { result, accuracy } = await runTestWith(
      startTest,
      {
        ...issuingSut().sut,
        completionPlace: 'other-threads',
        issueThreads: { module: new URL('../fakes/notifying-issuer.mjs', import.meta.url).href },
        async startPhase({ shared }) {
          worker.postMessage(shared);
          await once(worker, 'message');
        },
        async endPhase() {
          await once(worker, 'exit');
        },
      },
      qsl,
      { ...server, mode: 'AccuracyOnly' },
      { selfTest: false },
    );
    expect(result.errors).toEqual([]);
    expect(new Set(accuracy.map(({ qsl_idx }) => qsl_idx)).size).toBe(300);
    expect(result.performance).toBeUndefined();
  });
});

describe('a test that asks for issue threads', () => {
  const clock = createFakeClock();

  it.each([
    [
      'a SUT that has no side for them',
      createFakeSut({ clock, completionPlace: 'in-call' }),
      {},
      /from the driver's thread only/,
    ],
    ['a clock of the caller', issuingSut().sut, { clock }, /must be 0 with a clock/],
  ] as const)('is refused with %s', async (_what, sut, options, text) => {
    const { error } = await runFailingTestWith(startTest, sut, qsl, server, options);
    expect(error.name).toBe('ConfigError');
    expect(error.message).toMatch(text);
  });

  it('is refused with more threads than make sense', async () => {
    const settings = { ...server, server_num_issue_query_threads: 1_000_000 };
    const { error } = await runFailingTestWith(startTest, issuingSut().sut, qsl, settings, {});
    expect(error.message).toBe('server_num_issue_query_threads must be at most 128, got 1000000');
  });

  it('starts none in the other scenarios, as LoadGen', async () => {
    const sut = createFakeSut({ clock, latencyNs: () => MS });
    const settings = { ...server, scenario: 'SingleStream' } as const;
    const { result } = await runTestWith(startTest, sut, qsl, settings, { clock });
    expect(result.issueThreadDelays).toEqual([]);
  });
});
