// Reads the fields of protobuf messages (protobuf.dev/programming-guides/encoding) without their schema, from a file or from
// memory. Long fields are not read, only located: weights stay where they are until asked for.

import { ConfigError } from '../../../configs/errors.js';

/** Bytes at given places: a file, or part of one in memory. */
export interface ByteSource {
  readonly path: string;
  readonly sizeBytes: number;
  read(from: number, length: number): Uint8Array;
}

export type ProtobufField =
  | { readonly number: number; readonly wire: 'varint'; readonly value: bigint }
  /** 4 or 8 bytes, little-endian. */
  | { readonly number: number; readonly wire: 'fixed'; readonly bytes: Uint8Array }
  /** Bytes `from` (inclusive) to `to` of the source: text, bytes, a message or packed numbers. */
  | { readonly number: number; readonly wire: 'bytes'; readonly from: number; readonly to: number };

const WINDOW_BYTES = 64 * 1024;
const LONGEST_VARINT_BYTES = 10;

/** The bytes in memory as a source; `path` is for messages. */
export function bytesInMemory(path: string, bytes: Uint8Array): ByteSource {
  return { path, sizeBytes: bytes.length, read: (from, length) => bytes.slice(from, from + length) };
}

/** The same source, read ahead by pieces: protobuf's tags and lengths are a byte or two each. */
export function readAhead(source: ByteSource): ByteSource {
  let start = 0;
  let window = new Uint8Array(0);
  return {
    path: source.path,
    sizeBytes: source.sizeBytes,
    read(from, length) {
      if (length > WINDOW_BYTES) return source.read(from, length);
      if (from < start || from + length > start + window.length) {
        start = from;
        window = new Uint8Array(source.read(from, Math.min(WINDOW_BYTES, source.sizeBytes - from)));
      }
      return window.slice(from - start, from - start + length);
    },
  };
}

/**
 * The fields of the message in bytes `from` to `to`, in their order.
 *
 * @throws {ConfigError} when it is no message or leaves these bytes.
 */
export function* protobufFields(
  source: ByteSource,
  from: number,
  to: number,
): Generator<ProtobufField, void, undefined> {
  let at = from;
  const fail = (reason: string): ConfigError =>
    new ConfigError(
      `${source.path}: damaged at byte ${at}: ${reason}. Copy or download it again, if it is of the right kind.`,
    );
  const claim = (count: number): number => {
    if (count > to - at) throw fail(`${count} bytes are wanted, ${to - at} are left`);
    at += count;
    return at - count;
  };
  const varint = (): bigint => {
    const bytes = source.read(at, Math.min(LONGEST_VARINT_BYTES, to - at));
    const [value, length] = varintAt(bytes, 0) ?? [];
    if (value === undefined || length === undefined) throw fail('a number has no end');
    claim(length);
    return value;
  };
  while (at < to) {
    const tag = varint();
    const number = Number(tag >> 3n);
    switch (Number(tag & 7n)) {
      case 0:
        yield { number, wire: 'varint', value: varint() };
        break;
      case 1:
        yield { number, wire: 'fixed', bytes: source.read(claim(8), 8) };
        break;
      case 5:
        yield { number, wire: 'fixed', bytes: source.read(claim(4), 4) };
        break;
      case 2: {
        const start = claim(Number(varint()));
        yield { number, wire: 'bytes', from: start, to: at };
        break;
      }
      default:
        throw fail(`field ${number} has an unknown type`);
    }
  }
}

/** The number at `at` and the bytes it takes; undefined when it does not end. */
export function varintAt(
  bytes: Uint8Array,
  at: number,
): readonly [value: bigint, length: number] | undefined {
  let value = 0n;
  for (let i = 0; i < LONGEST_VARINT_BYTES && at + i < bytes.length; i++) {
    const byte = bytes[at + i]!;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return [BigInt.asUintN(64, value), i + 1];
  }
  return undefined;
}

/** A field's bytes as text. */
export function textOf(source: ByteSource, field: { readonly from: number; readonly to: number }): string {
  return new TextDecoder().decode(source.read(field.from, field.to - field.from));
}
