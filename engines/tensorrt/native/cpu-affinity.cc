// Pins the calling thread.

#include "cpu-affinity.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "native-error.h"

namespace loadrig {

CpuAffinity::CpuAffinity(const std::vector<int>& cpus) {
  if (cpus.empty()) return;
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  for (const int cpu : cpus) {
    if (cpu < 0 || cpu >= CPU_SETSIZE) throw NativeError(ErrorCode::Argument, "cpus: no CPU " + std::to_string(cpu));
    CPU_SET(static_cast<size_t>(cpu), &wanted);
  }
  // 0: the calling thread, not the process.
  if (sched_getaffinity(0, sizeof before_, &before_) != 0 || sched_setaffinity(0, sizeof wanted, &wanted) != 0) {
    throw NativeError(ErrorCode::Argument, std::string("cpus: the threads cannot be pinned: ") + strerror(errno));
  }
  isChanged_ = true;
}

CpuAffinity::~CpuAffinity() {
  if (isChanged_) sched_setaffinity(0, sizeof before_, &before_);
}

}  // namespace loadrig
