// One line of the doctor: what was looked at, what was found, and what to do about it.

export type CheckStatus = 'ok' | 'warning' | 'missing';

export interface Check {
  /** Heading: versions, libraries, GPUs … */
  readonly group: string;
  readonly name: string;
  /** missing: a run cannot work without; warning: it works, but its figures may suffer. */
  readonly status: CheckStatus;
  readonly found: string;
  /** What to do; not for what is ok. */
  readonly advice?: string;
}

/** Makes the checks of one group. */
export function checksOf(group: string) {
  return {
    ok: (name: string, found: string): Check => ({ group, name, status: 'ok', found }),
    warning: (name: string, found: string, advice: string): Check => ({
      group,
      name,
      status: 'warning',
      found,
      advice,
    }),
    missing: (name: string, found: string, advice: string): Check => ({
      group,
      name,
      status: 'missing',
      found,
      advice,
    }),
  };
}

export const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
