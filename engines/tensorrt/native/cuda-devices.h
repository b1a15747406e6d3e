// The CUDA devices of this machine, as engines/tensorrt/native-libraries.ts describes them.
#pragma once

#include <string>
#include <vector>

namespace loadrig {

struct DeviceFacts {
  int index;
  std::string name;
  std::string computeCapability;
  size_t totalBytes;
  size_t freeBytes;
  int multiprocessors;
  std::string pciBusId;
  /** -1 = unknown. */
  int numaNode;
  int driverVersion;
};

std::vector<DeviceFacts> listDevices();

}  // namespace loadrig
