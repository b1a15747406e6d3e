// Server, issued by two threads in turns: each imports this file for its own side of the SUT, and answers on the spot.
// node examples/issue-threads.mjs [folder for the logs]
// @ts-check
import { isMainThread } from 'node:worker_threads';
import { logSettings, startTest, testSettings } from 'loadrig';
import { answer, library } from './library.mjs';

/** An issue thread's side of the SUT. @type {import('loadrig').ConnectIssueThread} */
export const connectIssueThread = () => ({
  issueQuery(first, count, records) {
    const { issueThreads } = records.shared;
    for (let i = 0; i < count; i++) {
      const sample = first + i * issueThreads; // more than one when due queries are coalesced
      records.completeSample(sample, answer(records.sampleIndices[sample] ?? 0));
    }
  },
});

if (isMainThread) {
  /** @type {import('loadrig').SystemUnderTest} */
  const sut = {
    name: 'longest word, on the threads that issue',
    completionPlace: 'in-call',
    maxResponseBytes: 64,
    issueThreads: { module: import.meta.url },
    issueQuery() {
      throw new Error('server_num_issue_query_threads leaves nothing to issue here');
    },
    flushQueries() {},
  };
  const settings = testSettings({
    scenario: 'Server',
    server_target_qps: 500,
    server_target_latency_ns: 500_000_000,
    server_num_issue_query_threads: 2,
    min_duration_ms: 1_500,
  });
  const { results, issueThreadDelays } = await startTest(
    sut,
    library,
    settings,
    logSettings(process.argv[2]),
  );

  console.log(`Server: ${results?.isValid === true ? 'VALID' : 'INVALID'}`);
  for (const [thread, { p50_ns }] of issueThreadDelays.entries())
    console.log(`thread ${thread}: half of its queries within ${p50_ns} ns of their due time`);
  process.exitCode = results?.isValid === true ? 0 : 1;
}
