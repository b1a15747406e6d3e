import { describe, expect, it, test } from 'vitest';
import { createDetailLog, double, formatDetailValue } from '../../../scenarios/logs/detail.js';
import { createCapturedFile } from './captured-file.js';

interface Line {
  readonly key: string;
  readonly value: unknown;
  readonly time_ms: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const parse = (text: string): readonly Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line.replace(/^:::MLLOG /, '')) as Line);

describe('a line of the detail log', () => {
  it('has LoadGen’s form, blank for blank', () => {
    const file = createCapturedFile();
    createDetailLog(file, () => 12_000_345).log([['sut_name', 'A']]);
    expect(
      file
        .text()
        .replace(/"tid": \d+/, '"tid": T')
        .replace(/"pid": \d+/, '"pid": P'),
    ).toBe(
      ':::MLLOG {"key": "sut_name", "value": "A", "time_ms": 12.000345, "namespace": "mlperf::logging", ' +
        '"event_type": "POINT_IN_TIME", "metadata": {"is_error": false, "is_warning": false, ' +
        '"file": "scenarios/start-test.ts", "line_no": 0, "pid": P, "tid": T}}\n',
    );
  });

  it('shares one moment with the other keys of its call', () => {
    const file = createCapturedFile();
    let now = 0;
    const log = createDetailLog(file, () => (now += 1_500_000));
    log.log([
      ['a', 1],
      ['b', 2],
    ]);
    log.log([['c', 3]]);
    expect(parse(file.text()).map(({ key, time_ms }) => [key, time_ms])).toEqual([
      ['a', 1.5],
      ['b', 1.5],
      ['c', 3],
    ]);
  });

  it('takes a list of any length, to its screen copy as well', () => {
    const file = createCapturedFile();
    let copied = '';
    const list = Int32Array.from({ length: 10_000 }, (_unused, i) => i * 3);
    createDetailLog(
      file,
      () => 0,
      (text) => (copied += text),
    ).log([['loaded_qsl_set', list]]);
    const [line] = parse(file.text());
    expect(line!.value).toEqual([...list]);
    expect(copied).toBe(file.text());
  });

  it('never carries a time before the start', () => {
    const file = createCapturedFile();
    createDetailLog(file, () => -5).log([['early', 1]]);
    expect(file.text()).toContain('"time_ms": 0.000000,');
  });

  it('is in the file when the call returns, so that a crash cannot lose it', () => {
    const file = createCapturedFile();
    const log = createDetailLog(file, () => 0);
    const calls = [
      () => log.log([['a', 1]]),
      () => log.warning('warning_generic_message', 'w'),
      () => log.error('error_runtime', 'e'),
    ];
    for (const call of calls) {
      call();
      expect(file.flushedBytes()).toBe(file.text().length);
    }
  });

  it('marks errors and warnings, and counts them', () => {
    const file = createCapturedFile();
    const log = createDetailLog(file, () => 0);
    log.error('error_runtime', 'Attempted to complete a sample twice.');
    log.warning('warning_generic_message', 'careful');
    log.log([['generic_message', 'Starting performance mode']]);
    expect(parse(file.text()).map(({ metadata }) => [metadata['is_error'], metadata['is_warning']])).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ]);
    expect([log.errors, log.warnings]).toEqual([['Attempted to complete a sample twice.'], ['careful']]);
  });

  it('is copied elsewhere when asked for', () => {
    const file = createCapturedFile();
    let copy = '';
    const log = createDetailLog(
      file,
      () => 0,
      (line) => (copy += line),
    );
    log.log([['a', true]]);
    log.error('error_runtime', 'e');
    expect(copy).toBe(file.text());
    expect(copy).not.toBe('');
  });

  it('stays JSON whatever a SUT calls itself', () => {
    const file = createCapturedFile();
    const name = 'the "best"\\SUT\n\u0007 ☃';
    createDetailLog(file, () => 0).log([['sut_name', name]]);
    expect(parse(file.text()).map(({ value }) => value)).toEqual([name]);
  });
});

describe('values', () => {
  test.each([
    ['text', 'VALID', '"VALID"'],
    ['a boolean', true, 'true'],
    ['a million as an integer', 1_000_000, '1000000'],
    ['a million as a double', double(1_000_000), '1e+06'],
    ['a seed beyond 2^53', 16159082839903944936n, '16159082839903944936'],
    ['a list', Int32Array.of(1, 5, 13), '[1,5,13]'],
    ['an empty list', [], '[]'],
    ['a map, its keys in order', { b: 'd', a: '"' }, '{"a":"\\"","b":"d"}'],
    ['an empty map', {}, '{}'],
    ['a rate of a run without a duration', double(Infinity), '"inf"'],
    ['a rate of nothing in no time', double(NaN), '"-nan"'],
  ])('%s', (_name, value, text) => {
    expect(formatDetailValue(value)).toBe(text);
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });
});
