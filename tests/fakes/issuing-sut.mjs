// A SUT's side on an issue thread: notes who issued what, answers in the call with the QSL index, and does what `data` asks of it.

/**
 * `data`: `owners` int32[samples] gets the thread that issued each sample, plus one; `calls` int32[2] counts the calls by thread;
 * `failsAt` = [thread, call] at which it throws; `exitsAt` = the same, at which its thread ends; `waitsFor` = [thread, samples]: the thread's first call blocks until so many
 * samples are issued; `stopsAt` = samples after whose issue a stop is requested.
 */
export function connectIssueThread({ owners, calls, failsAt, exitsAt, waitsFor, stopsAt, control }, thread) {
  if (failsAt?.[1] === 'connect') throw new Error('no connection');
  const response = new Uint8Array(4);
  return {
    issueQuery(first, count, { shared, completeSample }) {
      const call = Atomics.add(calls, thread, 1);
      const issued = () => Atomics.load(shared.counters, 0);
      if (waitsFor?.[0] === thread && call === 0) {
        const until = performance.now() + 30_000;
        while (issued() < waitsFor[1])
          if (performance.now() > until) throw new Error(`only ${issued()} samples were issued meanwhile`);
      }
      if (exitsAt?.[0] === thread && call === exitsAt[1]) process.exit(3);
      if (failsAt?.[0] === thread && call === failsAt[1]) throw new Error('the cable was pulled');
      for (let i = 0; i < count; i++) {
        const sample = first + i * shared.issueThreads;
        Atomics.add(owners, sample, thread + 1);
        new DataView(response.buffer).setUint32(0, shared.sampleIndices[sample], true);
        completeSample(sample, response);
      }
      if (stopsAt !== undefined && issued() >= stopsAt) Atomics.store(control, 0, 1);
    },
  };
}
