// What a safetensors file may claim, and what is refused by name.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, SetupError } from '../../../configs/errors.js';
import { openSafetensors } from '../../../engines/bert/safetensors.js';
import { temporaryFolder } from '../../built.js';

const folder = temporaryFolder();
let files = 0;

/** A file with this header and as many data bytes 0, 1, 2 …; `headerBytes` overrides the length it claims. */
function fileWith(header: unknown, dataBytes: number, headerBytes?: bigint): string {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerBytes ?? BigInt(text.length));
  const path = join(folder, `${files++}.safetensors`);
  writeFileSync(
    path,
    Buffer.concat([length, text, Uint8Array.from({ length: dataBytes }, (_unused, i) => i)]),
  );
  return path;
}

const tensor = (dtype: string, shape: readonly number[], from: number, to: number): object => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

describe('a safetensors file', () => {
  it('gives each tensor exactly its own bytes, in whatever order the header names them', () => {
    const path = fileWith(
      { __metadata__: { format: 'pt' }, late: tensor('I8', [3], 4, 7), early: tensor('F32', [1], 0, 4) },
      7,
    );
    using file = openSafetensors(path);
    expect([...file.tensors.keys()].sort()).toEqual(['early', 'late']);
    expect([...file.read('late')]).toEqual([4, 5, 6]);
    expect([...file.read('early')]).toEqual([0, 1, 2, 3]);
    expect(() => file.read('none')).toThrow(/no tensor "none"/);
  });

  it.each([
    [
      'with a header longer than the file',
      () => fileWith({}, 0, 1000n),
      /claims 1000 bytes, the file has 10/,
    ],
    ['with an absurd header length', () => fileWith({}, 0, 2n ** 63n), /claims 9223372036854775808 bytes/],
    ['with a header that is not JSON', () => fileWith('{"a":', 4), /not JSON/],
    ['with a header that is null', () => fileWith(null, 4), /its header is wrong/],
    ['with a header that is a list', () => fileWith([], 4), /its header is wrong/],
    ['with an unknown type', () => fileWith({ a: tensor('F4', [1], 0, 4) }, 4), /"F32"[\s\S]*→ at a\.dtype/],
    ['with a negative offset', () => fileWith({ a: tensor('F32', [1], -4, 0) }, 4), /data_offsets/],
    ['with offsets that do not fit the shape', () => fileWith({ a: tensor('F32', [2], 0, 4) }, 8), /wants 8/],
    ['with offsets the wrong way round', () => fileWith({ a: tensor('F32', [1], 4, 0) }, 8), /has -4 bytes/],
    [
      'with a tensor behind its end',
      () => fileWith({ a: tensor('F32', [2], 0, 8) }, 5),
      /"a" ends 3 bytes behind the end of the file/,
    ],
    [
      'with tensors that overlap',
      () => fileWith({ a: tensor('I8', [6], 0, 6), b: tensor('I8', [4], 4, 8) }, 8),
      /"b" overlaps "a" by 2 bytes/,
    ],
  ])('%s is refused', (_name, make, reason) => {
    const path = make();
    expect(() => openSafetensors(path)).toThrow(ConfigError);
    expect(() => openSafetensors(path)).toThrow(reason);
  });

  it('too short for a header says how short', () => {
    const path = join(folder, 'short.safetensors');
    writeFileSync(path, '12345');
    expect(() => openSafetensors(path)).toThrow(/has 5 bytes, too few/);
  });

  it('that lost all its tensors names five of them and counts the rest', () => {
    const header = Object.fromEntries(
      Array.from({ length: 12 }, (_unused, i) => [`t${i}`, tensor('I8', [1], i, i + 1)]),
    );
    expect(() => openSafetensors(fileWith(header, 0))).toThrow(/"t4" ends[^;]*; 7 more like these/);
  });

  it('that is a folder or not there is a setup error', () => {
    mkdirSync(join(folder, 'folder'));
    expect(() => openSafetensors(join(folder, 'folder'))).toThrow(SetupError);
    expect(() => openSafetensors(join(folder, 'none'))).toThrow(SetupError);
  });
});
