// Hostile, truncated and contradictory checkpoints: each is refused by name, and none is run.

import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
  openSync,
  closeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../configs/errors.js';
import { openCheckpoint } from '../../../engines/bert/checkpoint.js';
import { PickleError, readPickle } from '../../../engines/bert/weights/pickle.js';
import { zipOf, type ZipEntry } from '../../harness/fetch/archives.js';

function copyOf(model: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-test-'));
  cpSync(join('tests/fixtures/checkpoints', model), folder, { recursive: true });
  return folder;
}

/** Replaces text in a file by text of the same length, everywhere. */
function patch(path: string, from: string, to: string): void {
  expect(to).toHaveLength(from.length);
  const text = readFileSync(path, 'latin1');
  expect(text).toContain(from);
  writeFileSync(path, text.replaceAll(from, to), 'latin1');
}

const meaning = { call: () => null, persistent: () => null, checkGlobal: () => undefined };

describe('a damaged checkpoint', () => {
  it('whose pickle wants anything but tensors is refused by the name of it', () => {
    const folder = copyOf('pytorch');
    patch(join(folder, 'pytorch_model.bin'), 'collections\nOrderedDict', 'subprocess1\ncheck_outpu');
    expect(() => openCheckpoint(folder)).toThrow(ConfigError);
    expect(() => openCheckpoint(folder)).toThrow(/wants subprocess1\.check_outpu.*no code was run/);
  });

  it.each([
    ['pytorch', 'pytorch_model.bin', 20_000],
    ['tensorflow', 'model.ckpt-8144.index', 900],
    ['tensorflow', 'model.ckpt-8144.data-00000-of-00002', 9000],
    ['safetensors-sharded', 'model-00002-of-00002.safetensors', 9000],
  ])('%s, of which %s is cut off, is called incomplete', (model, file, bytes) => {
    const folder = copyOf(model);
    truncateSync(join(folder, file), bytes);
    expect(() => openCheckpoint(folder)).toThrow(ConfigError);
    expect(() => openCheckpoint(folder)).toThrow(/complete/);
  });

  it.each([
    ['safetensors-sharded', 'model-00002-of-00002.safetensors'],
    ['tensorflow', 'model.ckpt-8144.data-00001-of-00002'],
  ])('%s without a shard names it', (model, file) => {
    const folder = copyOf(model);
    rmSync(join(folder, file));
    expect(() => openCheckpoint(folder)).toThrow(new RegExp(`missing: .*${file}`));
  });
});

