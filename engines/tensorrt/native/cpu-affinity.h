// Which CPUs a thread may run on: those beside its GPU, so that page-locked memory and copies stay on one NUMA node.
#pragma once

#include <sched.h>

#include <vector>

namespace loadrig {

/** The calling thread keeps to `cpus` (empty = no change) until the end of the scope. */
class CpuAffinity {
 public:
  /** Throws ERR_ARGUMENT where none of the CPUs can be had. */
  explicit CpuAffinity(const std::vector<int>& cpus);
  ~CpuAffinity();
  CpuAffinity(const CpuAffinity&) = delete;
  CpuAffinity& operator=(const CpuAffinity&) = delete;

 private:
  bool isChanged_ = false;
  cpu_set_t before_;
};

}  // namespace loadrig
