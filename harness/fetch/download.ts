// One file over HTTP: goes on where an earlier try stopped (RFC 9110: Range, If-Range), tries again with growing pauses, hashes
// what passes. Until it is whole and checked it is called <file>.part.

import { closeSync, openSync, writeSync } from 'node:fs';
import { ConfigError, SetupError } from '../../configs/errors.js';
import { diskError } from './disk-error.js';
import { checkContent } from './expected-content.js';
import { createRunningHash, feedFile, hashFile, type FileContent } from './file-content.js';
import { networkTrouble, Passing, refusal, retryAfterMs } from './http-trouble.js';
import { dropPartial, findPartial, finishPartial, writeNote, type PartialFile } from './partial-file.js';
import type { ExpectedContent } from './presets.js';

export interface DownloadRequest {
  readonly url: string;
  /** Where the whole file will lie; its folder exists. */
  readonly file: string;
  readonly expected: ExpectedContent;
}

export interface DownloadTools {
  /** Shows a line: each new try, each new start. */
  readonly say: (line: string) => void;
  readonly progress: (doneBytes: number, totalBytes: number | undefined) => void;
  /** Stops; the part stays for the next time. */
  readonly signal: AbortSignal;
  /** New tries after the first that came no further. */
  readonly retryCount: number;
  /** A server that sends nothing for so long is given up. */
  readonly stallMs: number;
  /** Waits before a new try; rejects when `signal` does. */
  readonly pause: (ms: number) => Promise<void>;
}

const LONGEST_PAUSE_MS = 30_000;

/**
 * Downloads a file.
 *
 * @throws {ConfigError} for an address that has no such file, and for content that is not what was expected (it is removed).
 * @throws {SetupError} when the network fails to the last try, the disk is full or the folder may not be written.
 */
export async function download(request: DownloadRequest, tools: DownloadTools): Promise<FileContent> {
  const { url, file } = request;
  let furthest = findPartial(file, url).bytes;
  for (let failures = 0; ;) {
    try {
      return await tryOnce(request, tools);
    } catch (error) {
      tools.signal.throwIfAborted();
      if (!(error instanceof Passing)) throw diskError(file, error);
      const { bytes } = findPartial(file, url);
      failures = bytes > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, bytes);
      if (failures > tools.retryCount) {
        throw new SetupError(
          `${url}: ${error.message}. Given up after ${failures} tries; ` +
            `${bytes} bytes are kept, the same command goes on from there.`,
          { cause: error },
        );
      }
      const pauseMs = error.pauseMs ?? Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (failures - 1));
      tools.say(
        `${url}: ${error.message}; trying again in ${Math.ceil(pauseMs / 1000)} s (${failures} of ${tools.retryCount})`,
      );
      await tools.pause(pauseMs);
    }
  }
}

async function tryOnce(request: DownloadRequest, tools: DownloadTools): Promise<FileContent> {
  const { url, file, expected } = request;
  const part = findPartial(file, url);
  const total = part.note?.total_bytes ?? expected.bytes;
  if (part.bytes > 0 && part.bytes === total) return finish(request);
  const validator = strongValidator(part);
  const canGoOn = part.bytes > 0 && (validator !== undefined || expected.sha256 !== undefined);

  using patience = createPatience(tools);
  const response = await patience.while(() =>
    fetch(url, {
      headers: {
        'user-agent': 'loadrig',
        'accept-encoding': 'identity', // ranges and sizes are then those of the file
        ...(canGoOn ? { range: `bytes=${part.bytes}-` } : {}),
        ...(canGoOn && validator !== undefined ? { 'if-range': validator } : {}),
      },
      signal: patience.signal,
    }),
  );
  checkRedirect(request, response);
  if (response.status === 416 || (response.status === 206 && !isContinuation(response, part))) {
    await response.body?.cancel();
    dropPartial(file);
    throw new Passing(`the server's file is not the one of the part (${response.status}): from the start`, 0);
  }
  if (response.status !== 200 && response.status !== 206) {
    await response.body?.cancel();
    throw refusal(url, response.status, response.statusText, retryAfterMs(response.headers, Date.now()));
  }
  const goesOn = response.status === 206;
  if (part.bytes > 0) {
    tools.say(
      goesOn ? `${url}: goes on at byte ${part.bytes}` : `${url}: the server sends it from the start again`,
    );
  }
  return await receive(request, response, goesOn ? part.bytes : 0, patience, tools);
}

