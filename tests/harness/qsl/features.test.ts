import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../configs/errors.js';
import {
  makeFeatures,
  maxContextWindow,
  placeWindows,
  type Features,
} from '../../../harness/qsl/features.js';
import { readSquad } from '../../../harness/qsl/squad.js';
import { parseVocabulary, readVocabulary } from '../../../harness/qsl/vocabulary.js';

interface Golden {
  readonly feature_count: number;
  readonly all_input_ids_sha256: string;
  readonly lengths: readonly number[];
  readonly features: readonly {
    readonly qsl_idx: number;
    readonly input_ids: readonly number[];
    readonly segment_ids: readonly number[];
  }[];
}

const official = { maxSequenceLength: 384, docStride: 128, maxQueryLength: 64 };

function idsOf({ samples }: Features, sample: number): readonly number[] {
  return Array.from(samples.tokenIds.subarray(samples.offsets[sample], samples.offsets[sample + 1]));
}

describe('features of the default data set', () => {
  const golden = JSON.parse(readFileSync('data/models/minilm-qa/golden.json', 'utf8')) as Golden;
  let features: Features;
  beforeAll(async () => {
    const { questions } = await readSquad('data/squad/xquad.en.json');
    features = makeFeatures(questions, await readVocabulary('data/models/minilm-qa/vocab.txt'), official);
  });
  const all = () => Array.from({ length: features.samples.sampleCount }, (_unused, i) => idsOf(features, i));

  it('are 1,232, each of the length that the official code makes', () => {
    expect(features.samples.sampleCount).toBe(golden.feature_count);
    expect(all().map((ids) => ids.length)).toEqual(golden.lengths);
  });

  it('have the token ids of the official code, all of them', () => {
    const text = all()
      .map((ids) => ids.join(','))
      .join(',');
    expect(createHash('sha256').update(text).digest('hex')).toBe(golden.all_input_ids_sha256);
  });

  it('have the token ids and segments of the 21 golden features', () => {
    expect(golden.features).toHaveLength(21);
    for (const { qsl_idx, input_ids, segment_ids } of golden.features) {
      const ids = idsOf(features, qsl_idx);
      expect(ids).toEqual(input_ids);
      const segmentStart = features.samples.segmentStarts[qsl_idx]!;
      expect(ids.map((_id, position) => (position < segmentStart ? 0 : 1))).toEqual(segment_ids);
    }
  });

  it('show each passage token with most context in exactly one window', () => {
    const seen = new Map<string, number>();
    const { samples, questionIndices, characterStarts, characterEnds, isMaxContext } = features;
    for (let sample = 0; sample < samples.sampleCount; sample++) {
      for (let at = samples.offsets[sample]!; at < samples.offsets[sample + 1]!; at++) {
        if (characterStarts[at]! < 0) {
          expect(isMaxContext[at]).toBe(0);
          continue;
        }
        const token = `${questionIndices[sample]!} ${characterStarts[at]!} ${characterEnds[at]!}`;
        seen.set(token, (seen.get(token) ?? 0) + isMaxContext[at]!);
      }
    }
    expect([...seen.values()].every((count) => count === 1)).toBe(true);
  });

  it('lie in shared memory', () => {
    const { tokenIds, offsets, segmentStarts } = features.samples;
    for (const array of [tokenIds, offsets, segmentStarts]) {
      expect(array.buffer).toBeInstanceOf(SharedArrayBuffer);
    }
  });
});

describe('a sample', () => {
  const vocabulary = parseVocabulary(
    new TextEncoder().encode('[UNK]\n[CLS]\n[SEP]\na\nb\nc\nd\ne\nq\nr\ns\n'),
    'tiny',
  );
  const [UNK, CLS, SEP, a, b, c, d, e, q, r] = vocabulary.pieces.keys();
  const make = (question: string, context: string, lengths = official) =>
    makeFeatures([{ id: '1', question, context, answers: ['a'] }], vocabulary, lengths);

  it('is [CLS] question [SEP] passage [SEP], at its true length', () => {
    const features = make('Q R?', 'A b');
    expect(idsOf(features, 0)).toEqual([CLS, q, r, UNK, SEP, a, b, SEP]);
    expect(features.samples.segmentStarts[0]).toBe(5);
  });

  it('knows where its passage tokens stand in the text, and -1 elsewhere', () => {
    const { characterStarts, characterEnds } = make('q', ' a\u00a0 bb');
    expect([...characterStarts]).toEqual([-1, -1, -1, 1, 4, -1]);
    expect([...characterEnds]).toEqual([-1, -1, -1, 2, 6, -1]);
  });

  it('has its question cut to max_query_length', () => {
    const features = make('q r q r', 'a', { ...official, maxQueryLength: 3 });
    expect(idsOf(features, 0)).toEqual([CLS, q, r, q, SEP, a, SEP]);
  });

  it('is one of several windows where the passage is long', () => {
    const features = make('q', 'a b c d e', { maxSequenceLength: 7, docStride: 1, maxQueryLength: 1 });
    expect(idsOf(features, 0)).toEqual([CLS, q, SEP, a, b, c, SEP]);
    expect(idsOf(features, 1)).toEqual([CLS, q, SEP, b, c, d, SEP]);
    expect(idsOf(features, 2)).toEqual([CLS, q, SEP, c, d, e, SEP]);
    expect([...features.questionIndices]).toEqual([0, 0, 0]);
    // b is best in the first window (in its middle), c in the second, d in the third.
    const { offsets } = features.samples;
    const flags = [0, 1, 2].map((sample) =>
      [...features.isMaxContext.subarray(offsets[sample]! + 3, offsets[sample + 1]! - 1)].join(''),
    );
    expect(flags).toEqual(['110', '010', '011']);
  });

  it('does not exist for an empty passage', () => {
    expect(make('q', ' ').samples.sampleCount).toBe(0);
  });

  it.each([
    ['max_seq_length', { ...official, maxSequenceLength: 67 }, /max_seq_length must be at least 68.*got 67/u],
    ['doc_stride', { ...official, docStride: 0 }, /doc_stride must be at least 1, got 0/u],
  ])('cannot be made with an impossible %s', (_key, lengths, message) => {
    expect(() => make('q', 'a', lengths)).toThrow(ConfigError);
    expect(() => make('q', 'a', lengths)).toThrow(message);
  });
});

describe('windows', () => {
  it.each([
    ['one for a passage that fits', 10, [[0, 10]]],
    [
      'a stride apart, the last shorter',
      25,
      [
        [0, 10],
        [4, 10],
        [8, 10],
        [12, 10],
        [16, 9],
      ],
    ],
    ['none for no tokens', 0, []],
  ])('are %s', (_name, tokenCount, windows) => {
    expect(placeWindows(tokenCount, 10, 4).map(({ start, length }) => [start, length])).toEqual(windows);
  });

  it('move on by their own length where the stride is longer', () => {
    expect(placeWindows(7, 3, 100).map(({ start }) => start)).toEqual([0, 3, 6]);
  });

  it('give a tie of context to the longer window, then to the earlier one', () => {
    const equal = [
      { start: 0, length: 6 },
      { start: 3, length: 6 },
    ];
    // Token 4 has one neighbour on its short side in either window.
    expect(maxContextWindow(equal, 4)).toBe(0);
    expect(
      maxContextWindow(
        [
          { start: 0, length: 6 },
          { start: 3, length: 7 },
        ],
        4,
      ),
    ).toBe(1);
    expect(maxContextWindow(equal, 7)).toBe(1);
  });
});
