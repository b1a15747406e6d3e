// A thread that looks at GPUs at an interval while something else is measured.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "doorbell.h"
#include "handle-table.h"
#include "nvml.h"

namespace loadrig {

struct GpuSample {
  int64_t atNs;
  /** Place in the list of GPUs asked for. */
  int device;
  GpuReading reading;
};

class GpuSampling {
 public:
  /** Throws ERR_NVML where a GPU cannot be found. */
  GpuSampling(int handle, const std::vector<std::string>& pciBusIds, double intervalMs);
  ~GpuSampling();
  /** Ends the thread; what it saw. */
  std::vector<GpuSample> stop();

  const int handle;

 private:
  void look();
  void sample();

  std::vector<NvmlDevice> devices_;
  const int64_t intervalNs_;
  std::vector<GpuSample> samples_;
  std::atomic<bool> isStopped_{false};
  Doorbell bell_;
  std::thread thread_;
};

HandleTable<GpuSampling>& samplings();

}  // namespace loadrig
