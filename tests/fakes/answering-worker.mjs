// A SUT's thread, written with the compiled library alone: takes samples from the shared counters and answers with their index.

import { parentPort } from 'node:worker_threads';
import { cell, createClock, openPhaseRecords } from '../../build/js/scenarios/index.js';

parentPort.once('message', (shared) => {
  const { counters, issueOrder, sampleIndices } = shared;
  const records = openPhaseRecords(shared, createClock());
  const response = new Uint8Array(4);
  parentPort.postMessage('ready');
  let next = 0;
  while (Atomics.load(counters, cell.ended) === 0) {
    const issued = Atomics.load(counters, cell.issued);
    if (next === issued) Atomics.wait(counters, cell.issued, issued, 100);
    for (; next < issued; next++) {
      const sample = issueOrder.length === 0 ? next : issueOrder[next];
      new DataView(response.buffer).setUint32(0, sampleIndices[sample], true);
      records.completeSample(sample, response);
    }
  }
});
