// What a disk refuses, in our words.

import { ConfigError, RunError, SetupError } from '../../configs/errors.js';

/** SetupError for a full disk or a folder that may not be written; everything else comes back as it is. */
export function diskError(path: string, cause: unknown): unknown {
  if (cause instanceof ConfigError || cause instanceof SetupError || cause instanceof RunError) return cause;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new SetupError(`${path}: the disk is full. Free some space, or choose another folder by --to.`, {
        cause,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new SetupError(
        `${path}: no permission to write (${code}). Mend it, or choose another folder by --to.`,
        { cause },
      );
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return new SetupError(
        `${path}: something else lies in the way (${code}). Choose another place by --to.`,
        {
          cause,
        },
      );
    default:
      return cause;
  }
}
