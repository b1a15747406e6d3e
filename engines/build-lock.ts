// One builder at a time, over processes: a lock file beside the thing that is built.

import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
/** How often a builder shows that it lives. */
const HEARTBEAT_MS = 5_000;
/** A lock without a sign of life for so long is abandoned, wherever its owner ran. */
const ABANDONED_MS = 60_000;

/**
 * Runs `build` while holding the lock file; waits for another holder first. A lock whose process is gone is taken over.
 *
 * @param onWait called once if another holder has to be waited for.
 */
export async function withBuildLock<T>(
  lockFile: string,
  onWait: () => void,
  build: () => Promise<T>,
): Promise<T> {
  for (let waited = false; !tryTake(lockFile);) {
    if (isAbandoned(lockFile)) {
      rmSync(lockFile, { force: true });
      continue;
    }
    if (!waited) onWait();
    waited = true;
    await sleep(POLL_MS);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(lockFile, now, now);
    } catch {
      // Somebody removed the lock: the build still ends in one rename, so nothing half built can be seen.
    }
  }, HEARTBEAT_MS);
  try {
    return await build();
  } finally {
    clearInterval(heartbeat);
    rmSync(lockFile, { force: true });
  }
}

function tryTake(lockFile: string): boolean {
  try {
    writeFileSync(lockFile, `${hostname()} ${process.pid}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function isAbandoned(lockFile: string): boolean {
  try {
    if (Date.now() - statSync(lockFile).mtimeMs > ABANDONED_MS) return true;
    const [host, pid] = readFileSync(lockFile, 'utf8').split(' ');
    return host === hostname() && pid !== undefined && !isAlive(Number(pid));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false; // released meanwhile
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** The code of a system error (ENOENT …); undefined of any other error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