async function receive(
  request: DownloadRequest,
  response: Response,
  startBytes: number,
  patience: Patience,
  { progress }: DownloadTools,
): Promise<FileContent> {
  const { url, file, expected } = request;
  const totalBytes = totalOf(response, startBytes);
  if (expected.bytes !== undefined && totalBytes !== undefined && totalBytes !== expected.bytes) {
    await response.body?.cancel();
    throw new ConfigError(
      `${url}: the server has ${totalBytes} bytes, not the ${expected.bytes} that were expected. The file has changed or is another; nothing was loaded.`,
    );
  }
  writeNote(file, {
    url,
    ...valueIf('etag', response.headers.get('etag')),
    ...valueIf('last_modified', response.headers.get('last-modified')),
    ...(totalBytes === undefined ? {} : { total_bytes: totalBytes }),
  });
  const hash = createRunningHash(expected.md5 !== undefined);
  if (startBytes > 0) await feedFile(`${file}.part`, hash);
  let doneBytes = startBytes;
  const descriptor = openSync(`${file}.part`, startBytes > 0 ? 'a' : 'w');
  try {
    const chunks = response.body?.[Symbol.asyncIterator]() as AsyncIterator<Uint8Array> | undefined;
    for (;;) {
      const next = await patience.while(async () => chunks?.next());
      if (next === undefined || next.done === true) break;
      for (let from = 0; from < next.value.length;) from += writeSync(descriptor, next.value, from);
      hash.update(next.value);
      doneBytes += next.value.length;
      progress(doneBytes, totalBytes ?? expected.bytes);
    }
  } finally {
    closeSync(descriptor);
  }
  const wanted = totalBytes ?? expected.bytes;
  if (wanted !== undefined && doneBytes < wanted) {
    throw new Passing(`the server ended after ${doneBytes} of ${wanted} bytes`);
  }
  return accept(request, hash.content());
}

/** An earlier call was stopped between the last byte and the name. */
async function finish(request: DownloadRequest): Promise<FileContent> {
  const hash = createRunningHash(request.expected.md5 !== undefined);
  return accept(request, await hashFile(`${request.file}.part`, hash));
}

function accept({ url, file, expected }: DownloadRequest, content: FileContent): FileContent {
  try {
    checkContent(url, expected, content, 'It was removed; load it again, or from another place by --from.');
  } catch (error) {
    dropPartial(file);
    throw error;
  }
  finishPartial(file);
  return content;
}

/** A weak ETag says nothing about bytes (RFC 9110, 13.1.5). */
function strongValidator({ note }: PartialFile): string | undefined {
  return note?.etag?.startsWith('W/') === false ? note.etag : note?.last_modified;
}

function isContinuation({ headers }: Response, part: PartialFile): boolean {
  const [, start, , total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
  const etag = headers.get('etag');
  return (
    Number(start) === part.bytes &&
    (etag === null || part.note?.etag === undefined || etag === part.note.etag) &&
    (total === '*' || part.note?.total_bytes === undefined || Number(total) === part.note.total_bytes)
  );
}

function totalOf({ headers }: Response, startBytes: number): number | undefined {
  // A body that was compressed all the same has the length of something else.
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity') return undefined;
  const length = headers.get('content-length');
  return length === null ? undefined : startBytes + Number(length);
}

/** What was asked for in secret must not come in the open, unless its hash is known. */
function checkRedirect({ url, expected }: DownloadRequest, response: Response): void {
  if (url.startsWith('https:') && response.url.startsWith('http:') && expected.sha256 === undefined) {
    throw new ConfigError(
      `${url} leads to ${response.url}, which is not encrypted. Give --sha256 to accept it, or load the file by other means.`,
    );
  }
}

const valueIf = <K extends string>(key: K, value: string | null) =>
  (value === null ? {} : { [key]: value }) as Partial<Record<K, string>>;

interface Patience extends Disposable {
  readonly signal: AbortSignal;
  /** Waits for the server, at most `stallMs`. @throws {Passing} for trouble that may pass. */
  while<T>(wait: () => Promise<T>): Promise<T>;
}

function createPatience({ signal, stallMs }: DownloadTools): Patience {
  const stalled = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const both = AbortSignal.any([signal, stalled.signal]);
  return {
    signal: both,
    async while(wait) {
      timer = setTimeout(() => stalled.abort(), stallMs);
      try {
        return await wait();
      } catch (error) {
        signal.throwIfAborted();
        if (stalled.signal.aborted) throw new Passing(`nothing came for ${stallMs / 1000} s`);
        throw networkTrouble(error);
      } finally {
        clearTimeout(timer);
      }
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      stalled.abort(); // closes the connection where a try ended before the body did
    },
  };
}
