import { describe, expect, it } from 'vitest';
import { createAccuracyLog } from '../../../scenarios/logs/accuracy.js';
import { createCapturedFile } from './captured-file.js';

describe('the accuracy log', () => {
  it('without a record is a JSON list on two lines', () => {
    const file = createCapturedFile();
    createAccuracyLog(file).end();
    expect(file.text()).toBe('[\n]\n');
  });

  it('writes its records as LoadGen does', () => {
    const file = createCapturedFile();
    const log = createAccuracyLog(file);
    log.write(0, 28, Uint8Array.of(0x5c, 0x4f, 0x11, 0x4e));
    log.write(12, 3, Uint8Array.of(0x0a));
    log.write(13, 4, new Uint8Array(0));
    log.end();
    expect(file.text()).toBe(
      '[\n{ "seq_id" : 0, "qsl_idx" : 28, "data" : "5C4F114E" },\n' +
        '{ "seq_id" : 12, "qsl_idx" : 3, "data" : "0A" },\n' +
        '{ "seq_id" : 13, "qsl_idx" : 4, "data" : "" }\n]\n',
    );
  });

  it('writes every byte, also of responses longer than its buffer', () => {
    const file = createCapturedFile();
    const response = Uint8Array.from({ length: 100_003 }, (_unused, i) => (i * 7 + (i >> 8)) & 255);
    const log = createAccuracyLog(file);
    log.write(1, 2, response);
    log.end();
    const [record] = JSON.parse(file.text()) as [{ readonly data: string }];
    expect(record.data).toBe(Buffer.from(response).toString('hex').toUpperCase());
  });

  it('does not write what lies beside a view into larger memory', () => {
    const file = createCapturedFile();
    createAccuracyLog(file).write(1, 2, Uint8Array.of(1, 2, 3, 4).subarray(1, 3));
    expect(file.text()).toContain('"data" : "0203" }');
  });
});
