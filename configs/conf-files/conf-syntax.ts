// Reads the text of an mlperf.conf, user.conf or audit.config, line by line and token by token. Follows LoadGen's
// TestSettings::FromConfig (loadgen/test_settings_internal.cc), quirks included.

import { ConfigError } from '../errors.js';

/** The value of one key, and where it stands. */
export interface ConfValue {
  /** As written: LoadGen reads it as a whole number or as a double, as the key wants it. */
  readonly text: string;
  /** `user.conf:3`, or the round of built-in rules. */
  readonly origin: string;
}

/** One file: its keys (`model.Scenario.key`) with the last value of each. */
export interface ConfFile {
  /** Path as shown to people. */
  readonly file: string;
  readonly values: ReadonlyMap<string, ConfValue>;
  /** Lines that LoadGen passes over or reads otherwise than they look, each with file and line. */
  readonly notes: readonly string[];
}

// What C's isspace takes for white space; a line ends at \n alone, so \r is white space too.
const BLANKS = /[ \t\r\v\f]+/;
const WHOLE = /^[+-]?(?:0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const HEX_DOUBLE = /^[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?$/i;
const NOT_FINITE = /^[+-]?(?:inf|infinity|nan(?:\(\w*\))?)$/i;

/** Whether C's strtoul(base 0) or strtod consume all of it. */
const isNumber = (token: string): boolean =>
  [WHOLE, DECIMAL, HEX_DOUBLE, NOT_FINITE].some((form) => form.test(token));

/**
 * Parses a conf file; `file` names it in origins and messages.
 *
 * @throws {ConfigError} naming file and line of everything LoadGen rejects. Differs from LoadGen, whose caller gets a return
 * code that most ignore, and none of the file's values.
 */
export function parseConf(text: string, file: string): ConfFile {
  const values = new Map<string, ConfValue>();
  const notes: string[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const read = readLine(line);
    const origin = `${file}:${index + 1}`;
    if ('problem' in read) {
      problems.push(`${origin}: ${read.problem}`);
      continue;
    }
    if (read.note !== undefined) notes.push(`${origin}: ${read.note}`);
    if (read.value === undefined) continue;
    const earlier = values.get(read.key);
    if (earlier !== undefined) notes.push(`${origin}: replaces ${read.key} of ${earlier.origin}`);
    values.set(read.key, { text: read.value, origin });
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return { file, values, notes };
}

type ReadLine =
  | { readonly problem: string }
  | { readonly key: string; readonly value: string | undefined; readonly note?: string };

function readLine(line: string): ReadLine {
  const tokens = line.split(BLANKS).filter((token) => token !== '');
  // A mark of a comment opens one only before the value: after `=` LoadGen takes it for the value.
  const [key, equals, ...given] = untilComment(tokens);
  if (key === undefined) return { key: '', value: undefined };
  if (equals === undefined) {
    const hint = key.includes('=') ? '; write blanks on both sides of "="' : '';
    return { key, value: undefined, note: `"${key}" gives no value and is ignored${hint}` };
  }
  if (equals !== '=') {
    const hint = key.startsWith('#') ? '; write a blank after "#"' : '';
    return { problem: `expected "key = value", got "${equals}" after "${key}"${hint}` };
  }
  const wrong = given.find((token) => !isNumber(token));
  if (wrong !== undefined) {
    const hint = wrong.startsWith('#') ? '; a comment needs a line of its own' : '';
    return { problem: `${key} needs to be a whole number or a decimal one, got "${wrong}"${hint}` };
  }
  const value = given.at(-1);
  if (value === undefined) return { key, value, note: `"${key} =" gives no value and is ignored` };
  return given.length === 1
    ? { key, value }
    : { key, value, note: `of the values ${given.join(' ')} the last one counts` };
}

function untilComment(tokens: readonly string[]): readonly string[] {
  const start = tokens.slice(0, 2).indexOf('#');
  return start === -1 ? tokens : tokens.slice(0, start);
}

/** What C's strtoull(base 0) makes of the start of it, before it wraps or saturates; nothing to read is 0. */
export function leadingInteger(text: string): bigint {
  const [, sign, digits] = /^([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)/i.exec(text) ?? [];
  if (digits === undefined) return 0n;
  const isOctal = /^0[0-7]+$/.test(digits);
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  return sign === '-' ? -value : value;
}

/** True where leadingInteger() leaves something of the text unread: `1e3` is 1, `5.9` is 5. */
export const isCutShort = (text: string): boolean => !WHOLE.test(text);

/** What C's strtod makes of it. */
export function doubleOf(text: string): number {
  if (NOT_FINITE.test(text)) {
    if (/nan/i.test(text)) return Number.NaN;
    return text.startsWith('-') ? -Infinity : Infinity;
  }
  if (!HEX_DOUBLE.test(text)) return Number(text);
  const [, sign, whole, fraction = '', exponent = '0'] =
    /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d+))?$/i.exec(text)!;
  const digits = Number.parseInt(`${whole}${fraction}`, 16);
  const value = digits * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}
