// A WordPiece vocabulary: vocab.txt of a BERT model, one piece per line, the line number is its id.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigError, SetupError } from '../../configs/errors.js';

export interface Vocabulary {
  /** Piece of each id; pieces inside a word begin with `##`. */
  readonly pieces: readonly string[];
  /** Id of each piece. */
  readonly ids: ReadonlyMap<string, number>;
  /** Ids of [CLS], [SEP] and [UNK]. */
  readonly clsId: number;
  readonly sepId: number;
  readonly unknownId: number;
  /** SHA-256 of the file's bytes, lower-case hex. */
  readonly sha256: string;
}

/**
 * Reads a vocabulary.
 *
 * @throws {SetupError} when the file cannot be read.
 * @throws {ConfigError} when it lacks [CLS], [SEP] or [UNK].
 */
export async function readVocabulary(file: string): Promise<Vocabulary> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot read the vocabulary ${file}: ${reason}. A model folder needs its vocab.txt.`;
    throw new SetupError(message, { cause });
  }
  return parseVocabulary(bytes, file);
}

/** The vocabulary in the bytes of a vocab.txt; `file` is for messages. @throws {ConfigError} */
export function parseVocabulary(bytes: Uint8Array, file: string): Vocabulary {
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/u);
  if (lines.at(-1) === '') lines.pop();
  const pieces = lines.map((line) => line.trim());
  const ids = new Map(pieces.map((piece, id) => [piece, id]));
  const [clsId, sepId, unknownId] = ['[CLS]', '[SEP]', '[UNK]'].map((piece) => ids.get(piece));
  if (clsId === undefined || sepId === undefined || unknownId === undefined) {
    const missing = ['[CLS]', '[SEP]', '[UNK]'].filter((piece) => !ids.has(piece));
    throw new ConfigError(
      `${file}: ${missing.join(', ')} missing among its ${pieces.length} lines; a BERT vocabulary has one piece per line`,
    );
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { pieces, ids, clsId, sepId, unknownId, sha256 };
}
