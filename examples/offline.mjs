// Offline: one query of all samples, worked off in batches; settings from a user.conf, accuracy and speed in one log.
// node examples/offline.mjs [folder for the logs]
// @ts-check
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logSettings, settingsFromFiles, startTest, testSettings } from 'loadrig';
import { answer, library } from './library.mjs';

const BATCH = 32;

/** @type {import('loadrig').SystemUnderTest} */
const sut = {
  name: 'longest word, in batches',
  completionPlace: 'event-loop',
  issueQuery(first, count, records) {
    for (let from = first; from < first + count; from += BATCH) {
      setImmediate(() => {
        for (let sample = from; sample < Math.min(from + BATCH, first + count); sample++) {
          // Only logged responses are needed; in performance mode that is none of them.
          const isLogged = records.shared.isLogged[sample] === 1;
          const response = answer(records.sampleIndices[sample] ?? 0);
          records.completeSample(sample, isLogged ? response : undefined);
        }
      });
    }
  },
  flushQueries() {}, // a SUT that waits to fill its batches would run the last one here
};

// A user.conf as submitters write it, over the rules of a round; settings in code win over both.
const user_conf_path = join(mkdtempSync(join(tmpdir(), 'loadrig-example-')), 'user.conf');
writeFileSync(user_conf_path, '*.Offline.target_qps = 2000\nbert.Offline.min_query_count = 1000\n');
const { settings } = settingsFromFiles({ scenario: 'Offline', rules: 'v4.1', user_conf_path });
const { results, logFiles } = await startTest(
  sut,
  library,
  testSettings({ ...settings, mode: 'SubmissionRun', min_duration_ms: 0 }),
  logSettings(process.argv[2]),
);

/** @type {{ qsl_idx: number, data: string }[]} */
const logged = JSON.parse(readFileSync(logFiles.accuracy, 'utf8'));
const right = logged.filter(
  ({ qsl_idx, data }) => Buffer.from(answer(qsl_idx)).toString('hex').toUpperCase() === data,
);
console.log(
  `Offline: ${results?.isValid === true ? 'VALID' : 'INVALID'}, ${right.length} of ${logged.length} answers right`,
);
console.log(`${results?.samplesPerSecond.toFixed(0)} samples/s`);
process.exitCode = results?.isValid === true ? 0 : 1;
