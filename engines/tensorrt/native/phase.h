// One phase: the threads of its engines take samples from the shared queue until it ends.
//
// Threads and turns. Each inference stream has an issuing thread and a response thread; its slots go round between
// them:
//   free    → issuing thread claims a batch, issues it → issued
//   issued  → response thread waits for d2hDone, completes the samples → free
// A failure of any thread is kept (the first one), stops all threads, and is thrown by waitCompleted and endPhase.
#pragma once

#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "doorbell.h"
#include "engine.h"
#include "sample-queue.h"

namespace loadrig {

struct PhaseOptions {
  BatchRules rules;
  bool useGraphs = false;
  /** No threads: the samples come by runInCall. */
  bool inCall = false;
  int64_t spinNs = 0;
  View<int32_t> order;
};

struct PhaseFacts {
  long batches = 0;
  long samples = 0;
  long tokens = 0;
  long tokensRun = 0;
  long graphLaunches = 0;
  long enqueues = 0;
  std::map<int, long> batchesByDevice;
};

class Phase {
 public:
  Phase(int handle, std::vector<EngineUse> engines, const PhaseRecords& records, const PhaseOptions& options);
  ~Phase();

  void wake() { workBell_.ring(); }
  /** Throws what broke the phase. */
  void waitCompleted(int32_t completed, int64_t timeoutNs);
  void runInCall(int32_t first, int32_t count);
  /**
   * Joins the threads and lets go of the engines; what was asked of it before stays known. Threads that hang on the GPU
   * for 10 s are left behind, with all that they might touch: false, and nothing of the phase may be freed.
   */
  bool stop();
  /** Once it is stopped. */
  const PhaseFacts& facts() const { return facts_; }
  /** Throws what broke the phase, if anything did. */
  void throwFailure();

  const int handle;

 private:
  /** One inference stream at work; the facts are of its issuing thread. */
  struct Worker {
    Worker(Engine& engine, InferenceStream& stream, const PhaseRecords& records, const PhaseOptions& options)
        : engine(engine),
          stream(stream),
          source(engine.source()),
          queue(records, options.order, engine.network, engine.samples(), options.rules) {
      for (size_t i = 0; i < stream.slotCount(); i++) stream.slot(i).isIssued.store(false);
    }
    Engine& engine;
    InferenceStream& stream;
    const InputSource source;
    SampleQueue queue;
    /** Shapes of the batches in the slots. */
    std::vector<BatchShape> shapes = std::vector<BatchShape>(stream.slotCount());
    Doorbell slotBell;
    std::atomic<int> runningThreads{0};
    std::atomic<bool> isIssuing{true};
    PhaseFacts facts;
    std::thread issuer;
    std::thread responder;
  };

  void startThreads();
  void issueBatches(Worker& worker);
  void completeBatches(Worker& worker);
  /** Sleeps until there is a batch; false = the phase is over. */
  bool waitForBatch(Worker& worker, Claim& claim);
  void load(Worker& worker, Slot& slot, const Claim& claim);
  void complete(Worker& worker, const Slot& slot, const BatchShape& shape, int64_t atNs);
  static void count(Worker& worker, const Issued& issued);
  void addFacts(const Worker& worker);
  bool haveThreadsEnded() const;
  void abandon();
  // A failed phase does not look at its records any more: a thread that was left behind may outlive them.
  bool isOver() const { return hasFailed_.load() || records_.ended.load() != 0; }
  void fail(std::exception_ptr problem);
  template <class Work>
  void guard(Worker& worker, Work work);

  std::vector<EngineUse> engines_;
  const PhaseRecords records_;
  const PhaseOptions options_;
  std::deque<Worker> workers_;
  Doorbell workBell_;
  Doorbell completedBell_;
  Doorbell endBell_;
  std::atomic<bool> hasFailed_{false};
  std::mutex failureMutex_;
  std::exception_ptr failure_;
  std::mutex stopMutex_;
  bool isAbandoned_ = false;
  PhaseFacts facts_;
};

HandleTable<Phase>& phases();

}  // namespace loadrig
