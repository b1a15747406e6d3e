import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, RunError, SetupError } from '../../../configs/errors.js';
import { accuracyText, scoreAccuracyLog } from '../../../harness/accuracy/score.js';
import { openQsl, type OpenQsl } from '../../../harness/qsl/open-qsl.js';

let qsl: OpenQsl;
beforeAll(async () => {
  qsl = await openQsl({
    dataFile: 'tests/fixtures/squad/small.json',
    vocabFile: 'data/models/minilm-qa/vocab.txt',
    cacheDir: mkdtempSync(join(tmpdir(), 'loadrig-score-')),
    maxSequenceLength: 384,
    docStride: 128,
    maxQueryLength: 64,
  });
});

let outDir: string;
let logFile: string;
beforeEach(() => {
  outDir = mkdtempSync(join(tmpdir(), 'loadrig-score-'));
  logFile = join(outDir, 'mlperf_log_accuracy.json');
});

/** float32[n, 2] that answers sample `sample` with the first occurrence of `text` in its context. */
function responseOf(sample: number, text: string): Uint8Array {
  const { samples, characterStarts, characterEnds, questionIndices } = qsl.features;
  const { context } = qsl.questions[questionIndices[sample]!]!;
  const start = context.indexOf(text);
  const from = samples.offsets[sample]!;
  const length = samples.offsets[sample + 1]! - from;
  const logits = new Float32Array(2 * length);
  for (let token = 0; token < length; token++) {
    if (characterStarts[from + token] === start) logits[2 * token] = 9;
    if (characterEnds[from + token] === start + text.length) logits[2 * token + 1] = 9;
  }
  return new Uint8Array(logits.buffer);
}

function writeLog(answers: Readonly<Record<number, string>>): void {
  const lines = Object.entries(answers).map(([sample, text], i) => {
    const data = Buffer.from(responseOf(Number(sample), text))
      .toString('hex')
      .toUpperCase();
    return `{ "seq_id" : ${i}, "qsl_idx" : ${sample}, "data" : "${data}" }`;
  });
  writeFileSync(logFile, `[\n${lines.join(',\n')}\n]\n`);
}

const right = { 0: '1874', 1: 'Ada Quill', 2: 'smoked herring', 3: 'Ilo Brandt', 4: 'the tide' };

describe('scoring an accuracy log', () => {
  it('gives F1 and EM and writes accuracy.txt in the official form, with the hash of the whole log', async () => {
    writeLog(right);
    const hash = createHash('sha256').update(readFileSync(logFile)).digest('hex');
    expect(await scoreAccuracyLog({ logFile, qsl, outDir })).toEqual({
      exact_match: 100,
      f1: 100,
      passed: true,
      question_count: 5,
      missing_sample_count: 0,
      log_sha256: hash,
      changed: [],
    });
    expect(readFileSync(join(outDir, 'accuracy.txt'), 'utf8')).toBe(
      `{"exact_match": 100.0, "f1": 100.0}\nhash=${hash}\n`,
    );
  });

  it('writes the answer of every question in the order of the data, ids like integers too', async () => {
    writeLog(right);
    await scoreAccuracyLog({ logFile, qsl, outDir });
    const text = readFileSync(join(outDir, 'predictions.json'), 'utf8');
    expect(text).toBe(
      [
        '{',
        '    "harbour-opened": "1874",',
        '    "lighthouse-builder": "Ada Quill",',
        '    "7": "smoked herring",',
        '    "clock-owner": "Ilo Brandt",',
        '    "3": "the tide"',
        '}',
        '',
      ].join('\n'),
    );
  });

  it('counts samples that were never logged, whose questions then score nothing', async () => {
    writeLog({ 0: '1874', 3: 'Ilo Brandt' });
    const result = await scoreAccuracyLog({ logFile, qsl, outDir });
    expect(result).toMatchObject({ exact_match: 40, f1: 40, missing_sample_count: 3, question_count: 5 });
  });

  it('replaces the files of an earlier score and leaves nothing else behind', async () => {
    writeFileSync(join(outDir, 'accuracy.txt'), '{"exact_match": 1.0, "f1": 1.0}\n');
    writeLog(right);
    await scoreAccuracyLog({ logFile, qsl, outDir });
    expect(readFileSync(join(outDir, 'accuracy.txt'), 'utf8').match(/exact_match/gu)).toHaveLength(1);
    expect(readdirSync(outDir).sort()).toEqual([
      'accuracy.txt',
      'mlperf_log_accuracy.json',
      'predictions.json',
    ]);
  });

  it.each([
    [100, true],
    [100.0000001, false],
  ])('against a threshold of %d passes: %s', async (threshold, passed) => {
    writeLog(right);
    expect(await scoreAccuracyLog({ logFile, qsl, outDir, threshold })).toMatchObject({ threshold, passed });
  });

  it('lists the questions whose answers differ from the reference predictions', async () => {
    writeLog({ ...right, 1: 'Quill', 3: 'clock' });
    const referencePredictions = join(outDir, 'reference.json');
    writeFileSync(
      referencePredictions,
      JSON.stringify({
        ...Object.fromEntries(qsl.questions.map(({ id, answers }) => [id, answers[0]])),
        3: 'tide',
      }),
    );
    const { changed } = await scoreAccuracyLog({ logFile, qsl, outDir, referencePredictions });
    expect(changed).toEqual([
      {
        id: 'lighthouse-builder',
        question: 'Who built the lighthouse?',
        reference: 'Ada Quill',
        got: 'Quill',
        reference_is_correct: true,
        got_is_correct: true,
      },
      {
        id: 'clock-owner',
        question: 'Whose clock has two faces?',
        reference: 'Ilo Brandt',
        got: 'clock',
        reference_is_correct: true,
        got_is_correct: false,
      },
      {
        id: '3',
        question: 'What does the smaller face show?',
        reference: 'tide',
        got: 'the tide',
        reference_is_correct: true,
        got_is_correct: true,
      },
    ]);
  });
});

describe('an accuracy log that cannot be scored', () => {
  it('because it is damaged is a run error, and no result is written', async () => {
    writeLog(right);
    writeFileSync(logFile, readFileSync(logFile).subarray(0, 900));
    await expect(scoreAccuracyLog({ logFile, qsl, outDir })).rejects.toThrow(RunError);
    expect(readdirSync(outDir)).toEqual(['mlperf_log_accuracy.json']);
  });

  it('because a response has an impossible size is a run error that names the sample', async () => {
    writeFileSync(logFile, '[{ "seq_id" : 0, "qsl_idx" : 2, "data" : "00" }]');
    await expect(scoreAccuracyLog({ logFile, qsl, outDir })).rejects.toThrow(/sample 2: .*1 bytes/u);
  });

  it('because the reference predictions are something else is a config error', async () => {
    writeLog(right);
    const referencePredictions = 'data/models/minilm-qa/golden.json';
    await expect(scoreAccuracyLog({ logFile, qsl, outDir, referencePredictions })).rejects.toThrow(
      ConfigError,
    );
  });

  it('because its results cannot be written is a setup error', async () => {
    writeLog(right);
    mkdirSync(join(outDir, 'accuracy.txt'));
    await expect(scoreAccuracyLog({ logFile, qsl, outDir })).rejects.toThrow(SetupError);
  });
});

describe('accuracy.txt', () => {
  it('prints numbers as Python does', () => {
    const score = { exact_match: 57.05882352941177, f1: 0, unanswered_count: 0 };
    expect(accuracyText(score, 'abc')).toBe('{"exact_match": 57.05882352941177, "f1": 0.0}\nhash=abc\n');
  });
});
