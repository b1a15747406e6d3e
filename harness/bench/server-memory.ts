// A Server run of ten million queries in a process of its own, so that its peak memory is nobody else's. Prints JSON.

import { runNull } from './null-run.js';

export interface ServerMemory {
  readonly queries: number;
  /** Peak resident memory of the process, the runtime's own included. */
  readonly peak_mib: number;
}

const { result } = await runNull({
  scenario: 'Server',
  server_target_qps: 1_000_000,
  server_target_latency_ns: 1_000_000_000,
  min_duration_ms: 10_000,
});
const memory: ServerMemory = {
  queries: result.performance?.queriesIssued ?? 0,
  peak_mib: Math.round(process.resourceUsage().maxRSS / 1024),
};
process.stdout.write(JSON.stringify(memory));
