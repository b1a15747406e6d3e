// Reads safetensors files: an 8-byte length, a JSON header, raw little-endian tensors.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../configs/errors.js';

/** Bytes of one element. */
const elementBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
export type TensorDtype = keyof typeof elementBytes;

export interface TensorEntry {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  /** First byte and end, counted from the end of the header. */
  readonly data_offsets: readonly [number, number];
}

export interface SafetensorsFile extends Disposable {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** The raw bytes of a tensor. @throws {ConfigError} when the file has none of that name. */
  read(name: string): Uint8Array;
}

const headerSchema = z.record(
  z.string(),
  z.object({
    dtype: z.enum(Object.keys(elementBytes) as [TensorDtype, ...TensorDtype[]]),
    shape: z.array(z.int().nonnegative()),
    data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
  }),
);
const MOST_HEADER_BYTES = 100_000_000;

/**
 * Opens a file and checks its header: every tensor lies inside the file and has the bytes its shape wants.
 *
 * @throws {SetupError} when it cannot be read.
 * @throws {ConfigError} when it is truncated or not a safetensors file.
 */
export function openSafetensors(path: string): SafetensorsFile {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    throw new SetupError(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  try {
    const { tensors, dataStart } = readHeader(fd, path);
    return {
      path,
      tensors,
      read(name) {
        const entry = tensors.get(name);
        if (entry === undefined) throw new ConfigError(`${path}: no tensor "${name}"`);
        const [from, to] = entry.data_offsets;
        return readExactly(fd, path, dataStart + from, to - from);
      },
      [Symbol.dispose]: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function readHeader(
  fd: number,
  path: string,
): { readonly tensors: ReadonlyMap<string, TensorEntry>; readonly dataStart: number } {
  const fileBytes = fstatSync(fd).size;
  if (fileBytes < 8) throw damaged(path, `it has ${fileBytes} bytes, too few for a header`);
  const headerBytes = Number(new DataView(readExactly(fd, path, 0, 8).buffer).getBigUint64(0, true));
  if (headerBytes > MOST_HEADER_BYTES || 8 + headerBytes > fileBytes) {
    throw damaged(path, `its header claims ${headerBytes} bytes, the file has ${fileBytes}`);
  }
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder().decode(readExactly(fd, path, 8, headerBytes))) as Record<
      string,
      unknown
    >; // its entries are checked below
  } catch {
    throw damaged(path, 'its header is not JSON');
  }
  delete header['__metadata__'];
  const parsed = headerSchema.safeParse(header);
  if (!parsed.success) throw damaged(path, `its header is wrong: ${z.prettifyError(parsed.error)}`);

  const dataStart = 8 + headerBytes;
  const problems = Object.entries(parsed.data).flatMap(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      const wanted = shape.reduce((product, size) => product * size, elementBytes[dtype]);
      if (to - from !== wanted)
        return [
          `"${name}" has ${to - from} bytes, its shape [${shape.join(', ')}] of ${dtype} wants ${wanted}`,
        ];
      return dataStart + to > fileBytes
        ? [`"${name}" ends ${dataStart + to - fileBytes} bytes behind the end of the file`]
        : [];
    },
  );
  if (problems.length > 0) throw damaged(path, problems.join('; '));
  return { tensors: new Map(Object.entries(parsed.data)), dataStart };
}

function readExactly(fd: number, path: string, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const count = readSync(fd, bytes, read, length - read, from + read);
    if (count === 0) throw damaged(path, `it ends ${length - read} bytes too early`);
    read += count;
  }
  return bytes;
}

function damaged(path: string, reason: string): ConfigError {
  return new ConfigError(`${path}: not a complete safetensors file: ${reason}. Copy or download it again.`);
}
