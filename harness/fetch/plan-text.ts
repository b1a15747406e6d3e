// What is said before anything is loaded, and the table of presets.

import type { Table } from '../list/tables.js';
import type { FetchPlan } from './fetch-files.js';
import { presets, type ExpectedContent, type Preset } from './presets.js';
import { syntheticNames } from './choose-preset.js';
import type { FetchItem } from './sources.js';
import { megabytes } from './transfer-progress.js';

/** Every address with its size and hash, the licence, and where it goes. */
export function describePlan({ preset, items, target }: FetchPlan, offline: string | undefined): string {
  const found = presets.find(({ name }) => name === preset);
  const lines = [
    ...(found === undefined ? [] : [`${found.name}: ${found.summary}`]),
    ...items.map((item) => `  ${describeItem(item)}`),
    ...(offline === undefined ? [] : [`  from the mirror ${offline}; no network`]),
    ...(found === undefined ? [] : [`  licence: ${found.licence}`]),
    ...(found === undefined && items.some(({ source }) => source.kind === 'url')
      ? ['  licence: not known here; see where it comes from']
      : []),
    `  to: ${target}`,
  ];
  return `${lines.join('\n')}\n`;
}

function describeItem({ source, expected, isArchive }: FetchItem): string {
  const notes = [
    ...(source.kind === 'url' ? [sizeOf(expected), hashOf(expected)] : []),
    ...(isArchive === true ? ['unpacked'] : []),
  ];
  const place = source.kind === 'url' ? source.url : source.path;
  return notes.length === 0 ? place : `${place}  (${notes.join('; ')})`;
}

const sizeOf = ({ bytes }: ExpectedContent): string =>
  bytes === undefined ? 'no published size' : `${bytes} bytes`;

function hashOf({ sha256, md5 }: ExpectedContent): string {
  if (sha256 !== undefined) return `SHA-256 ${sha256}`;
  return md5 === undefined ? 'no published hash' : `MD5 ${md5}`;
}

/** One row a preset. */
export function presetRows(): Table {
  return [
    ...presets.map((preset) => ({
      preset: preset.name,
      'size [MB]': totalSize(preset),
      hashes: hashesOf(preset),
      what: preset.summary,
    })),
    ...syntheticNames.map((name) => ({
      preset: name,
      'size [MB]': '',
      hashes: '',
      what: 'random weights made here from --seed, for speed work; never scored',
    })),
  ];
}

function totalSize({ files }: Preset): string {
  const sizes = files.map(({ bytes }) => bytes);
  return sizes.includes(undefined)
    ? 'unknown'
    : megabytes(sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0));
}

function hashesOf({ files }: Preset): string {
  const known = files.filter(({ sha256, md5 }) => sha256 !== undefined || md5 !== undefined).length;
  return known === 0 ? 'none' : known === files.length ? 'all' : `${known} of ${files.length} files`;
}
