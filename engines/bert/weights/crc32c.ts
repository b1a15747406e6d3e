// CRC-32C (Castagnoli), eight bytes at a time, and the masked form in which TensorFlow and LevelDB store it
// (tensorflow/core/lib/hash/crc32c.h).

const POLYNOMIAL = 0x82f63b78;
const MASK_DELTA = 0xa282ead8;

/** `tables[k][b]`: the sum of byte b with k zero bytes behind it. */
const tables: readonly Uint32Array[] = createTables();

function createTables(): readonly Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_unused, byte) => {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1;
    return sum;
  });
  const result = [first];
  for (let k = 1; k < 8; k++) {
    result.push(result[k - 1]!.map((sum) => (sum >>> 8) ^ first[sum & 255]!));
  }
  return result;
}

/** uint32 */
export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]; // eight were made
  let sum = ~0;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const low = sum ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    sum =
      t7[low & 255]! ^
      t6[(low >>> 8) & 255]! ^
      t5[(low >>> 16) & 255]! ^
      t4[low >>> 24]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) sum = (sum >>> 8) ^ t0[(sum ^ bytes[at]!) & 255]!;
  return ~sum >>> 0;
}

/** As it is stored: rotated and shifted, since sums of data that hold sums are weak. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const sum = crc32c(bytes);
  return (((sum >>> 15) | (sum << 17)) + MASK_DELTA) >>> 0;
}
