// What a file is: its size and its hashes, computed as the bytes pass.

import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** What a file was found to be. */
export interface FileContent {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Hex; only where it was asked for. */
  readonly md5?: string;
}

/** SHA-256 of bytes as they pass, and MD5 where a list publishes nothing better. */
export interface RunningHash {
  readonly update: (chunk: Uint8Array) => void;
  /** Once, at the end. */
  readonly content: () => FileContent;
}

export function createRunningHash(withMd5: boolean): RunningHash {
  const sha256 = createHash('sha256');
  const md5: Hash | undefined = withMd5 ? createHash('md5') : undefined;
  let bytes = 0;
  return {
    update(chunk) {
      sha256.update(chunk);
      md5?.update(chunk);
      bytes += chunk.length;
    },
    content: () => ({
      bytes,
      sha256: sha256.digest('hex'),
      ...(md5 === undefined ? {} : { md5: md5.digest('hex') }),
    }),
  };
}

/** Reads a whole file into `hash`, or into one of its own. */
export async function hashFile(path: string, hash = createRunningHash(false)): Promise<FileContent> {
  await feedFile(path, hash);
  return hash.content();
}

/** Reads a file into `hash`, which goes on afterwards. */
export async function feedFile(path: string, hash: RunningHash): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
}
