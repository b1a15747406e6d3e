// What goes wrong between us and a server: what may pass is tried again, the rest is said at once.

import { ConfigError, SetupError } from '../../configs/errors.js';

/** Trouble that may pass. */
export class Passing extends Error {
  override readonly name = 'Passing';
  /** How long to wait before the next try, where the server says so. */
  readonly pauseMs: number | undefined;

  constructor(message: string, pauseMs?: number) {
    super(message);
    this.pauseMs = pauseMs;
  }
}

const LONGEST_WISH_MS = 60_000;
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What a status other than 200 and 206 means. */
export function refusal(url: string, status: number, text: string, pauseMs: number | undefined): Error {
  const said = text === '' ? `${status}` : `${status} ${text}`;
  if (passingStatuses.has(status)) return new Passing(`the server says ${said}`, pauseMs);
  if (status === 401 || status === 403) {
    return new ConfigError(
      `${url}: the server says ${said}. It wants an account or a licence accepted: load the file in a browser, then give it by --from FILE.`,
    );
  }
  return new ConfigError(
    `${url}: the server says ${said}. Check the address, or load the file by other means and give it by --from FILE.`,
  );
}

/** What Retry-After asks for: seconds, or a date that `nowMs` is taken from. */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_WISH_MS);
}

/** An error of `fetch` or of its body: the cause under it is what helps. */
export function networkTrouble(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (/CERT|SIGNATURE|SELF_SIGNED|ERR_TLS/.test(code)) {
    return new SetupError(
      `the server's certificate is not trusted (${code}). Behind a company's proxy, name its certificate in NODE_EXTRA_CA_CERTS.`,
      { cause: error },
    );
  }
  const message = cause.message === '' ? code : cause.message;
  return new Passing(`the connection failed: ${message}`);
}
