// Features kept between calls: one file per combination of everything they depend on, checked before it is believed.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWholeFile } from '../write-file.js';
import { allocateFeatures, type Features, type SequenceLengths } from './features.js';

/** Everything that features depend on; hashes in lower-case hex. */
export interface FeatureKey extends SequenceLengths {
  readonly dataSha256: string;
  readonly vocabSha256: string;
  readonly tokenizerVersion: number;
}

export interface CachedFeatures {
  readonly features: Features;
  /** SHA-256 over all arrays of the features. */
  readonly sha256: string;
  readonly fromCache: boolean;
}

export interface CacheRequest {
  readonly cacheDir: string;
  readonly key: FeatureKey;
  /** Makes the features when the cache has none. */
  readonly make: () => Features;
  /** Lines for a person: why something is made anew, what could not be kept. */
  readonly report: (line: string) => void;
}

// The file: one line of JSON (the header), then the arrays as they lie in memory (little-endian), in arraysOf's order.
const headerSchema = z.strictObject({
  format: z.literal('loadrig features 1'),
  key: z.strictObject({
    dataSha256: z.string(),
    vocabSha256: z.string(),
    tokenizerVersion: z.int(),
    maxSequenceLength: z.int(),
    docStride: z.int(),
    maxQueryLength: z.int(),
  }),
  sampleCount: z.int().nonnegative(),
  tokenCount: z.int().nonnegative(),
  /** Of the arrays. */
  sha256: z.string(),
});

const NEW_LINE = 0x0a;

/** The features of `key` from their file, or made anew and kept. A cache that cannot be used is never an error. */
export function loadOrMakeFeatures({ cacheDir, key, make, report }: CacheRequest): CachedFeatures {
  const file = cacheFile(cacheDir, key);
  const found = readCache(file, key);
  if (found.state === 'good') return { ...found, fromCache: true };
  report(
    found.state === 'absent'
      ? `preprocessing the data set: no features in ${cacheDir} for this data, vocabulary and lengths yet`
      : `preprocessing the data set again: ${file} ${found.reason}`,
  );
  const features = make();
  const payload = payloadOf(features);
  const sha256 = sha256Of(payload);
  try {
    mkdirSync(cacheDir, { recursive: true });
    writeWholeFile(file, Buffer.concat([Buffer.from(headerText(key, features, sha256)), payload]));
  } catch (cause) {
    report(`the preprocessed features are not kept for the next run: ${messageOf(cause)}`);
  }
  return { features, sha256, fromCache: false };
}

/** Where the features of `key` are kept: named by the hash of all it holds. */
export function cacheFile(cacheDir: string, key: FeatureKey): string {
  return join(cacheDir, `${sha256Of(Buffer.from(keyText(key))).slice(0, 32)}.features`);
}

/** One spelling per key, whatever the order in which its object was written. */
function keyText(key: FeatureKey): string {
  const { dataSha256, vocabSha256, tokenizerVersion, maxSequenceLength, docStride, maxQueryLength } = key;
  return JSON.stringify([
    dataSha256,
    vocabSha256,
    tokenizerVersion,
    maxSequenceLength,
    docStride,
    maxQueryLength,
  ]);
}

function headerText(key: FeatureKey, { samples }: Features, sha256: string): string {
  const header: z.infer<typeof headerSchema> = {
    format: 'loadrig features 1',
    key: { ...key },
    sampleCount: samples.sampleCount,
    tokenCount: samples.tokenIds.length,
    sha256,
  };
  return `${JSON.stringify(header)}\n`;
}

type Found =
  | { readonly state: 'good'; readonly features: Features; readonly sha256: string }
  | { readonly state: 'absent' }
  | { readonly state: 'unusable'; readonly reason: string };

function readCache(file: string, key: FeatureKey): Found {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return { state: 'absent' };
    return { state: 'unusable', reason: `cannot be read (${messageOf(cause)})` };
  }
  const headerEnd = bytes.indexOf(NEW_LINE);
  const header = headerSchema.safeParse(jsonOf(bytes.subarray(0, Math.max(headerEnd, 0))));
  if (!header.success) return { state: 'unusable', reason: 'is damaged (its header cannot be read)' };
  const { sampleCount, tokenCount, sha256 } = header.data;
  if (keyText(header.data.key) !== keyText(key)) {
    return {
      state: 'unusable',
      reason: 'is stale (made from other data, vocabulary, lengths or tokenizer)',
    };
  }
  const payload = bytes.subarray(headerEnd + 1);
  if (sha256Of(payload) !== sha256) {
    return { state: 'unusable', reason: `is damaged (${payload.length} bytes with another checksum)` };
  }
  const features = allocateFeatures(sampleCount, tokenCount, key.maxSequenceLength);
  let at = 0;
  for (const target of arraysOf(features)) {
    target.set(payload.subarray(at, at + target.length));
    at += target.length;
  }
  return { state: 'good', features, sha256 };
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined; // the schema then refuses it
  }
}

/** The bytes of every array, in the order of the file. */
function arraysOf({
  samples,
  questionIndices,
  characterStarts,
  characterEnds,
  isMaxContext,
}: Features): readonly Uint8Array[] {
  const arrays = [
    samples.offsets,
    samples.segmentStarts,
    questionIndices,
    samples.tokenIds,
    characterStarts,
    characterEnds,
    isMaxContext,
  ];
  return arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
}

const payloadOf = (features: Features) => Buffer.concat(arraysOf(features));
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));
