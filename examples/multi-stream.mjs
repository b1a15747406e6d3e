// MultiStream: eight samples a query, answered later on this thread's event loop. node examples/multi-stream.mjs [folder]
// @ts-check
import { setImmediate as later } from 'node:timers/promises';
import { logSettings, startTest, testSettings } from 'loadrig';
import { answer, library } from './library.mjs';

/** Stands for any call that is awaited: another process, a model server. @param {number} index */
async function ask(index) {
  await later();
  return answer(index);
}

/** @type {import('loadrig').SystemUnderTest} */
const sut = {
  name: 'longest word, awaited',
  completionPlace: 'event-loop',
  issueQuery(first, count, records) {
    for (let sample = first; sample < first + count; sample++) {
      // Never awaited here: issueQuery must return; each sample completes when its answer is there.
      void ask(records.sampleIndices[sample] ?? 0).then((response) =>
        records.completeSample(sample, response),
      );
    }
  },
  flushQueries() {},
};

const settings = testSettings({
  scenario: 'MultiStream',
  multi_stream_samples_per_query: 8,
  multi_stream_expected_latency_ns: 5_000,
  min_duration_ms: 300,
  min_query_count: 662, // what early stopping needs at 99 %
});

// Ctrl-C ends the run, not the program: the logs are complete up to then, and the result is INVALID.
const aborter = new AbortController();
process.once('SIGINT', () => aborter.abort());
const { results, interrupted } = await startTest(sut, library, settings, logSettings(process.argv[2]), {
  signal: aborter.signal,
});

console.log(
  `MultiStream: ${results?.isValid === true ? 'VALID' : 'INVALID'}${interrupted ? ' (interrupted)' : ''}`,
);
console.log(
  `99 % of ${results?.queryCount} queries of 8 took at most ${results?.targetPercentileLatencyNs} ns`,
);
process.exitCode = results?.isValid === true ? 0 : 1;
