// Reads safetensors files: an 8-byte length, a JSON header, raw little-endian tensors. Follows the format's README
// (github.com/huggingface/safetensors): no tensor may overlap another or leave the file.

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
/** The format's own limit. */
const MOST_HEADER_BYTES = 100_000_000;
const MOST_PROBLEMS_NAMED = 5;

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
    throw cannotRead(path, cause);
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
  const claimed = new DataView(readExactly(fd, path, 0, 8).buffer).getBigUint64(0, true);
  if (claimed > MOST_HEADER_BYTES || 8n + claimed > fileBytes) {
    throw damaged(path, `its header claims ${claimed} bytes, the file has ${fileBytes}`);
  }
  const headerBytes = Number(claimed);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(readExactly(fd, path, 8, headerBytes)));
  } catch {
    throw damaged(path, 'its header is not JSON');
  }
  const parsed = headerSchema.safeParse(withoutMetadata(header));
  if (!parsed.success) throw damaged(path, `its header is wrong: ${z.prettifyError(parsed.error)}`);

  const tensors = new Map<string, TensorEntry>(Object.entries(parsed.data));
  const dataStart = 8 + headerBytes;
  const problems = layoutProblems(tensors, fileBytes - dataStart);
  if (problems.length > MOST_PROBLEMS_NAMED) {
    problems.splice(
      MOST_PROBLEMS_NAMED,
      Infinity,
      `${problems.length - MOST_PROBLEMS_NAMED} more like these`,
    );
  }
  if (problems.length > 0) throw damaged(path, problems.join('; '));
  return { tensors, dataStart };
}

/** The header may hold one entry that is no tensor: free text about the file. */
function withoutMetadata(header: unknown): unknown {
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return header;
  return Object.fromEntries(Object.entries(header).filter(([name]) => name !== '__metadata__'));
}

function layoutProblems(tensors: ReadonlyMap<string, TensorEntry>, dataBytes: number): string[] {
  const problems: string[] = [];
  let before: readonly [name: string, end: number] = ['', 0];
  const byPlace = [...tensors].sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  for (const [name, { dtype, shape, data_offsets }] of byPlace) {
    const [from, to] = data_offsets;
    const wanted = shape.reduce((product, size) => product * size, elementBytes[dtype]);
    if (to - from !== wanted) {
      problems.push(
        `"${name}" has ${to - from} bytes, its shape [${shape.join(', ')}] of ${dtype} wants ${wanted}`,
      );
    } else if (to > dataBytes) {
      problems.push(`"${name}" ends ${to - dataBytes} bytes behind the end of the file`);
    } else if (from < before[1]) {
      problems.push(`"${name}" overlaps "${before[0]}" by ${before[1] - from} bytes`);
    }
    if (to > before[1]) before = [name, to];
  }
  return problems;
}

function readExactly(fd: number, path: string, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const count = readOnce(fd, path, bytes, read, from + read);
    if (count === 0) throw damaged(path, `it ends ${length - read} bytes too early`);
    read += count;
  }
  return bytes;
}

function readOnce(fd: number, path: string, into: Uint8Array, offset: number, position: number): number {
  try {
    return readSync(fd, into, offset, into.length - offset, position);
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function cannotRead(path: string, cause: unknown): SetupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SetupError(`cannot read ${path}: ${reason}`, { cause });
}

function damaged(path: string, reason: string): ConfigError {
  return new ConfigError(`${path}: not a complete safetensors file: ${reason}. Copy or download it again.`);
}
