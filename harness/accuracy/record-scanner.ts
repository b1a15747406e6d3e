// Cuts a JSON array of objects into its records while the file streams by, so that a log of any size can be read.

/** One record of the array as it stands in the file. */
export interface ScannedRecord {
  readonly text: string;
  /** Line of the record's opening brace, from 1. */
  readonly line: number;
}

export interface RecordScanner {
  /** Takes the next bytes of the file and returns the records that end in them. @throws {ScanError} */
  push(chunk: Uint8Array): readonly ScannedRecord[];
  /** Called after the last byte. @throws {ScanError} when the array is not closed. */
  end(): void;
}

/** What is wrong with the array, and where. */
export class ScanError extends Error {
  override readonly name = 'ScanError';
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

// Place in the array and what may come next (blanks may come anywhere outside a record):
//   before  '[' → first
//   first   '{' → record, ']' → after
//   record  … its closing brace → next        (a record may hold objects and strings with braces)
//   next    ',' → comma, ']' → after
//   comma   '{' → record
//   after   nothing
type Place = 'before' | 'first' | 'record' | 'next' | 'comma' | 'after';

const wanted: Readonly<Record<Exclude<Place, 'record'>, string>> = {
  before: 'the "[" that opens the list',
  first: 'a record or "]"',
  next: '"," or "]" after a record',
  comma: 'a record after ","',
  after: 'nothing after the closing "]"',
};

const code = (character: string) => character.charCodeAt(0);
const NEW_LINE = code('\n');
const QUOTE = code('"');
const BACKSLASH = code('\\');
const OPEN_BRACE = code('{');
const CLOSE_BRACE = code('}');
const BLANKS = [code(' '), code('\t'), code('\r'), NEW_LINE];

export function createRecordScanner(): RecordScanner {
  let place: Place = 'before';
  let line = 1;
  let recordLine = 1;
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  /** The record so far, where it began in an earlier chunk. */
  let earlier: Uint8Array[] = [];

  /** Reads on inside a record; returns the place after its closing brace, or the chunk's end. */
  const readRecord = (chunk: Uint8Array, from: number): number => {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isInString = false;
      } else if (byte === QUOTE) isInString = true;
      else if (byte === OPEN_BRACE) depth++;
      else if (byte === NEW_LINE) line++;
      else if (byte === CLOSE_BRACE && --depth === 0) {
        place = 'next';
        return at + 1;
      }
    }
    return chunk.length;
  };

  const placeAfter = (byte: number, now: Exclude<Place, 'record'>): Place => {
    const character = String.fromCharCode(byte);
    if (now === 'before' && character === '[') return 'first';
    if ((now === 'first' || now === 'comma') && character === '{') return 'record';
    if ((now === 'first' || now === 'next') && character === ']') return 'after';
    if (now === 'next' && character === ',') return 'comma';
    throw new ScanError(line, `${wanted[now]} is wanted, got ${JSON.stringify(character)}`);
  };

  return {
    push(chunk) {
      const records: ScannedRecord[] = [];
      let at = 0;
      while (at < chunk.length) {
        if (place === 'record') {
          const from = at;
          at = readRecord(chunk, from);
          // The chunk may be reused by whoever reads the file: copied.
          earlier.push(chunk.slice(from, at));
          if ((place as Place) !== 'next') break; // readRecord sets it
          records.push({ text: Buffer.concat(earlier).toString(), line: recordLine });
          earlier = [];
          continue;
        }
        const byte = chunk[at]!;
        if (byte === NEW_LINE) line++;
        if (!BLANKS.includes(byte)) {
          place = placeAfter(byte, place);
          if (place === 'record') {
            recordLine = line;
            depth = 0;
            isInString = false;
            continue; // the brace belongs to the record
          }
        }
        at++;
      }
      return records;
    },
    end() {
      if (place === 'after') return;
      throw new ScanError(
        place === 'record' ? recordLine : line,
        place === 'record'
          ? 'the file ends in the middle of this record'
          : `the file ends here, but ${wanted[place]} is wanted`,
      );
    },
  };
}
