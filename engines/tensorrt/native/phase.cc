// Life of a phase: start, waiting for it, the call without threads, the end.

#include "phase.h"

#include <algorithm>

namespace loadrig {

namespace {

constexpr int64_t HANG_NS = 10'000'000'000;

}  // namespace

HandleTable<Phase>& phases() {
  static HandleTable<Phase> table("phase");
  return table;
}

Phase::Phase(int handle, std::vector<EngineUse> engines, const PhaseRecords& records, const PhaseOptions& options)
    : handle(handle), engines_(std::move(engines)), records_(records), options_(options) {
  for (const EngineUse& use : engines_) {
    use.engine().phase = this;
    for (InferenceStream& stream : use.engine().streams)
      workers_.emplace_back(use.engine(), stream, records_, options_);
  }
  if (!options_.inCall) startThreads();
}

Phase::~Phase() {
  stop();
}

bool Phase::haveThreadsEnded() const {
  return std::all_of(workers_.begin(), workers_.end(), [](const Worker& worker) { return worker.runningThreads == 0; });
}

bool Phase::stop() {
  const std::lock_guard<std::mutex> lock(stopMutex_);
  if (engines_.empty()) return !isAbandoned_;
  records_.ended.store(1);
  workBell_.ring();
  for (Worker& worker : workers_) worker.slotBell.ring();
  if (!endBell_.waitUntil([this] { return haveThreadsEnded(); }, 0, HANG_NS)) {
    abandon();
    return false;
  }
  for (Worker& worker : workers_) {
    if (worker.issuer.joinable()) worker.issuer.join();
    if (worker.responder.joinable()) worker.responder.join();
    // After a failure batches may still be on their way: nothing writes into the slots from here on.
    cuda().ctxSetCurrent.attempt(worker.engine.context.get());
    worker.stream.drain();
    addFacts(worker);
  }
  workers_.clear();
  for (const EngineUse& use : engines_) use.engine().phase = nullptr;
  engines_.clear();
  return true;
}

void Phase::abandon() {
  fail(std::make_exception_ptr(
      NativeError(ErrorCode::Cuda, "the GPU did not answer for 10 s; its threads are left behind")));
  for (Worker& worker : workers_) {
    if (worker.issuer.joinable()) worker.issuer.detach();
    if (worker.responder.joinable()) worker.responder.detach();
  }
  for (EngineUse& use : engines_) {
    use.engine().phase = nullptr;
    use.engine().isHung = true;
    use.keep();
  }
  engines_.clear();
  isAbandoned_ = true;
}

void Phase::fail(std::exception_ptr problem) {
  {
    const std::lock_guard<std::mutex> lock(failureMutex_);
    if (failure_ == nullptr) failure_ = std::move(problem);
  }
  // The driver's side sees that the phase is over; a failure that the driver has been told of already needs no telling.
  if (!hasFailed_.exchange(true)) records_.ended.store(1);
  workBell_.ring();
  completedBell_.ring();
  for (Worker& worker : workers_) worker.slotBell.ring();
}

void Phase::throwFailure() {
  if (!hasFailed_.load()) return;
  const std::lock_guard<std::mutex> lock(failureMutex_);
  std::rethrow_exception(failure_);
}

void Phase::waitCompleted(int32_t completed, int64_t timeoutNs) {
  records_.awaited.store(completed);
  completedBell_.waitUntil([&] { return hasFailed_.load() || records_.completed.load() >= completed; }, options_.spinNs,
                           timeoutNs);
  records_.awaited.store(0);
  throwFailure();
}

void Phase::runInCall(int32_t first, int32_t count) {
  if (!options_.inCall) throw NativeError(ErrorCode::State, "the phase has threads of its own; start it with in_call");
  throwFailure();
  if (workers_.empty()) throw NativeError(ErrorCode::State, "the phase's engine was closed");
  if (first < 0 || count < 0 || first > records_.sampleCount() - count) {
    throw NativeError(ErrorCode::Argument, "samples " + std::to_string(first) + " … are not all of this phase");
  }
  Worker& worker = workers_.front();
  worker.engine.context.makeCurrent();
  Slot& slot = worker.stream.slot(0);
  try {
    for (int32_t end = first + count; first < end;) {
      const Claim claim{first, std::min(end - first, options_.rules.maxBatch)};
      load(worker, slot, claim);
      const Issued issued = worker.stream.issueInOrder(slot, worker.source, options_.useGraphs);
      slot.d2hDone.spin();
      complete(worker, slot, issued.shape, nowNs());
      Phase::count(worker, issued);
      first += claim.count;
    }
  } catch (...) {
    fail(std::current_exception());
    throw;
  }
}

void Phase::addFacts(const Worker& worker) {
  facts_.batches += worker.facts.batches;
  facts_.samples += worker.facts.samples;
  facts_.tokens += worker.facts.tokens;
  facts_.tokensRun += worker.facts.tokensRun;
  facts_.graphLaunches += worker.facts.graphLaunches;
  facts_.enqueues += worker.facts.enqueues;
  facts_.batchesByDevice[worker.engine.options.device] += worker.facts.batches;
}

}  // namespace loadrig