describe('a PyTorch file made to harm', () => {
  const witness = join(mkdtempSync(join(tmpdir(), 'loadrig-test-')), 'was-run');
  const command = `touch ${witness}`;
  const text = (value: string) => Buffer.concat([Buffer.from([0x8c, value.length]), Buffer.from(value)]);
  const bytes = (...parts: readonly (string | Buffer | readonly number[])[]) =>
    Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1')));

  /** A model folder whose pytorch_model.bin is a zip of these entries. */
  function folderOf(entries: readonly ZipEntry[]): string {
    const folder = copyOf('pytorch');
    writeFileSync(join(folder, 'pytorch_model.bin'), zipOf(entries));
    return folder;
  }
  const pickled = (pickle: Buffer): string =>
    folderOf([{ name: 'archive/data.pkl', content: pickle, isStored: true }]);
  const refusal = (folder: string): string => {
    try {
      openCheckpoint(folder)[Symbol.dispose]();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as Error).message;
    }
    throw new Error('it was opened');
  };

  it.each([
    ['by GLOBAL', bytes([0x80, 2], 'cposix\nsystem\n', text(command), [0x85, 0x52, 0x2e]), 'posix.system'],
    [
      'by STACK_GLOBAL',
      bytes([0x80, 4], text('builtins'), text('eval'), [0x93], text('1'), [0x85, 0x52, 0x2e]),
      'builtins.eval',
    ],
    ['by INST', bytes([0x80, 2, 0x28], text(command), 'iposix\nsystem\n.'), 'opcode 0x69'],
    ['by NEWOBJ', bytes([0x80, 2], 'ccollections\nOrderedDict\n', [0x29, 0x81, 0x2e]), 'opcode 0x81'],
    [
      'behind a list that looks like tensors',
      bytes(
        [0x80, 2, 0x7d],
        text('w'),
        'ctorch.storage\n_load_from_bytes\n',
        [0x43, 1, 0, 0x85, 0x52, 0x73, 0x2e],
      ),
      'torch.storage._load_from_bytes',
    ],
    [
      'as a method of a class that is allowed',
      bytes([0x80, 2], 'ccollections\nOrderedDict.fromkeys\n', text('a'), [0x85, 0x52, 0x2e]),
      'collections.OrderedDict.fromkeys',
    ],
  ])('calls nothing: %s', (_how, pickle, named) => {
    expect(refusal(pickled(pickle))).toContain(named);
    expect(existsSync(witness)).toBe(false);
  });

  it('a bomb of values is refused before it fills the memory', () => {
    expect(refusal(pickled(bytes([0x80, 2], Buffer.alloc(2_000_001, 0x4e), [0x2e])))).toContain(
      'more than 2000000 values on its stack',
    );
  });

  it('a bomb of compression is refused unread', () => {
    const message = refusal(folderOf([{ name: 'archive/data.pkl', content: Buffer.alloc(50 << 20, 0x4e) }]));
    expect(message).toContain('"archive/data.pkl" is compressed');
  });

  it('a description of more than 64 MiB is refused unread', () => {
    const holeBytes = (64 << 20) + 1;
    const content = Buffer.alloc(0);
    const zip = zipOf([{ name: 'a/data.pkl', content, isStored: true, claims: { bytes: holeBytes } }]);
    const directoryAt = zip.indexOf('PK\x01\x02', 0, 'latin1');
    zip.writeUInt32LE(holeBytes, directoryAt + 20);
    zip.writeUInt32LE(directoryAt + holeBytes, zip.length - 6);
    const folder = copyOf('pytorch');
    const descriptor = openSync(join(folder, 'pytorch_model.bin'), 'w'); // a hole on disk, not 64 MiB
    writeSync(descriptor, zip, 0, directoryAt, 0);
    writeSync(descriptor, zip, directoryAt, zip.length - directoryAt, directoryAt + holeBytes);
    closeSync(descriptor);
    expect(refusal(folder)).toContain(`data.pkl has ${holeBytes} bytes`);
  });

  const storage = (count: number) =>
    bytes([0x28], text('storage'), 'ctorch\nFloatStorage\n', text('0'), text('cpu'), [
      0x4a,
      count & 255,
      (count >> 8) & 255,
      (count >> 16) & 255,
      count >> 24,
      0x74,
      0x51,
    ]);
  const tensor = (count: number, offset: number, size: number, stride: number) =>
    bytes([0x80, 2, 0x7d], text('w'), 'ctorch._utils\n_rebuild_tensor_v2\n', [0x28], storage(count), [
      0x4b,
      offset,
      0x4b,
      size,
      0x85,
      0x4b,
      stride,
      0x85,
      0x89,
      0x4e,
      0x74,
      0x52,
      0x73,
      0x2e,
    ]);
  it.each([
    [
      'claims more elements than its storage has',
      tensor(1000, 0, 4, 1),
      /claims 1000 elements of 4 bytes, its entry has 16/,
    ],
    ['begins behind its storage', tensor(4, 4, 1, 1), /reaches beyond its storage of 4 elements/],
    ['is larger than its storage', tensor(4, 0, 5, 0), /reaches beyond its storage/],
    ['strides out of its storage', tensor(4, 0, 2, 4), /reaches beyond its storage/],
    ['has a negative count', tensor(-1, 0, 1, 1), /wrong number of elements/],
  ])('a tensor that %s is refused', (_what, pickle, reason) => {
    const message = refusal(
      folderOf([
        { name: 'a/data.pkl', content: pickle, isStored: true },
        { name: 'a/data/0', content: Buffer.alloc(16), isStored: true },
      ]),
    );
    expect(message).toMatch(reason);
  });
});

describe('a pickle', () => {
  it.each([
    ['that ends too early', [0x80, 2, 0x58, 255, 255, 255, 127], /ends at byte/],
    ['with an opcode for objects', [0x80, 2, 0x81], /opcode 0x81 at byte 2 is not allowed/],
    ['that recalls what it never remembered', [0x68, 9, 0x2e], /recalls value 9/],
    ['that calls a value', [0x4e, 0x29, 0x52, 0x2e], /calls what is no function/],
    ['with a huge whole number', [0x8a, 255], /whole number of 255 bytes/],
    ['that takes from an empty stack', [0x2e], /takes a value where there is none/],
  ])('%s is refused', (_what, bytes, reason) => {
    const read = (): unknown => readPickle(Uint8Array.from(bytes), meaning);
    expect(read).toThrow(PickleError);
    expect(read).toThrow(reason);
  });
});
