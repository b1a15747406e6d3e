// Reads a sorted string table, the form of a TensorFlow checkpoint's index. Follows tensorflow/core/lib/io/format.cc and
// LevelDB's table_format.md: blocks of prefix-compressed keys, found through an index block, which a footer locates.

import { ConfigError } from '../../../configs/errors.js';
import { openByteFile } from './byte-file.js';
import { maskedCrc32c } from './crc32c.js';
import { varintAt } from './protobuf.js';

const FOOTER_BYTES = 48;
const MAGIC = 0xdb4775248b80fb57n;
/** Behind each block: its compression and its checksum. */
const TRAILER_BYTES = 5;
const MOST_INDEX_BYTES = 64 << 20;

/** Every key with its value. @throws {ConfigError} when the file is damaged, compressed or no such table. */
export function readSortedTable(path: string): ReadonlyMap<string, Uint8Array> {
  using file = openByteFile(path);
  const fail = (reason: string): ConfigError =>
    new ConfigError(
      `${path}: not a complete TensorFlow checkpoint index: ${reason}. Copy or download it again.`,
    );
  if (file.sizeBytes < FOOTER_BYTES || file.sizeBytes > MOST_INDEX_BYTES) {
    throw fail(`it has ${file.sizeBytes} bytes, from ${FOOTER_BYTES} to ${MOST_INDEX_BYTES} can be`);
  }
  const bytes = file.read(0, file.sizeBytes);
  const footer = bytes.subarray(bytes.length - FOOTER_BYTES);
  const magic = new DataView(footer.buffer, footer.byteOffset).getBigUint64(FOOTER_BYTES - 8, true);
  if (magic !== MAGIC) throw fail('its last 8 bytes are not those of a table');

  const [, , afterMeta] = handleAt(footer, 0);
  const result = new Map<string, Uint8Array>();
  for (const [, handle] of entriesOf(blockAt(footer, afterMeta))) {
    for (const [key, value] of entriesOf(blockAt(handle, 0))) result.set(key, value);
  }
  return result;

  function number(from: Uint8Array, at: number): readonly [value: number, next: number] {
    const [value, length] = varintAt(from, at) ?? [];
    if (value === undefined || length === undefined) throw fail('a number has no end');
    return [Number(value), at + length];
  }

  function handleAt(from: Uint8Array, at: number): readonly [place: number, sizeBytes: number, next: number] {
    const [place, afterPlace] = number(from, at);
    const [sizeBytes, next] = number(from, afterPlace);
    return [place, sizeBytes, next];
  }

  function blockAt(handle: Uint8Array, at: number): Uint8Array {
    const [place, sizeBytes] = handleAt(handle, at);
    const end = place + sizeBytes;
    if (end + TRAILER_BYTES > bytes.length) throw fail(`a block leaves the file`);
    const compression = bytes[end]!;
    if (compression !== 0) {
      throw new ConfigError(
        `${path}: its blocks are compressed (type ${compression}${compression === 1 ? ', snappy' : ''}), which TensorFlow ` +
          'does not do by itself; only uncompressed ones can be read. Save the checkpoint again with tf.train.Saver.',
      );
    }
    const stored = new DataView(bytes.buffer).getUint32(end + 1, true);
    if (maskedCrc32c(bytes.subarray(place, end + 1)) !== stored)
      throw fail(`the block at byte ${place} has a wrong checksum`);
    return bytes.subarray(place, end);
  }

  function* entriesOf(
    block: Uint8Array,
  ): Generator<readonly [key: string, value: Uint8Array], void, undefined> {
    if (block.length < 4) throw fail('a block is too short');
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    const end = block.length - 4 - 4 * view.getUint32(block.length - 4, true);
    let key: Uint8Array = new Uint8Array(0);
    for (let at = 0; at < end;) {
      const [shared, afterShared] = number(block, at);
      const [own, afterOwn] = number(block, afterShared);
      const [valueBytes, keyAt] = number(block, afterOwn);
      if (shared > key.length || keyAt + own + valueBytes > end) throw fail('an entry leaves its block');
      key = Uint8Array.from([...key.subarray(0, shared), ...block.subarray(keyAt, keyAt + own)]);
      at = keyAt + own + valueBytes;
      yield [new TextDecoder().decode(key), block.slice(keyAt + own, at)];
    }
  }
}
