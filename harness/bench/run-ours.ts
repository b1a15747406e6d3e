// Our driver on a workload, from another process.

import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { OurFigures } from './null-process.js';
import type { Workload } from './workloads.js';

const PROCESS = fileURLToPath(new URL('./null-process.js', import.meta.url));

/** One run in a fresh process. */
export async function runOurs(workload: Workload): Promise<OurFigures> {
  const { stdout } = await execa(process.execPath, [PROCESS, JSON.stringify(workload)]);
  return JSON.parse(stdout) as OurFigures; // printed by null-process.ts
}
