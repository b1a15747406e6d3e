// Forms batches from the queue.

#include "sample-queue.h"

#include <algorithm>

#include "clock.h"

namespace loadrig {

bool arePartedBy(const std::vector<int>& boundaries, int length, int other) {
  for (const int boundary : boundaries) {
    if ((length <= boundary) != (other <= boundary)) return true;
  }
  return false;
}

bool SampleQueue::holds(const BatchSize& size) const {
  BatchShape shape;
  if (!network_.findShape(size, shape)) return false;
  return rules_.maxTokens == 0 || shape.tokensRun(network_.form) <= rules_.maxTokens;
}

int32_t SampleQueue::countFitting(int32_t first, int32_t issued, bool& isFull) const {
  const int32_t most = std::min(issued - first, rules_.maxBatch);
  BatchSize size;
  int firstLength = 0;
  for (int32_t count = 0; count < most; count++) {
    const auto sample = static_cast<size_t>(sampleAt(first + count));
    const int length = samples_.length(records_.sampleIndices[sample]);
    if (count == 0) firstLength = length;
    size = {count + 1, size.tokens + length, std::max(size.longest, length)};
    // One sample runs whatever the rules say of tokens.
    const bool isParted = order_.length != 0 && arePartedBy(rules_.lengthBoundaries, firstLength, length);
    if (count > 0 && (isParted || !holds(size))) {
      isFull = true;
      return count;
    }
  }
  isFull = most == rules_.maxBatch;
  return most;
}

int32_t SampleQueue::worthTaking(int32_t first, int32_t there, bool isFull) {
  const bool isLast = first + there == records_.sampleCount();
  if (rules_.queueDelayNs == 0 || isFull || isLast) return there;
  const auto& sizes = rules_.preferredSizes;
  const auto above = std::upper_bound(sizes.begin(), sizes.end(), there);
  if (above != sizes.begin()) return *(above - 1);
  const int64_t now = nowNs();
  if (waitingFor_ != first) {
    waitingFor_ = first;
    waitingSinceNs_ = now;
  }
  return now - waitingSinceNs_ >= rules_.queueDelayNs ? there : 0;
}

bool SampleQueue::take(Claim& claim) {
  for (;;) {
    const int32_t first = records_.taken.load();
    const int32_t issued = records_.issued.load();
    if (first >= issued) return false;
    bool isFull = false;
    const int32_t there = countFitting(first, issued, isFull);
    const int32_t count = worthTaking(first, there, isFull);
    if (count == 0) return false;
    if (records_.taken.replace(first, first + count)) {
      claim = {first, count};
      return true;
    }
  }
}

}  // namespace loadrig
