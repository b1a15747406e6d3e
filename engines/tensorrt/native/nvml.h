// NVIDIA's management library, opened at run time: what a GPU's clocks, power and temperature are.
#pragma once

#include <string>

struct nvmlDevice_st;

namespace loadrig {

using NvmlDevice = nvmlDevice_st*;

/** One look at a GPU; -1 = this GPU does not tell. */
struct GpuReading {
  double smClockMhz = -1;
  double memoryClockMhz = -1;
  double powerW = -1;
  double temperatureC = -1;
  double utilizationPercent = -1;
  double memoryUsedBytes = -1;
  double throttleReasons = -1;
};

/** Throws ERR_NVML. */
NvmlDevice findNvmlDevice(const std::string& pciBusId);
GpuReading readGpu(NvmlDevice device);

}  // namespace loadrig
