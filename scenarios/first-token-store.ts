// Responses at the first token until their samples complete, on the driver's thread: in memory up to a bound, beyond it in a file.

import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { SetupError } from '../configs/errors.js';
import { RESPONSE_MEMORY_BYTES } from './response-ring.js';

export interface FirstTokenStore {
  /** Copies a response. */
  readonly keep: (sample: number, response: Uint8Array) => void;
  /** Gives it back once; empty where there is none. Valid until the next call. */
  readonly take: (sample: number) => Uint8Array;
  /** Removes the file. */
  readonly close: () => void;
  /** Of the disk; what could not be kept is missing. */
  readonly error: () => SetupError | undefined;
}

/** What a response costs in memory beside its bytes. */
const BYTES_PER_KEPT = 128;
const NO_RESPONSE = new Uint8Array(0);

/** For the samples of a phase. `path` is created when the memory is used up: 12 bytes a sample are kept then to find them again. */
export function createFirstTokenStore(
  sampleCount: number,
  path: string,
  memoryBytes = RESPONSE_MEMORY_BYTES,
): FirstTokenStore {
  const kept = new Map<number, Uint8Array>();
  let keptBytes = 0;
  let file: SpillFile | undefined;
  let error: SetupError | undefined;
  const orRemember = <T>(work: () => T): T | undefined => {
    if (error !== undefined) return undefined;
    try {
      return work();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      error = new SetupError(
        `cannot keep responses at the first token in ${path}: ${reason}. Make room and run again.`,
        { cause },
      );
      return undefined;
    }
  };
  return {
    keep(sample, response) {
      if (keptBytes < memoryBytes) {
        kept.set(sample, response.slice());
        keptBytes += response.length + BYTES_PER_KEPT;
      } else {
        orRemember(() => {
          file ??= openSpillFile(sampleCount, path);
          file.write(sample, response);
        });
      }
    },
    take(sample) {
      const response = kept.get(sample);
      if (response === undefined) return orRemember(() => file?.read(sample)) ?? NO_RESPONSE;
      kept.delete(sample);
      keptBytes -= response.length + BYTES_PER_KEPT;
      return response;
    },
    close: () => file?.close(),
    error: () => error,
  };
}

interface SpillFile {
  write(sample: number, response: Uint8Array): void;
  read(sample: number): Uint8Array | undefined;
  close(): void;
}

function openSpillFile(sampleCount: number, path: string): SpillFile {
  const fd = openSync(path, 'w+');
  const places = new Float64Array(sampleCount);
  /** Plus one; 0 = not here. */
  const lengths = new Int32Array(sampleCount);
  let end = 0;
  return {
    write(sample, response) {
      for (let done = 0; done < response.length;)
        done += writeSync(fd, response, done, response.length - done, end + done);
      places[sample] = end;
      lengths[sample] = response.length + 1;
      end += response.length;
    },
    read(sample) {
      if (lengths[sample] === 0) return undefined;
      const response = new Uint8Array(lengths[sample]! - 1);
      for (let done = 0; done < response.length;)
        done += readSync(fd, response, done, response.length - done, places[sample]! + done);
      return response;
    },
    close() {
      closeSync(fd);
      rmSync(path, { force: true });
    },
  };
}
