// How threads sleep and wake each other: a futex, so that ringing takes no lock and costs no system call while nobody
// sleeps.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>

#include "clock.h"

namespace loadrig {

class Doorbell {
 public:
  /** After a change that sleepers may be waiting for. */
  void ring() {
    rings_.fetch_add(1);
    if (sleepers_.load() > 0) syscall(SYS_futex, &rings_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
  }

  /**
   * Waits until `isSo()`: spins for `spinNs`, then sleeps. No lost wake-up: whoever changes what isSo() looks at rings
   * afterwards, and a ring between the look and the sleep keeps the sleep from beginning. It looks up every 100 ms all
   * the same, for what changes without a ring. Returns false when `timeoutNs` is over first.
   */
  template <class Condition>
  bool waitUntil(Condition isSo, int64_t spinNs, int64_t timeoutNs = INT64_MAX) {
    if (isSo()) return true;
    const int64_t startNs = nowNs();
    for (int spins = 1;; spins++) {
      pauseSpin();
      if (isSo()) return true;
      if (spins % 64 == 0 && nowNs() - startNs >= spinNs) break;
    }
    sleepers_.fetch_add(1);
    bool isTrue = false;
    for (;;) {
      const uint32_t heard = rings_.load();
      isTrue = isSo();
      const int64_t leftNs = timeoutNs == INT64_MAX ? LOOK_UP_NS : timeoutNs - (nowNs() - startNs);
      if (isTrue || leftNs <= 0) break;
      sleepWhile(heard, leftNs < LOOK_UP_NS ? leftNs : LOOK_UP_NS);
    }
    sleepers_.fetch_sub(1);
    return isTrue;
  }

 private:
  static constexpr int64_t LOOK_UP_NS = 100'000'000;

  void sleepWhile(uint32_t heard, int64_t ns) {
    const timespec timeout{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
    syscall(SYS_futex, &rings_, FUTEX_WAIT_PRIVATE, heard, &timeout, nullptr, 0);
  }

  std::atomic<uint32_t> rings_{0};
  std::atomic<uint32_t> sleepers_{0};
};

}  // namespace loadrig
