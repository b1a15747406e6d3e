// Archives: right ones come out whole; hostile ones are refused by the name of the entry, and nothing is written elsewhere.

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../configs/errors.js';
import { unpackLimits, type UnpackLimits } from '../../../harness/fetch/entry-rules.js';
import { filesBelow } from '../../../harness/fetch/manifest.js';
import { isArchiveName, unpackArchive } from '../../../harness/fetch/unpack.js';
import { tarOf, tgzOf, zipOf, type TarEntry } from './archives.js';

let root = '';
let into = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'loadrig-unpack-'));
  into = join(root, 'in', 'to');
  mkdirSync(into, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

async function unpack(archive: Buffer, limits?: UnpackLimits): Promise<void> {
  const path = join(root, 'archive');
  writeFileSync(path, archive);
  await unpackArchive(path, into, limits);
}

/** The message of the ConfigError; nothing may lie outside the target then. */
async function refusal(archive: Buffer, limits?: UnpackLimits): Promise<string> {
  const error: unknown = await unpack(archive, limits).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect(readdirSync(root).sort()).toEqual(['archive', 'in']);
  expect(readdirSync(join(root, 'in'))).toEqual(['to']);
  return (error as Error).message;
}

const big = Buffer.alloc(3_000_000, 'weights ');
const model: readonly TarEntry[] = [
  { name: 'config.json', content: '{}' },
  { name: 'parts/', type: '5' },
  { name: 'parts/model.bin', content: big },
];

describe.each([
  ['zip', (entries: readonly TarEntry[]) => zipOf(entries)],
  ['tar', (entries: readonly TarEntry[]) => tarOf(entries)],
  ['tar.gz', (entries: readonly TarEntry[]) => tgzOf(entries)],
] as const)('%s', (_, archiveOf) => {
  test('files come out byte for byte, folders included', async () => {
    await unpack(archiveOf(model));
    expect(filesBelow(into)).toEqual(['config.json', 'parts/model.bin']);
    expect(readFileSync(join(into, 'parts/model.bin')).equals(big)).toBe(true);
  });

  test('one folder around everything is left out of the names, even where it holds one of its own name', async () => {
    await unpack(
      archiveOf([
        { name: 'bert/bert/bert', content: 'x' },
        { name: 'bert/vocab.txt', content: 'y' },
      ]),
    );
    expect(filesBelow(into)).toEqual(['bert/bert', 'vocab.txt']);
    rmSync(into, { recursive: true });
    mkdirSync(into);
    await unpack(archiveOf([{ name: 'bert/bert/bert', content: 'x' }]));
    expect(filesBelow(into)).toEqual(['bert']);
  });

  test.each([
    ['../escaped', 'leads out of the target'],
    ['a/../../escaped', 'leads out of the target'],
    ['/tmp/loadrig-escaped', 'absolute path'],
    ['C:/escaped', 'absolute path'],
    ['..\\escaped', 'backslash'],
    ['a\u0001b', 'control character'],
  ])('the name %j is refused', async (name, why) => {
    const message = await refusal(
      archiveOf([
        { name: 'config.json', content: '{}' },
        { name, content: 'x' },
      ]),
    );
    expect(message).toContain(JSON.stringify(name));
    expect(message).toContain(why);
  });

  test.each([
    [['vocab.txt', 'vocab.txt']],
    [['vocab.txt', 'VOCAB.txt']],
    [['vocab.txt', './vocab.txt']],
    [['caf\u00e9', 'cafe\u0301']],
  ])('a file given twice (%j) is refused: one would hide the other', async (names) => {
    const message = await refusal(archiveOf(names.map((name) => ({ name, content: 'x' }))));
    expect(message).toContain('is there twice');
  });

  test('a file and a folder of one name are refused', async () => {
    expect(
      await refusal(
        archiveOf([
          { name: 'a', content: 'x' },
          { name: 'a/b', content: 'y' },
        ]),
      ),
    ).toContain('lies below "a", which is a file');
    rmSync(into, { recursive: true });
    mkdirSync(into);
    expect(
      await refusal(
        archiveOf([
          { name: 'a/b', content: 'y' },
          { name: 'a', content: 'x' },
        ]),
      ),
    ).toContain('is there twice');
  });

  test('more than the ceiling is refused by what the headers say', async () => {
    const message = await refusal(archiveOf(model), { ...unpackLimits, mostBytes: 1_000_000 });
    expect(message).toContain('"parts/model.bin" brings the files to 3000002 bytes');
  });

  test('more entries than allowed are refused', async () => {
    const entries = Array.from({ length: 20 }, (__, i) => ({ name: `${i}`, content: 'x' }));
    expect(await refusal(archiveOf(entries), { ...unpackLimits, mostEntries: 19 })).toContain(
      'one of more than 19 entries',
    );
  });

  test('an archive cut short is refused', async () => {
    const whole = archiveOf([
      { name: 'model.bin', content: Buffer.from(Array.from({ length: 9000 }, (__, i) => (i * i) % 251)) },
    ]);
    expect(await refusal(whole.subarray(0, whole.length * 0.4))).toContain('Load it again');
  });
});

test.each([
  ['1', 'a hard link'],
  ['2', 'a symbolic link'],
  ['3', 'a character device'],
  ['4', 'a block device'],
  ['6', 'a pipe'],
])('tar: type %s is refused as %s', async (type, what) => {
  const link = what.endsWith('link') ? '../../etc/passwd' : '';
  const message = await refusal(tarOf([{ name: 'vocab.txt', type, link }]));
  expect(message).toContain(`"vocab.txt" is ${what}`);
});

test.each([
  [0o120777, 'a symbolic link'],
  [0o020644, 'a character device'],
  [0o140644, 'a socket'],
])('zip: mode %o is refused as %s', async (mode, what) => {
  expect(await refusal(zipOf([{ name: 'vocab.txt', content: '../../etc/passwd', mode }]))).toContain(
    `"vocab.txt" is ${what}`,
  );
});

test('a bomb of zip, honest in its headers, is refused before a byte is written', async () => {
  const bomb = zipOf([{ name: 'zeros', content: Buffer.alloc(100 * 2 ** 20) }]);
  expect(await refusal(bomb)).toMatch(
    /"zeros" brings the files to 104857600 bytes; from an archive of \d+ at most/,
  );
  expect(readdirSync(into)).toEqual([]);
});

test('a bomb of gzip is refused', async () => {
  const limits = { ...unpackLimits, alwaysBytes: 1000 };
  const bomb = gzipSync(tarOf([{ name: 'zeros', content: Buffer.alloc(2 ** 20) }]));
  expect(await refusal(bomb, limits)).toContain('"zeros" brings the files to');
});

test.each([
  ['less', 10],
  ['more', 5_000_000],
])('a zip entry that holds other than it says (%s) is refused', async (_, bytes) => {
  const archive = zipOf([{ name: 'model.bin', content: big, claims: { bytes } }]);
  expect(await refusal(archive)).toMatch(/bytes/);
});

test('a tar entry that says more than the archive holds is refused', async () => {
  await refusal(tarOf([{ name: 'model.bin', content: 'abc', claimsBytes: 100_000 }]));
});

test('a damaged zip entry is found by its checksum', async () => {
  expect(await refusal(zipOf([{ name: 'model.bin', content: 'abc', claims: { crc32: 1 } }]))).toContain(
    '"model.bin" is damaged (CRC-32 352441c2, not 00000001)',
  );
});

test('an encrypted zip entry is refused with what to do', async () => {
  expect(await refusal(zipOf([{ name: 'model.bin', content: 'abc', claims: { flags: 1 } }]))).toContain(
    '"model.bin" is encrypted; unpack it by hand',
  );
});

test('what is no archive is said so, whatever its name', async () => {
  expect(await refusal(Buffer.from('<html>please log in</html>'))).toContain(
    'neither a zip nor a tar archive',
  );
});

test('archives are known by name; kinds that are not read say what is', () => {
  expect(['a.zip', 'a.tar', 'a.tar.gz', 'a.TGZ'].map(isArchiveName)).toEqual([true, true, true, true]);
  expect(['model.bin', 'vocab.txt', 'zip'].map(isArchiveName)).toEqual([false, false, false]);
  for (const name of ['a.tar.zst', 'a.7z', 'a.tar.xz', 'a.rar', 'weights.gz']) {
    expect(() => isArchiveName(name)).toThrow('archives are read as .zip, .tar, .tar.gz or .tgz');
  }
});
