// Turns zod's issues into our sentences: what must hold, and what we got.

import type { z } from 'zod';

/** A value as it is quoted in a message. */
export function quoted(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : JSON.stringify(value);
}

/** `must be greater than 0, got -1`: the issue without the name of what is wrong. */
export function explainIssue(issue: z.core.$ZodIssue, value: unknown): string {
  return `${requirement(issue)}, got ${quoted(value)}`;
}

function requirement(issue: z.core.$ZodIssue): string {
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- zod's other issues carry our own messages
  switch (issue.code) {
    case 'too_small':
      if (issue.origin === 'array') return 'must not be an empty list';
      if (issue.origin === 'string') return 'must not be empty';
      return `must be ${issue.inclusive === true ? 'at least' : 'greater than'} ${issue.minimum}`;
    case 'too_big':
      return `must be ${issue.inclusive === true ? 'at most' : 'less than'} ${issue.maximum}`;
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values
        .map(String)
        .join(', ')
        .replace(/, ([^,]*)$/, ' or $1')}`;
    case 'invalid_union':
      return 'must be a whole number from 0 to 2^64 - 1 in decimal digits (in JSON: in quotes)';
    default:
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'text',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};
