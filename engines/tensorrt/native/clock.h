// CLOCK_MONOTONIC in nanoseconds: the clock of process.hrtime, so that both sides' times compare.
#pragma once

#include <time.h>

#include <cstdint>

namespace loadrig {

inline int64_t nowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1'000'000'000) + now.tv_nsec;
}

/** Tells the core that this thread is spinning. */
inline void pauseSpin() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace loadrig
