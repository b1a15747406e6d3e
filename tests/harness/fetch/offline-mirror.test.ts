// A folder in place of the network: where a file of an address is looked for, and that nothing outside is.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SetupError } from '../../../configs/errors.js';
import { findInMirror, mirrorPlaces } from '../../../harness/fetch/offline-mirror.js';

let mirror = '';
beforeEach(() => {
  mirror = mkdtempSync(join(tmpdir(), 'loadrig-mirror-'));
});
afterEach(() => rmSync(mirror, { recursive: true }));

const url = 'https://example.org:8443/a%20b/model.onnx';

test('places, the most exact first', () => {
  expect(mirrorPlaces(url, 'model.onnx', 'mlperf-onnx')).toEqual([
    'mlperf-onnx/model.onnx',
    'example.org_8443/a b/model.onnx',
    'a b/model.onnx',
    'model.onnx',
  ]);
  expect(mirrorPlaces(url, 'vocab.txt', 'mlperf-onnx')).not.toContain('vocab.txt'); // could be any preset's
  expect(mirrorPlaces(url, 'model.onnx', undefined)).toEqual([
    'example.org_8443/a b/model.onnx',
    'a b/model.onnx',
  ]);
});

test.each([
  ['mlperf-onnx/model.onnx'],
  ['example.org_8443/a b/model.onnx'],
  ['a b/model.onnx'],
  ['model.onnx'],
])('a file at %s is found', (place) => {
  mkdirSync(dirname(join(mirror, place)), { recursive: true });
  writeFileSync(join(mirror, place), 'x');
  expect(findInMirror(mirror, url, 'model.onnx', 'mlperf-onnx')).toBe(join(mirror, place));
});

test('a file that is not there is an error with every place', () => {
  mkdirSync(join(mirror, 'model.onnx')); // a folder is no file
  expect(() => findInMirror(mirror, url, 'model.onnx', 'mlperf-onnx')).toThrow(SetupError);
  expect(() => findInMirror(mirror, url, 'model.onnx', 'mlperf-onnx')).toThrow(
    `${join(mirror, 'example.org_8443/a b/model.onnx')}\n`,
  );
});

test.each(['https://example.org/%2e%2e/%2e%2e/secret', 'https://example.org/..%2f..%2fsecret'])(
  'no address leads out of the mirror: %s',
  (address) => {
    for (const place of mirrorPlaces(address, 'file', undefined)) {
      expect(join('/mirror', place).startsWith('/mirror/')).toBe(true);
    }
    writeFileSync(join(dirname(mirror), 'secret'), 'x');
    expect(() => findInMirror(mirror, address, 'file', undefined)).toThrow('is not in the mirror');
    rmSync(join(dirname(mirror), 'secret'));
  },
);
