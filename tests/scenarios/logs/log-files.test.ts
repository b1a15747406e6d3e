import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SetupError } from '../../../configs/errors.js';
import { logSettings, openLogFiles, type LogFiles } from '../../../scenarios/logs/log-files.js';
import { openLogFile, type WriteSync } from '../../../scenarios/logs/log-file.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loadrig-logs-'));
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
});

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

function open(changes: Partial<ReturnType<typeof logSettings>> = {}, write?: WriteSync): LogFiles {
  return openLogFiles({
    settings: { ...logSettings(folder), ...changes },
    sinceStartNs: () => 0,
    start: { clockNs: 0, wallMs: 0 },
    dateTime: '2026-11-21T17:35:17Z',
    ...(write === undefined ? {} : { write }),
  });
}

/** A disk with room for `capacity` bytes. */
function smallDisk(capacity: number): WriteSync {
  let room = capacity;
  return (fd, bytes, offset, length) => {
    if (room === 0)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const written = writeSync(fd, bytes, offset, Math.min(room, length));
    room -= written;
    return written;
  };
}

/** A disk that takes a few bytes at a time. */
const shortWrites: WriteSync = (fd, bytes, offset, length) =>
  writeSync(fd, bytes, offset, Math.min(7, length));

describe('the log files', () => {
  it('are LoadGen’s three, the summary closed by its footer, the accuracy log valid JSON', () => {
    const logs = open();
    logs.writeSummary('the summary\n');
    logs.close();
    expect(readdirSync(folder).sort()).toEqual([
      'mlperf_log_accuracy.json',
      'mlperf_log_detail.txt',
      'mlperf_log_summary.txt',
    ]);
    expect(read('mlperf_log_summary.txt')).toBe(
      'the summary\n\nNo warnings encountered during test.\n\nNo errors encountered during test.\n',
    );
    expect(read('mlperf_log_accuracy.json')).toBe('[\n]\n');
  });

  it('count one warning and many errors in the footer', () => {
    const logs = open();
    logs.detail.warning('warning_generic_message', 'w');
    logs.detail.error('error_runtime', 'e');
    logs.detail.error('error_runtime', 'e');
    logs.close();
    expect(read('mlperf_log_summary.txt')).toBe(
      '\n1 warning encountered. See detailed log.\n\n2 ERRORS encountered. See detailed log.\n',
    );
  });

  it('take prefix, suffix and the time into their names', () => {
    open({ prefix: 'a_', suffix: '_b', prefix_with_datetime: true }).close();
    expect(readdirSync(folder)).toContain('a_2026-11-21T17:35:17Z_summary_b.txt');
  });

  it('lose nothing when the system takes a few bytes at a time', () => {
    const logs = open({}, shortWrites);
    logs.writeSummary('x'.repeat(1000));
    logs.accuracy.write(
      1,
      2,
      Uint8Array.from({ length: 500 }, (_unused, i) => i),
    );
    logs.detail.log([['sut_name', 'A']]);
    logs.close();
    expect(read('mlperf_log_summary.txt').startsWith('x'.repeat(1000))).toBe(true);
    expect(JSON.parse(read('mlperf_log_accuracy.json'))).toHaveLength(1);
    expect(read('mlperf_log_detail.txt')).toMatch(/^:::MLLOG \{.*\}\}\n$/);
  });

  it('keep text that is longer than the buffer whole, character by character', () => {
    const text = 'a☃é'.repeat(60_000);
    const file = openLogFile(join(folder, 'long.txt'));
    file.write('before ');
    file.write(text);
    file.write(' after');
    file.close();
    expect(read('long.txt')).toBe(`before ${text} after`);
  });

  it('replace those of an earlier run', () => {
    writeFileSync(join(folder, 'mlperf_log_detail.txt'), 'old');
    open().close();
    expect(read('mlperf_log_detail.txt')).toBe('');
  });
});

describe('a disk that is full', () => {
  it('is named with the file and what to do, at the first line that does not fit', () => {
    const logs = open({}, smallDisk(300));
    const fill = (): void => {
      for (let i = 0; i < 5; i++) logs.detail.log([['generic_message', `line ${i}`]]);
    };
    expect(fill).toThrow(SetupError);
    expect(read('mlperf_log_detail.txt')).toMatch(/^:::MLLOG \{.*"line 0".*\}\}\n/);
  });

  it('says what is wrong and what to do', () => {
    const logs = open({}, smallDisk(0));
    expect(() => logs.detail.log([['a', 1]])).toThrow(
      /cannot write .*mlperf_log_detail\.txt: ENOSPC.*make room and run again/,
    );
  });

  it('keeps what was written readable, and closing tells of no file twice', () => {
    let isFull = false;
    const logs = open({}, (fd, bytes, offset, length) => {
      if (isFull) throw new Error('ENOSPC: no space left on device, write');
      return writeSync(fd, bytes, offset, length);
    });
    logs.detail.log([['generic_message', 'kept']]);
    isFull = true;
    expect(() => logs.detail.log([['generic_message', 'lost']])).toThrow(SetupError);
    isFull = false;
    logs.close();
    expect(read('mlperf_log_detail.txt')).toContain('kept');
    expect(read('mlperf_log_detail.txt')).not.toContain('lost');
    expect(read('mlperf_log_accuracy.json')).toBe('[\n]\n');
    expect(read('mlperf_log_summary.txt')).toContain('No errors encountered');
  });

  it('found out at the end makes closing fail, not succeed in silence', () => {
    const logs = open({}, smallDisk(0));
    logs.writeSummary('never written');
    expect(() => logs.close()).toThrow(SetupError);
  });

  it('that takes no byte and reports no error ends too', () => {
    const logs = open({}, () => 0);
    expect(() => logs.detail.log([['a', 1]])).toThrow(SetupError);
  });
});

describe('a folder that cannot take logs', () => {
  it('is named when it does not exist', () => {
    expect(() => open({ outdir: join(folder, 'none') })).toThrow(
      /cannot create .*none\/mlperf_log_summary\.txt: ENOENT.*must exist and be writable/,
    );
  });

  it('is named when it is a file', () => {
    const outdir = join(folder, 'file');
    writeFileSync(outdir, '');
    expect(() => open({ outdir })).toThrow(SetupError);
  });

  it.skipIf(process.getuid?.() === 0)('is named when it may not be written', () => {
    chmodSync(folder, 0o555);
    expect(() => open()).toThrow(/EACCES/);
  });
});

describe('a trace', () => {
  it('has a file where it is asked for, and none where it is not', () => {
    open().close();
    expect(readdirSync(folder).join()).not.toContain('trace');
    open({ enable_trace: true, suffix: '_x' }).close();
    expect(readdirSync(folder)).toContain('mlperf_log_trace_x.json');
  });
});
