// A server on this machine that serves one file, well or badly, and remembers what it was asked.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer extends AsyncDisposable {
  readonly url: string;
  /** The Range header of each request, in order; "whole" where there was none. */
  readonly asked: string[];
}

export type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

export async function startServer(answer: Answer): Promise<FileServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.range ?? 'whole');
    answer(request, response, asked.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/models/model.bin`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Serving {
  readonly etag?: string;
  /** Sends no more than so many bytes of the answer, then falls silent. */
  readonly sendOnly?: number;
}

/** Serves `content` as RFC 9110 has it: ranges, If-Range, 416. */
export function serve(
  content: Buffer,
  { etag = '"v1"', sendOnly }: Serving,
  { headers }: IncomingMessage,
  response: ServerResponse,
): void {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? NaN);
  const isRange = !Number.isNaN(start) && (headers['if-range'] ?? etag) === etag;
  if (isRange && start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const body = isRange ? content.subarray(start) : content;
  response.writeHead(isRange ? 206 : 200, {
    etag,
    'content-length': body.length,
    ...(isRange ? { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` } : {}),
  });
  if (sendOnly === undefined) response.end(body);
  else response.write(body.subarray(0, sendOnly));
}
