// The engine threads' side of engines/shared-queue.ts: claims neighbours of the queue by moving `taken` on, as many as
// run together.
#pragma once

#include <vector>

#include "network.h"
#include "phase-records.h"

namespace loadrig {

struct BatchRules {
  int maxBatch = 1;
  /** 0 = the network's own. */
  int maxTokens = 0;
  int64_t queueDelayNs = 0;
  /** Ascending. */
  std::vector<int> preferredSizes;
  /** Ascending; with an order, no batch reaches over one of these lengths. */
  std::vector<int> lengthBoundaries;
};

/** True: one of `boundaries` lies between two lengths. */
bool arePartedBy(const std::vector<int>& boundaries, int length, int other);

/** A claim: `count` places of the queue from `first` on. */
struct Claim {
  int32_t first = 0;
  int32_t count = 0;
};

/** One thread's view of a phase's queue. */
class SampleQueue {
 public:
  SampleQueue(const PhaseRecords& records, View<int32_t> order, const Network& network, const SampleSet& samples,
              const BatchRules& rules)
      : records_(records), order_(order), network_(network), samples_(samples), rules_(rules) {}

  bool hasWork() const { return records_.taken.load() < records_.issued.load(); }
  /** Claims what may run together; false = nothing there, or not yet worth it (queue delay). */
  bool take(Claim& claim);
  int32_t sampleAt(int32_t place) const { return order_.length == 0 ? place : order_[static_cast<size_t>(place)]; }

 private:
  /** How many from `first` on fit one batch; `isFull` = no more would fit. */
  int32_t countFitting(int32_t first, int32_t issued, bool& isFull) const;
  bool holds(const BatchSize& size) const;
  /** How many of `there` to take now; 0 = wait. */
  int32_t worthTaking(int32_t first, int32_t there, bool isFull);

  const PhaseRecords& records_;
  const View<int32_t> order_;
  const Network& network_;
  const SampleSet& samples_;
  const BatchRules& rules_;
  /** Since when the sample at `waitingFor_` has been waited with. */
  int32_t waitingFor_ = -1;
  int64_t waitingSinceNs_ = 0;
};

}  // namespace loadrig
