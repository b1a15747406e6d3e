// Hostile, truncated and contradictory checkpoints: each is refused by name, and none is run.

import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../configs/errors.js';
import { openCheckpoint } from '../../../engines/bert/checkpoint.js';
import { PickleError, readPickle } from '../../../engines/bert/weights/pickle.js';

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
