// A SUT's side on an issue thread that leaves the answers to a worker of the SUT.

import { cell } from '../../build/js/scenarios/index.js';

export const connectIssueThread = () => ({
  issueQuery: (_first, count, { shared }) => void Atomics.notify(shared.counters, cell.issued, count),
});
