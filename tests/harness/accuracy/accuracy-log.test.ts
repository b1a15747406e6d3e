import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunError, SetupError } from '../../../configs/errors.js';
import { decodeLogits, readAccuracyLog } from '../../../harness/accuracy/accuracy-log.js';
import { createRecordScanner } from '../../../harness/accuracy/record-scanner.js';
import { createAccuracyLog } from '../../../scenarios/logs/accuracy.js';
import { openLogFile } from '../../../scenarios/logs/log-file.js';

const folder = mkdtempSync(join(tmpdir(), 'loadrig-accuracy-'));
let fileCount = 0;
function fileOf(text: string): string {
  const file = join(folder, `log-${++fileCount}.json`);
  writeFileSync(file, text);
  return file;
}

describe('an accuracy log', () => {
  it('that we wrote ourselves reads back, byte by byte', async () => {
    const path = join(folder, 'own.json');
    const file = openLogFile(path);
    const log = createAccuracyLog(file);
    log.write(7, 2, Uint8Array.of(0x00, 0xff, 0x1a));
    log.write(8, 0, new Uint8Array(3072).fill(0xab));
    log.end();
    file.close();
    const { responses, recordCount } = await readAccuracyLog(path, 3);
    expect(recordCount).toBe(2);
    expect(responses.map((response) => response && [...response.slice(0, 4)])).toEqual([
      [0xab, 0xab, 0xab, 0xab],
      undefined,
      [0x00, 0xff, 0x1a],
    ]);
  });

  it.each([
    ['on one line', '[{"seq_id":0,"qsl_idx":1,"data":"0a"},{"qsl_idx":0,"data":"0B","seq_id":1}]'],
    [
      'spread over lines',
      '\n[\n {\n "seq_id": 0,\n "qsl_idx": 1,\n "data": "0A"\n },\n {"seq_id":1,"qsl_idx":0,"data":"0b"}\n]',
    ],
    [
      'with further keys, braces in texts and escapes',
      '[{"note":"} \\" {","more":{"x":{}},"seq_id":0,"qsl_idx":1,"data":"0a"},{"seq_id":1,"qsl_idx":0,"data":"0b"}]',
    ],
  ])('may be any JSON list of its records: %s', async (_form, text) => {
    const { responses } = await readAccuracyLog(fileOf(text), 2);
    expect(responses.map((response) => response?.[0])).toEqual([0x0b, 0x0a]);
  });

  it('has the last response of a sample that was logged twice', async () => {
    const text =
      '[{"seq_id":0,"qsl_idx":0,"data":"01"},{"seq_id":1,"qsl_idx":0,"data":"02"},{"seq_id":2,"qsl_idx":1,"data":"03"}]';
    const { responses, recordCount } = await readAccuracyLog(fileOf(text), 2);
    expect(responses.map((response) => response?.[0])).toEqual([2, 3]);
    expect(recordCount).toBe(3);
  });

  it('of a performance run is an empty list', async () => {
    const { responses, sha256 } = await readAccuracyLog(fileOf('[\n]\n'), 1);
    expect(responses).toEqual([undefined]);
    expect(sha256).toBe(createHash('sha256').update('[\n]\n').digest('hex'));
  });

  it('that is larger than any read is read whole, with the hash of the whole', async () => {
    const line = (i: number) =>
      `{ "seq_id" : ${i}, "qsl_idx" : ${i}, "data" : "${'0123456789ABCDEF'.repeat(384)}" }`;
    const text = `[\n${Array.from({ length: 500 }, (_unused, i) => line(i)).join(',\n')}\n]\n`;
    const { responses, sha256 } = await readAccuracyLog(fileOf(text), 500);
    expect(responses.every((response) => response?.length === 3072)).toBe(true);
    expect(sha256).toBe(createHash('sha256').update(text).digest('hex'));
  });
});

