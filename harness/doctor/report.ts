// The doctor's report: for people, one line for each check; for programs, JSON.

import type { Machine } from '../../systems/machine.js';
import type { Check, CheckStatus } from './check.js';
import { isReady } from './examine.js';

/** Lines under their headings, what to do below each, and the sum. */
export function reportText(checks: readonly Check[]): string {
  const lines: string[] = [];
  let group = '';
  for (const check of checks) {
    if (check.group !== group) lines.push(`${lines.length === 0 ? '' : '\n'}${check.group}`);
    ({ group } = check);
    lines.push(`  ${check.status.padEnd('warning'.length)}  ${check.name}: ${check.found}`);
    if (check.advice !== undefined && check.advice !== '') lines.push(`           → ${check.advice}`);
  }
  const count = (status: CheckStatus) => checks.filter((check) => check.status === status).length;
  const verdict = isReady(checks)
    ? 'Ready to run.'
    : 'Not ready: what is missing above must be mended first.';
  return `${lines.join('\n')}\n\n${count('ok')} ok, ${count('warning')} warnings, ${count('missing')} missing. ${verdict}\n`;
}

/** The object that --json prints. */
export function reportObject(checks: readonly Check[], machine: Machine): Readonly<Record<string, unknown>> {
  return { doctor_format: 1, ready: isReady(checks), checks, machine };
}
