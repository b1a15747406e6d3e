// The two threads of an inference stream. Here time is measured: nothing allocates, logs, or takes a lock but to sleep.

#include <algorithm>

#include "cpu-affinity.h"
#include "phase.h"

namespace loadrig {

template <class Work>
void Phase::guard(Worker& worker, Work work) {
  try {
    const CpuAffinity affinity(worker.engine.options.cpus);
    worker.engine.context.makeCurrent();
    work();
  } catch (...) {
    fail(std::current_exception());
  }
  worker.runningThreads--;
  endBell_.ring();
}

void Phase::startThreads() {
  const auto start = [this](Worker& worker, auto work) {
    worker.runningThreads++;
    try {
      return std::thread([this, &worker, work] { guard(worker, [&] { (this->*work)(worker); }); });
    } catch (...) {
      worker.runningThreads--;
      throw;
    }
  };
  try {
    for (Worker& worker : workers_) {
      worker.responder = start(worker, &Phase::completeBatches);
      worker.issuer = start(worker, &Phase::issueBatches);
    }
  } catch (...) {
    // A machine out of threads: those that began are joined before the phase goes.
    fail(std::current_exception());
    stop();
    throw;
  }
}

void Phase::load(Worker& worker, Slot& slot, const Claim& claim) {
  slot.firstPlace = claim.first;
  slot.count = claim.count;
  for (int32_t i = 0; i < claim.count; i++) {
    const auto sample = static_cast<size_t>(worker.queue.sampleAt(claim.first + i));
    slot.indices[static_cast<size_t>(i)] = records_.sampleIndices[sample];
  }
}

void Phase::count(Worker& worker, const Issued& issued) {
  PhaseFacts& facts = worker.facts;
  facts.batches++;
  facts.samples += issued.size.samples;
  facts.tokens += issued.size.tokens;
  facts.tokensRun += issued.shape.tokensRun(worker.engine.network.form);
  if (issued.byGraph)
    facts.graphLaunches++;
  else
    facts.enqueues++;
}

bool Phase::waitForBatch(Worker& worker, Claim& claim) {
  bool isTaken = false;
  const auto canGoOn = [&] {
    if (isOver()) return true;
    isTaken = worker.queue.take(claim);
    return isTaken;
  };
  if (canGoOn()) return isTaken;
  const int64_t spinNs = std::max(options_.spinNs, options_.rules.queueDelayNs);
  while (!workBell_.waitUntil(canGoOn, spinNs, 0)) {
    // The driver rings only while it sees sleepers: counted before the last look, so that none of its rings is missed.
    records_.sleepers.add(1);
    workBell_.waitUntil([&] { return isOver() || worker.queue.hasWork(); }, 0);
    records_.sleepers.add(-1);
  }
  return isTaken;
}

void Phase::issueBatches(Worker& worker) {
  for (size_t next = 0;; next = (next + 1) % worker.stream.slotCount()) {
    Slot& slot = worker.stream.slot(next);
    // A free slot first, then the batch: a claim that nobody can begin would only grow old.
    worker.slotBell.waitUntil([&] { return !slot.isIssued.load() || hasFailed_.load(); }, options_.spinNs);
    Claim claim;
    if (hasFailed_.load() || !waitForBatch(worker, claim)) break;
    load(worker, slot, claim);
    const Issued issued = worker.stream.issue(slot, worker.source, options_.useGraphs);
    worker.shapes[next] = issued.shape;
    slot.isIssued.store(true);
    worker.slotBell.ring();
    count(worker, issued);
  }
  worker.isIssuing.store(false);
  worker.slotBell.ring();
}

void Phase::completeBatches(Worker& worker) {
  for (size_t next = 0;; next = (next + 1) % worker.stream.slotCount()) {
    Slot& slot = worker.stream.slot(next);
    worker.slotBell.waitUntil([&] { return slot.isIssued.load() || !worker.isIssuing.load() || hasFailed_.load(); },
                              options_.spinNs);
    if (!slot.isIssued.load() || hasFailed_.load()) break;
    slot.d2hDone.wait();
    if (hasFailed_.load()) break;
    complete(worker, slot, worker.shapes[next], nowNs());
    slot.isIssued.store(false);
    worker.slotBell.ring();
  }
}

void Phase::complete(Worker& worker, const Slot& slot, const BatchShape& shape, int64_t atNs) {
  const float* row = slot.logitsOfHost();
  for (int32_t i = 0; i < slot.count; i++) {
    const int32_t sample = worker.queue.sampleAt(slot.firstPlace + i);
    const int length = worker.engine.samples().length(slot.indices[static_cast<size_t>(i)]);
    records_.keepResponse(sample, row, static_cast<size_t>(length) * 2);
    records_.completedNs[static_cast<size_t>(sample)] = static_cast<double>(atNs);
    row += worker.engine.network.rowFloats(shape, length);
  }
  if (records_.countCompleted(slot.count)) completedBell_.ring();
}

}  // namespace loadrig