describe('a damaged accuracy log', () => {
  const good = '{ "seq_id" : 0, "qsl_idx" : 0, "data" : "00" }';
  it.each([
    ['ends inside a record', `[\n${good},\n{ "seq_id" : 1, "qs`, /:3: .*ends in the middle of this record/u],
    ['ends between records', `[\n${good},\n`, /:3: .*ends here, but a record after ","/u],
    ['is not closed', `[\n${good}\n`, /:3: .*ends here, but "," or "\]"/u],
    ['is empty', '', /:1: .*the "\[" that opens the list/u],
    ['is no list', '{"a": 1}', /:1: .*"\[" that opens the list is wanted, got "\{"/u],
    ['lacks a comma', `[\n${good}\n${good}\n]`, /:3: .*"," or "\]" after a record is wanted, got "\{"/u],
    ['goes on after its end', `[\n${good}\n]\n]`, /:4: .*nothing after the closing/u],
    ['has a record that is not JSON', `[\n${good},\n{ "seq_id" : }\n]`, /:3: .*not JSON/u],
    ['lacks a key', '[\n{ "seq_id" : 0, "data" : "00" }\n]', /:2: .*qsl_idx/u],
    ['has half a byte', '[\n{ "seq_id" : 0, "qsl_idx" : 0, "data" : "000" }]', /:2: .*hexadecimal/u],
    ['has other letters', '[\n{ "seq_id" : 0, "qsl_idx" : 0, "data" : "0G" }]', /:2: .*hexadecimal/u],
    [
      'names an unknown sample',
      `[\n${good.replace('"qsl_idx" : 0', '"qsl_idx" : 9')}]`,
      /:2: .*qsl_idx 9 .*0 … 1/u,
    ],
  ])('that %s is a run error with its line', async (_name, text, message) => {
    const reading = () => readAccuracyLog(fileOf(text), 2);
    await expect(reading()).rejects.toThrow(RunError);
    await expect(reading()).rejects.toThrow(message);
  });

  it('that is not there is a setup error', async () => {
    await expect(readAccuracyLog(join(folder, 'none.json'), 1)).rejects.toThrow(SetupError);
  });
});

describe('the record scanner', () => {
  it('finds the same records however the file is cut into chunks', () => {
    const text = '[\n{"a":"}\\\\"},\n{"é":{"b":[1,"{"]}} ,{\n}\n]\n';
    const bytes = new TextEncoder().encode(text);
    const scan = (cuts: readonly number[]) => {
      const scanner = createRecordScanner();
      const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
      const records = places.slice(1).flatMap((end, i) => scanner.push(bytes.slice(places[i], end)));
      scanner.end();
      return records;
    };
    expect(scan([])).toEqual([
      { text: '{"a":"}\\\\"}', line: 2 },
      { text: '{"é":{"b":[1,"{"]}}', line: 3 },
      { text: '{\n}', line: 3 },
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        expect(scan(cuts)).toEqual(scan([]));
      }),
      { seed: 3072, numRuns: 500 },
    );
  });
});

describe('a response', () => {
  it('is start and end of each token, then padding', () => {
    const bytes = new Uint8Array(Float32Array.of(1.5, -2, 3, 0.25).buffer);
    const { starts, ends } = decodeLogits(bytes, 'float32', 4, 0);
    expect([...starts]).toEqual([1.5, 3, -10_000, -10_000]);
    expect([...ends]).toEqual([-2, 0.25, -10_000, -10_000]);
  });

  it('may lie anywhere in memory', () => {
    const bytes = new Uint8Array(9);
    new DataView(bytes.buffer).setFloat32(1, 2.5, true);
    expect(decodeLogits(bytes.subarray(1), 'float32', 1, 0).starts[0]).toBe(2.5);
  });

  it.each([
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x8000, -0],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
  ])('of float16 0x%s is %d', (half, value) => {
    const bytes = new Uint8Array(Uint16Array.of(half, 0).buffer);
    expect(decodeLogits(bytes, 'float16', 1, 0).starts[0]).toBe(value);
  });

  it.each([
    ['float32', Float32Array.of(Number.NaN, 1)],
    ['float16', Uint16Array.of(0x7e00, 0x3c00)],
  ] as const)('of NaN in %s can never be part of an answer', (type, values) => {
    const { starts, ends } = decodeLogits(new Uint8Array(values.buffer), type, 1, 0);
    expect([starts[0], ends[0]]).toEqual([-Infinity, 1]);
  });

  it.each([
    ['half a token', 12, 'float32'],
    ['more tokens than a sample can have', 5 * 8, 'float32'],
    ['half a value', 3, 'float16'],
  ] as const)('of %s is a run error that names the sample', (_name, byteCount, type) => {
    const decode = () => decodeLogits(new Uint8Array(byteCount), type, 4, 17);
    expect(decode).toThrow(RunError);
    expect(decode).toThrow(new RegExp(`sample 17: the response has ${byteCount} bytes; ${type}`, 'u'));
  });
});
