// Errors cross threads as plain messages and come out as the class they were.

import { ConfigError, RunError, SetupError } from '../configs/errors.js';
import type { ErrorMessage } from './driver-protocol.js';

/** The posted form of anything that was thrown. */
export function toErrorMessage(thrown: unknown): ErrorMessage {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const kind =
    error instanceof ConfigError || error instanceof SetupError || error instanceof RunError
      ? error.name
      : 'Error';
  return { kind, message: error.message, stack: error.stack };
}

/** The error a message stands for, with the other thread's stack. */
export function fromErrorMessage({ kind, message, stack }: ErrorMessage): Error {
  const error = create(kind, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function create(kind: ErrorMessage['kind'], message: string): Error {
  switch (kind) {
    case 'ConfigError':
      return new ConfigError(message);
    case 'SetupError':
      return new SetupError(message);
    case 'RunError':
      return new RunError(message);
    case 'Error':
      return new Error(message);
  }
}
