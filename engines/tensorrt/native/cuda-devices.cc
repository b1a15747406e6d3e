// Asks the driver and /sys for the facts of each device.

#include "cuda-devices.h"

#include <algorithm>
#include <cctype>
#include <fstream>

#include "cuda-resources.h"

namespace loadrig {

namespace {

// CUdevice_attribute
constexpr int MULTIPROCESSOR_COUNT = 16;
constexpr int COMPUTE_CAPABILITY_MAJOR = 75;
constexpr int COMPUTE_CAPABILITY_MINOR = 76;

int attribute(int which, CudaDevice device) {
  int value = 0;
  cuda().deviceGetAttribute(&value, which, device);
  return value;
}

int numaNodeOf(std::string pciBusId) {
  std::transform(pciBusId.begin(), pciBusId.end(), pciBusId.begin(), [](unsigned char c) { return std::tolower(c); });
  std::ifstream file("/sys/bus/pci/devices/" + pciBusId + "/numa_node");
  int node = -1;
  file >> node;
  return file ? node : -1;
}

DeviceFacts describe(int index) {
  DeviceFacts facts{};
  facts.index = index;
  CudaDevice device;
  cuda().deviceGet(&device, index);
  char text[256] = "";
  cuda().deviceGetName(text, sizeof text, device);
  facts.name = text;
  cuda().deviceGetPciBusId(text, sizeof text, device);
  facts.pciBusId = text;
  facts.computeCapability = std::to_string(attribute(COMPUTE_CAPABILITY_MAJOR, device)) + "." +
                            std::to_string(attribute(COMPUTE_CAPABILITY_MINOR, device));
  facts.multiprocessors = attribute(MULTIPROCESSOR_COUNT, device);
  cuda().deviceTotalMem(&facts.totalBytes, device);
  const CudaContext context(index, CudaContext::Wait::Default);
  size_t total;
  cuda().memGetInfo(&facts.freeBytes, &total);
  facts.numaNode = numaNodeOf(facts.pciBusId);
  cuda().driverGetVersion(&facts.driverVersion);
  return facts;
}

}  // namespace

std::vector<DeviceFacts> listDevices() {
  int count = 0;
  cuda().deviceGetCount(&count);
  std::vector<DeviceFacts> devices;
  for (int index = 0; index < count; index++) devices.push_back(describe(index));
  return devices;
}

}  // namespace loadrig
