// How far a download is: a bar on a terminal, a plain line every ten seconds otherwise, nothing when it is quiet.

import { SingleBar } from 'cli-progress';

const LINE_EVERY_MS = 10_000;
const BAR_EVERY_MS = 250;

export interface TransferProgress {
  readonly update: (doneBytes: number, totalBytes: number | undefined) => void;
  readonly stop: () => void;
}

export interface TransferProgressOptions {
  readonly output: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> & NodeJS.WritableStream;
  readonly isQuiet: boolean;
  readonly nowMs: () => number;
}

/** Progress of one file; `stop` at its end, whatever happened. */
export function createTransferProgress(
  title: string,
  { output, isQuiet, nowMs }: TransferProgressOptions,
): TransferProgress {
  if (isQuiet) return { update: () => undefined, stop: () => undefined };
  const bar = output.isTTY
    ? new SingleBar({
        format: `${title} [{bar}] {detail}`,
        stream: output,
        clearOnComplete: true,
        hideCursor: true,
      })
    : undefined;
  const startMs = nowMs();
  let firstBytes: number | undefined;
  let lastMs = startMs;
  bar?.start(1000, 0, { detail: 'starting' });
  return {
    update(doneBytes, totalBytes) {
      firstBytes ??= doneBytes;
      const now = nowMs();
      if (now - lastMs < (bar === undefined ? LINE_EVERY_MS : BAR_EVERY_MS)) return;
      lastMs = now;
      const bytesPerS = ((doneBytes - firstBytes) * 1000) / Math.max(1, now - startMs);
      const detail = describeTransfer(doneBytes, totalBytes, bytesPerS);
      if (bar === undefined) output.write(`${title}: ${detail}\n`);
      else bar.update(totalBytes === undefined ? 0 : Math.floor((doneBytes / totalBytes) * 1000), { detail });
    },
    stop: () => bar?.stop(),
  };
}

function describeTransfer(doneBytes: number, totalBytes: number | undefined, bytesPerS: number): string {
  const rate = `${megabytes(bytesPerS)} MB/s`;
  if (totalBytes === undefined) return `${megabytes(doneBytes)} MB, ${rate}`;
  const left = bytesPerS > 0 ? `, ${Math.ceil((totalBytes - doneBytes) / bytesPerS)} s left` : '';
  return `${((doneBytes / totalBytes) * 100).toFixed(0)} %, ${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB, ${rate}${left}`;
}

/** 1 MB is 10^6 bytes. */
export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
