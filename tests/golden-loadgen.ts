// Reads the golden vectors of the official LoadGen. Tests take the cases from the files by name, so that other vectors
// of the same form can be laid over them.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { testSettings, type TestSettings } from '../configs/test-settings.js';

const folder = new URL('./golden/loadgen/', import.meta.url);

/** The parsed content of tests/golden/loadgen/<name>; its form is the caller's to know. */
export function readGolden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as T;
}

/** Names of the golden files that match. */
export function goldenFiles(pattern: RegExp): readonly string[] {
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort();
}

/** Settings as the golden files write them: only what was given; uint64 as text, booleans as 0 and 1. */
export type GoldenSettings = Readonly<Record<string, number | string | boolean>>;

/** LoadGen's own settings object: unlike a person's input it may hold anything, so the schema is not asked. */
export function goldenTestSettings(given: GoldenSettings): TestSettings {
  const defaults = testSettings();
  const entries = Object.entries(given).map(([key, value]) => {
    const like = defaults[key as keyof TestSettings];
    if (typeof like === 'bigint') return [key, BigInt(value)];
    if (typeof like === 'boolean') return [key, Boolean(Number(value))];
    return [key, typeof like === 'number' ? Number(value) : value];
  });
  return { ...defaults, ...(Object.fromEntries(entries) as Partial<TestSettings>) };
}

/** SHA-256 over decimal numbers joined by commas, as the golden files hash long lists. */
export function sha256OfNumbers(numbers: ArrayLike<number>): string {
  return createHash('sha256').update(Array.from(numbers).join(',')).digest('hex');
}
