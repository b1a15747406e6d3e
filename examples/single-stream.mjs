// SingleStream: one query after the other, answered on the spot. node examples/single-stream.mjs [folder for the logs]
// @ts-check
import { logSettings, startTest, testSettings } from 'loadrig';
import { answer, library } from './library.mjs';

/** @type {import('loadrig').SystemUnderTest} */
const sut = {
  name: 'longest word, at once',
  completionPlace: 'in-call',
  issueQuery(first, count, records) {
    for (let sample = first; sample < first + count; sample++) {
      records.completeSample(sample, answer(records.sampleIndices[sample] ?? 0));
    }
  },
  flushQueries() {},
};

const settings = testSettings({
  scenario: 'SingleStream',
  mode: 'PerformanceOnly',
  // LoadGen generates twice as many queries as fit at this latency, so it must not be too long.
  single_stream_expected_latency_ns: 2_000,
  min_duration_ms: 500,
  min_query_count: 700,
});
const { results, errors } = await startTest(sut, library, settings, logSettings(process.argv[2]));

console.log(`SingleStream: ${results?.isValid === true ? 'VALID' : 'INVALID'}`);
console.log(`90 % of ${results?.queryCount} queries took at most ${results?.targetPercentileLatencyNs} ns`);
for (const error of errors) console.error(error);
process.exitCode = results?.isValid === true ? 0 : 1;
