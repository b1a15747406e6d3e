// Reads the entries of a zip archive that are stored as they are, as torch.save writes them (APPNOTE.TXT 4.3, with zip64).
// Compressed entries are refused: then no archive can grow while it is read.

import { ConfigError } from '../../../configs/errors.js';
import { openByteFile } from './byte-file.js';

export interface ZipEntry {
  readonly sizeBytes: number;
  /** Place of the local header that precedes the entry's bytes. */
  readonly headerAt: number;
}

export interface ZipFile extends Disposable {
  readonly path: string;
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** Bytes of an entry, all or from `from` on. @throws {ConfigError} when they lie outside of it. */
  read(name: string, from?: number, length?: number): Uint8Array;
}

const END_BYTES = 22;
const LONGEST_COMMENT_BYTES = 65_535;
const MOST_DIRECTORY_BYTES = 64 << 20;
const LOCAL_HEADER_BYTES = 30;

/** @throws {ConfigError} when it is truncated, compressed or no zip archive. */
export function openZip(path: string): ZipFile {
  const file = openByteFile(path);
  const fail = (reason: string): ConfigError =>
    new ConfigError(`${path}: not a complete zip archive: ${reason}. Copy or download it again.`);
  const view = (from: number, length: number): DataView => {
    if (from + length > file.sizeBytes) throw fail(`it ends after ${file.sizeBytes} bytes`);
    return new DataView(file.read(from, length).buffer);
  };
  try {
    const entries = readDirectory();
    return {
      path,
      entries,
      read(name, from = 0, length) {
        const entry = entries.get(name);
        if (entry === undefined) throw fail(`it has no entry "${name}"`);
        const wanted = length ?? entry.sizeBytes - from;
        if (from < 0 || wanted < 0 || from + wanted > entry.sizeBytes) {
          throw fail(`bytes ${from} to ${from + wanted} of "${name}" are wanted, it has ${entry.sizeBytes}`);
        }
        const header = view(entry.headerAt, LOCAL_HEADER_BYTES);
        if (header.getUint32(0, true) !== 0x04034b50) throw fail(`"${name}" is not where it should be`);
        const data =
          entry.headerAt + LOCAL_HEADER_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
        if (data + entry.sizeBytes > file.sizeBytes) throw fail(`"${name}" leaves the file`);
        return file.read(data + from, wanted);
      },
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }

  /** Where the central directory begins, how long it is. */
  function locateDirectory(): readonly [from: number, sizeBytes: number] {
    const tailBytes = Math.min(file.sizeBytes, END_BYTES + LONGEST_COMMENT_BYTES);
    const tail = view(file.sizeBytes - tailBytes, tailBytes);
    for (let at = tailBytes - END_BYTES; at >= 0; at--) {
      if (tail.getUint32(at, true) !== 0x06054b50) continue;
      const from = tail.getUint32(at + 16, true);
      if (from !== 0xffffffff) return [from, tail.getUint32(at + 12, true)];
      const locator = view(file.sizeBytes - tailBytes + at - 20, 20);
      if (locator.getUint32(0, true) !== 0x07064b50) throw fail('its zip64 locator is missing');
      const end = view(Number(locator.getBigUint64(8, true)), 56);
      return [Number(end.getBigUint64(48, true)), Number(end.getBigUint64(40, true))];
    }
    throw fail('it has no central directory');
  }

  function readDirectory(): ReadonlyMap<string, ZipEntry> {
    const [from, sizeBytes] = locateDirectory();
    if (sizeBytes > MOST_DIRECTORY_BYTES) throw fail(`its directory claims ${sizeBytes} bytes`);
    const directory = view(from, sizeBytes);
    const result = new Map<string, ZipEntry>();
    for (let at = 0; at < sizeBytes;) {
      if (at + 46 > sizeBytes || directory.getUint32(at, true) !== 0x02014b50)
        throw fail('its directory is damaged');
      const [nameBytes, extraBytes] = [
        directory.getUint16(at + 28, true),
        directory.getUint16(at + 30, true),
      ];
      const next = at + 46 + nameBytes + extraBytes + directory.getUint16(at + 32, true);
      if (next > sizeBytes) throw fail('its directory is damaged');
      const name = new TextDecoder().decode(new Uint8Array(directory.buffer, at + 46, nameBytes));
      const extra = new DataView(directory.buffer, at + 46 + nameBytes, extraBytes);
      const [entry, packedBytes] = entryAt(directory, at, extra);
      if (directory.getUint16(at + 10, true) !== 0 || packedBytes !== entry.sizeBytes) {
        throw new ConfigError(
          `${path}: "${name}" is compressed; weights saved by PyTorch never are. Save the model again with torch.save.`,
        );
      }
      if (entry.headerAt + entry.sizeBytes > file.sizeBytes) throw fail(`"${name}" leaves the file`);
      if (result.has(name)) throw fail(`it has two entries "${name}"`);
      result.set(name, entry);
      at = next;
    }
    return result;
  }

  function entryAt(
    directory: DataView,
    at: number,
    extra: DataView,
  ): readonly [ZipEntry, packedBytes: number] {
    let wide = wideFields(extra);
    const field = (offset: number): number => {
      const short = directory.getUint32(at + offset, true);
      if (short !== 0xffffffff) return short;
      const [first, ...rest] = wide;
      if (first === undefined) throw fail('a zip64 field is missing');
      wide = rest;
      return first;
    };
    // The order is that of the zip64 fields: full size, packed size, place.
    const sizeBytes = field(24);
    const packedBytes = field(20);
    return [{ sizeBytes, headerAt: field(42) }, packedBytes];
  }
}

/** The 8-byte numbers of the zip64 extra field. */
function wideFields(extra: DataView): readonly number[] {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const bytes = Math.min(extra.getUint16(at + 2, true), extra.byteLength - at - 4);
    if (extra.getUint16(at, true) === 1) {
      return Array.from({ length: bytes >> 3 }, (_unused, i) =>
        Number(extra.getBigUint64(at + 4 + 8 * i, true)),
      );
    }
    at += 4 + bytes;
  }
  return [];
}
