// The few functions of NVML that are needed, declared here: no header, no link-time dependency.

#include "nvml.h"

#include <dlfcn.h>

#include <cstdint>
#include <mutex>

#include "native-error.h"

namespace loadrig {

namespace {

// nvmlClockType_t, nvmlTemperatureSensors_t
constexpr int CLOCK_SM = 1;
constexpr int CLOCK_MEMORY = 2;
constexpr int TEMPERATURE_GPU = 0;

struct Utilization {
  unsigned gpu;
  unsigned memory;
};

struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

struct Nvml {
  int (*init)() = nullptr;
  const char* (*errorString)(int) = nullptr;
  int (*handleByPciBusId)(const char*, NvmlDevice*) = nullptr;
  int (*clockInfo)(NvmlDevice, int, unsigned*) = nullptr;
  int (*powerUsage)(NvmlDevice, unsigned*) = nullptr;
  int (*temperature)(NvmlDevice, int, unsigned*) = nullptr;
  int (*utilizationRates)(NvmlDevice, Utilization*) = nullptr;
  int (*memoryInfo)(NvmlDevice, Memory*) = nullptr;
  int (*throttleReasons)(NvmlDevice, unsigned long long*) = nullptr;
};

template <class Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) throw NativeError(ErrorCode::Nvml, std::string("libnvidia-ml.so.1 has no function ") + name);
}

Nvml open() {
  void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw NativeError(ErrorCode::Nvml, std::string("NVML was not found: ") + dlerror());
  Nvml nvml;
  find(library, "nvmlInit_v2", nvml.init);
  find(library, "nvmlErrorString", nvml.errorString);
  find(library, "nvmlDeviceGetHandleByPciBusId_v2", nvml.handleByPciBusId);
  find(library, "nvmlDeviceGetClockInfo", nvml.clockInfo);
  find(library, "nvmlDeviceGetPowerUsage", nvml.powerUsage);
  find(library, "nvmlDeviceGetTemperature", nvml.temperature);
  find(library, "nvmlDeviceGetUtilizationRates", nvml.utilizationRates);
  find(library, "nvmlDeviceGetMemoryInfo", nvml.memoryInfo);
  find(library, "nvmlDeviceGetCurrentClocksThrottleReasons", nvml.throttleReasons);
  const int result = nvml.init();
  if (result != 0) throw NativeError(ErrorCode::Nvml, std::string("nvmlInit failed: ") + nvml.errorString(result));
  return nvml;
}

const Nvml& nvml() {
  static std::mutex mutex;
  static Nvml opened;
  const std::lock_guard<std::mutex> lock(mutex);
  if (opened.init == nullptr) opened = open();
  return opened;
}

}  // namespace

NvmlDevice findNvmlDevice(const std::string& pciBusId) {
  NvmlDevice device = nullptr;
  const int result = nvml().handleByPciBusId(pciBusId.c_str(), &device);
  if (result != 0) {
    throw NativeError(ErrorCode::Nvml, "NVML knows no GPU at " + pciBusId + ": " + nvml().errorString(result));
  }
  return device;
}

GpuReading readGpu(NvmlDevice device) {
  GpuReading reading;
  unsigned value = 0;
  if (nvml().clockInfo(device, CLOCK_SM, &value) == 0) reading.smClockMhz = value;
  if (nvml().clockInfo(device, CLOCK_MEMORY, &value) == 0) reading.memoryClockMhz = value;
  if (nvml().powerUsage(device, &value) == 0) reading.powerW = value / 1000.0;
  if (nvml().temperature(device, TEMPERATURE_GPU, &value) == 0) reading.temperatureC = value;
  Utilization utilization{};
  if (nvml().utilizationRates(device, &utilization) == 0) reading.utilizationPercent = utilization.gpu;
  Memory memory{};
  if (nvml().memoryInfo(device, &memory) == 0) reading.memoryUsedBytes = static_cast<double>(memory.used);
  unsigned long long reasons = 0;
  if (nvml().throttleReasons(device, &reasons) == 0) reading.throttleReasons = static_cast<double>(reasons);
  return reading;
}

}  // namespace loadrig
