// Samples GPUs until it is told to stop.

#include "gpu-sampling.h"

#include <algorithm>

namespace loadrig {

HandleTable<GpuSampling>& samplings() {
  static HandleTable<GpuSampling> table("GPU sampling");
  return table;
}

GpuSampling::GpuSampling(int handle, const std::vector<std::string>& pciBusIds, double intervalMs)
    : handle(handle), intervalNs_(static_cast<int64_t>(intervalMs * 1e6)) {
  for (const std::string& id : pciBusIds) devices_.push_back(findNvmlDevice(id));
  thread_ = std::thread([this] { sample(); });
}

GpuSampling::~GpuSampling() {
  stop();
}

std::vector<GpuSample> GpuSampling::stop() {
  isStopped_.store(true);
  bell_.ring();
  if (thread_.joinable()) thread_.join();
  return std::move(samples_);
}

void GpuSampling::look() {
  for (size_t i = 0; i < devices_.size(); i++) {
    samples_.push_back({nowNs(), static_cast<int>(i), readGpu(devices_[i])});
  }
}

void GpuSampling::sample() {
  int64_t dueNs = nowNs();
  const auto isStopped = [this] { return isStopped_.load(); };
  for (;;) {
    look();
    // From due time to due time: a slow look does not shift the rest.
    dueNs = std::max(dueNs + intervalNs_, nowNs());
    if (bell_.waitUntil(isStopped, 0, dueNs - nowNs())) return;
  }
}

}  // namespace loadrig
