// Downloads against a server on this machine that breaks each promise of HTTP in turn.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError, SetupError } from '../../../configs/errors.js';
import { download, type DownloadTools } from '../../../harness/fetch/download.js';
import type { ExpectedContent } from '../../../harness/fetch/presets.js';
import { serve, startServer } from './file-server.js';

const content = randomBytes(300_000);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

let folder = '';
let file = '';
let said: string[] = [];
let pauses: number[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loadrig-download-'));
  file = join(folder, 'model.bin');
  said = [];
  pauses = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const tools = (more: Partial<DownloadTools> = {}): DownloadTools => ({
  say: (line) => said.push(line),
  progress: () => undefined,
  signal: new AbortController().signal,
  retryCount: 3,
  stallMs: 20_000,
  pause: (ms) => {
    pauses.push(ms);
    return Promise.resolve();
  },
  ...more,
});
const load = (url: string, expected: ExpectedContent = {}, more: Partial<DownloadTools> = {}) =>
  download({ url, file, expected }, tools(more));

function leavePart(url: string, bytes: Buffer, etag = '"v1"'): void {
  writeFileSync(`${file}.part`, bytes);
  writeFileSync(`${file}.part.json`, JSON.stringify({ url, etag, total_bytes: content.length }));
}

test('a file comes whole, is hashed as it passes, and leaves nothing else behind', async () => {
  await using server = await startServer((request, response) => serve(content, {}, request, response));
  const steps: (readonly [number, number | undefined])[] = [];
  const got = await load(
    server.url,
    { bytes: content.length, sha256: sha256(content), md5: createHash('md5').update(content).digest('hex') },
    { progress: (done, total) => steps.push([done, total]) },
  );
  expect(got).toMatchObject({ bytes: content.length, sha256: sha256(content) });
  expect(readFileSync(file).equals(content)).toBe(true);
  expect(readdirSync(folder)).toEqual(['model.bin']);
  expect(steps.at(-1)).toEqual([content.length, content.length]);
});

test('an interrupted download goes on where it stopped, and the hash is that of the whole', async () => {
  await using server = await startServer((request, response) => serve(content, {}, request, response));
  leavePart(server.url, content.subarray(0, 100_000));
  const got = await load(server.url);
  expect(server.asked).toEqual(['bytes=100000-']);
  expect(got.sha256).toBe(sha256(content));
  expect(said).toEqual([`${server.url}: goes on at byte 100000`]);
});

test('a part that lacks only its name is finished without asking the server', async () => {
  await using server = await startServer((request, response) => serve(content, {}, request, response));
  leavePart(server.url, content);
  expect((await load(server.url, { sha256: sha256(content) })).bytes).toBe(content.length);
  expect(server.asked).toEqual([]);
});

/** The server's end cuts the connection once all that it sent has arrived: what is kept then does not hang on timing. */
function cutting(everyBytes: number) {
  let open: ServerResponse | undefined;
  return {
    sendAndCut: (request: IncomingMessage, response: ServerResponse) => {
      open = response;
      serve(content, { sendOnly: everyBytes }, request, response);
    },
    progress: (doneBytes: number) => {
      if (doneBytes % everyBytes === 0) open?.destroy();
    },
  };
}

test('a server that ends early is asked again from there, after a pause', async () => {
  const { sendAndCut, progress } = cutting(120_000);
  await using server = await startServer((request, response, count) =>
    count < 3 ? sendAndCut(request, response) : serve(content, {}, request, response),
  );
  const got = await load(server.url, {}, { progress });
  expect(got.sha256).toBe(sha256(content));
  expect(server.asked).toEqual(['whole', 'bytes=120000-', 'bytes=240000-']);
  expect(pauses).toEqual([1000, 1000]);
  expect(said[0]).toContain('trying again in 1 s (1 of 3)');
});

test('a server that always ends at the same byte is given up; what came is kept and named', async () => {
  const { sendAndCut, progress } = cutting(120_000);
  await using server = await startServer((request, response) => {
    if (request.headers.range === undefined) sendAndCut(request, response);
    else response.destroy();
  });
  const error = await load(server.url, {}, { progress }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SetupError);
  expect((error as Error).message).toMatch(/Given up after 4 tries; 120000 bytes are kept/);
  expect(existsSync(file)).toBe(false);
  expect(pauses).toEqual([1000, 2000, 4000]);
  expect(readFileSync(`${file}.part`).equals(content.subarray(0, 120_000))).toBe(true);
});

test('a server without ranges sends it again from the start, which is said', async () => {
  await using server = await startServer((_, response) => {
    response.writeHead(200, { 'content-length': content.length }).end(content);
  });
  leavePart(server.url, content.subarray(0, 5000));
  expect((await load(server.url)).sha256).toBe(sha256(content));
  expect(said).toEqual([`${server.url}: the server sends it from the start again`]);
});

test('a file that changed meanwhile is loaded anew: nothing of the old one stays', async () => {
  const changed = randomBytes(200_000);
  await using server = await startServer((request, response) =>
    serve(changed, { etag: '"v2"' }, request, response),
  );
  leavePart(server.url, content.subarray(0, 100_000));
  expect((await load(server.url)).sha256).toBe(sha256(changed));
  expect(readFileSync(file).equals(changed)).toBe(true);
});

test.each([
  ['another ETag', { etag: '"v2"', 'content-range': `bytes 1000-299999/300000` }],
  ['another start', { etag: '"v1"', 'content-range': `bytes 0-299999/300000` }],
  ['another size', { etag: '"v1"', 'content-range': `bytes 1000-399999/400000` }],
])('a partial answer with %s does not continue the part', async (_, headers) => {
  await using server = await startServer((request, response, count) => {
    if (count > 1) serve(content, {}, request, response);
    else response.writeHead(206, headers).end('of something else');
  });
  leavePart(server.url, content.subarray(0, 1000));
  expect((await load(server.url)).sha256).toBe(sha256(content));
  expect(server.asked).toEqual(['bytes=1000-', 'whole']);
  expect(said[0]).toContain('from the start');
});

test('a part that is longer than the file (416) is thrown away', async () => {
  await using server = await startServer((request, response) => serve(content, {}, request, response));
  writeFileSync(`${file}.part`, Buffer.concat([content, content]));
  writeFileSync(`${file}.part.json`, JSON.stringify({ url: server.url, etag: '"v1"' }));
  expect((await load(server.url)).sha256).toBe(sha256(content));
  expect(server.asked).toEqual(['bytes=600000-', 'whole']);
});

test('the part of another address is not taken', async () => {
  await using server = await startServer((request, response) => serve(content, {}, request, response));
  leavePart('https://example.org/other.bin', Buffer.alloc(1000));
  expect((await load(server.url)).sha256).toBe(sha256(content));
  expect(server.asked).toEqual(['whole']);
});

test('a part without anything to recognise the file by is not continued', async () => {
  await using server = await startServer((request, response) => serve(content, {}, request, response));
  leavePart(server.url, content.subarray(0, 1000), 'W/"weak"');
  await load(server.url);
  expect(server.asked).toEqual(['whole']);
});

test('a wrong hash is an error with both hashes, and the file is gone', async () => {
  await using server = await startServer((request, response) => serve(content, {}, request, response));
  const wanted = 'a'.repeat(64);
  const error = await load(server.url, { sha256: wanted }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toContain(sha256(content));
  expect((error as Error).message).toContain(wanted);
  expect(readdirSync(folder)).toEqual([]);
});

test('a file of another size than published is not even loaded', async () => {
  await using server = await startServer((request, response) => serve(content, {}, request, response));
  await expect(load(server.url, { bytes: 17 })).rejects.toThrow(
    'the server has 300000 bytes, not the 17 that were expected',
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('redirects are followed', async () => {
  await using server = await startServer((request, response) => {
    if (request.url === '/elsewhere') serve(content, {}, request, response);
    else response.writeHead(302, { location: '/elsewhere' }).end();
  });
  expect((await load(server.url)).bytes).toBe(content.length);
});

test.each([
  [404, /404.*Check the address/],
  [403, /403.*account.*--from FILE/],
  [410, /410/],
])('status %i is said at once and not tried again', async (status, message) => {
  await using server = await startServer((_, response) => response.writeHead(status).end());
  const error = await load(server.url).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toMatch(message);
  expect(server.asked).toHaveLength(1);
});

test('a busy server is tried again after the time it asks for', async () => {
  await using server = await startServer((request, response, count) => {
    if (count === 1) response.writeHead(503, { 'retry-after': '7' }).end();
    else if (count === 2) response.writeHead(429).end();
    else serve(content, {}, request, response);
  });
  await load(server.url);
  expect(pauses).toEqual([7000, 2000]);
});

test('a server that is not there is tried again with growing pauses, then named', async () => {
  const server = await startServer(() => undefined);
  const { url } = server;
  await server[Symbol.asyncDispose]();
  await expect(load(url)).rejects.toThrow(/ECONNREFUSED.*Given up after 4 tries; 0 bytes/);
  expect(pauses).toEqual([1000, 2000, 4000]);
});

test('a server that falls silent is given up', async () => {
  await using server = await startServer((_, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('abc');
  });
  await expect(load(server.url, {}, { stallMs: 50, retryCount: 0 })).rejects.toThrow(
    /nothing came for 0.05 s. Given up/,
  );
});

test('stopped by the user, the part stays and the next call goes on', async () => {
  const controller = new AbortController();
  await using server = await startServer((request, response, count) => {
    if (count > 1) serve(content, {}, request, response);
    else {
      response.writeHead(200, { etag: '"v1"', 'content-length': content.length });
      response.write(content.subarray(0, 50_000));
    }
  });
  await expect(
    load(server.url, {}, { signal: controller.signal, progress: () => controller.abort() }),
  ).rejects.toThrow(/abort/i);
  expect((await load(server.url)).sha256).toBe(sha256(content));
  expect(server.asked[1]).toMatch(/^bytes=[1-9]\d*-$/);
});
