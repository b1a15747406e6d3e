// A phase's shared memory, written as scenarios/phase-records.ts writes it.
#pragma once

#include <atomic>
#include <cstring>

#include "js-values.h"
#include "sample-set.h"

namespace loadrig {

/** One Int32 of shared memory that JavaScript reads and writes with Atomics. */
class SharedCell {
 public:
  explicit SharedCell(int32_t* address = nullptr) : address_(address) {}
  int32_t load() const { return __atomic_load_n(address_, __ATOMIC_SEQ_CST); }
  void store(int32_t value) const { __atomic_store_n(address_, value, __ATOMIC_SEQ_CST); }
  /** Returns the sum. */
  int32_t add(int32_t value) const { return __atomic_add_fetch(address_, value, __ATOMIC_SEQ_CST); }
  bool replace(int32_t expected, int32_t value) const {
    return __atomic_compare_exchange_n(address_, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  }

 private:
  int32_t* address_;
};

struct PhaseRecords {
  SharedCell issued;
  SharedCell completed;
  SharedCell awaited;
  SharedCell taken;
  SharedCell sleepers;
  SharedCell ended;
  SharedCell responseTooLong;
  View<int32_t> sampleIndices;
  View<double> completedNs;
  View<uint8_t> isLogged;
  View<int32_t> responseSlots;
  View<int32_t> responseLengths;
  View<uint8_t> responseBytes;
  size_t maxResponseBytes = 0;

  int32_t sampleCount() const { return static_cast<int32_t>(sampleIndices.length); }

  /** The response of a logged sample; others' are dropped. */
  void keepResponse(int32_t sample, const float* logits, size_t floats) const {
    if (isLogged[static_cast<size_t>(sample)] == 0 || responseSlots.length == 0) return;
    const size_t bytes = floats * sizeof(float);
    if (bytes > maxResponseBytes) {
      responseTooLong.add(1);
      return;
    }
    const auto slot = static_cast<size_t>(responseSlots[static_cast<size_t>(sample)]);
    std::memcpy(&responseBytes[slot * maxResponseBytes], logits, bytes);
    responseLengths[slot] = static_cast<int32_t>(bytes);
  }

  /** After the times and responses of `count` samples were written. True: whoever awaits this many must be woken. */
  bool countCompleted(int32_t count) const {
    const int32_t sum = completed.add(count);
    const int32_t target = awaited.load();
    return target != 0 && sum >= target;
  }
};

}  // namespace loadrig
