// A fake libnvidia-ml.so.1 whose GPUs do what FAKE_NVML says: "clock:power:temperature:throttle;…" in MHz, W, °C and
// nvmlClocksThrottleReasons bits, one entry for each time that the clock is asked for; the last one stays.
// FAKE_NVML_INIT is what nvmlInit_v2 returns; FAKE_NVML_LOST_AT: from the n-th entry on, every call says the GPU is lost.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#define NVML_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Entry {
  unsigned clock = 1980, power = 300, temperature = 50;
  unsigned long long throttle = 0;
};

std::string setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

const std::vector<Entry>& script() {
  static const auto* const entries = [] {
    auto* read = new std::vector<Entry>;
    std::istringstream in(setting("FAKE_NVML", "1980:300:50:0"));
    for (std::string text; std::getline(in, text, ';');) {
      Entry entry;
      std::sscanf(text.c_str(), "%u:%u:%u:%llu", &entry.clock, &entry.power, &entry.temperature, &entry.throttle);
      read->push_back(entry);
    }
    return read;
  }();
  return *entries;
}

constexpr int gpuLost = 15;
std::atomic<long> asked{0};

int check() {
  static const long lostAt = std::stol(setting("FAKE_NVML_LOST_AT", "0"));
  return lostAt != 0 && asked >= lostAt ? gpuLost : 0;
}

const Entry& now() {
  const long index = asked > 0 ? asked - 1 : 0;
  return script().at(index < static_cast<long>(script().size()) ? index : script().size() - 1);
}

struct Utilization {
  unsigned gpu, memory;
};
struct MemoryInfo {
  unsigned long long total, free, used;
};

}  // namespace

NVML_EXPORT int nvmlInit_v2() { return std::stoi(setting("FAKE_NVML_INIT", "0")); }
NVML_EXPORT int nvmlShutdown() { return 0; }
NVML_EXPORT const char* nvmlErrorString(int code) { return code == 0 ? "Success" : code == gpuLost ? "GPU is lost" : "Unknown Error"; }
NVML_EXPORT int nvmlSystemGetDriverVersion(char* version, unsigned length) {
  std::snprintf(version, length, "580.00");
  return 0;
}
NVML_EXPORT int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 8;
  return 0;
}
NVML_EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = reinterpret_cast<void*>(static_cast<size_t>(index) + 1);
  return 0;
}
NVML_EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** device) {
  unsigned domain = 0, bus = 0;
  if (std::sscanf(id, "%x:%x:", &domain, &bus) != 2 || bus < 4) return 6;  // not found
  *device = reinterpret_cast<void*>(static_cast<size_t>(bus) - 3);
  return 0;
}
NVML_EXPORT int nvmlDeviceGetClockInfo(void*, int type, unsigned* clock) {
  if (type != 2) asked += type == 1 || type == 0;  // SM or graphics: the next entry
  *clock = type == 2 ? 2619 : now().clock;
  return check();
}
NVML_EXPORT int nvmlDeviceGetMaxClockInfo(void*, int type, unsigned* clock) {
  *clock = type == 2 ? 2619 : 1980;
  return check();
}
NVML_EXPORT int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
  *milliwatts = now().power * 1000;
  return check();
}
NVML_EXPORT int nvmlDeviceGetTemperature(void*, int, unsigned* celsius) {
  *celsius = now().temperature;
  return check();
}
NVML_EXPORT int nvmlDeviceGetUtilizationRates(void*, Utilization* rates) {
  *rates = {97, 41};
  return check();
}
NVML_EXPORT int nvmlDeviceGetMemoryInfo(void*, MemoryInfo* memory) {
  *memory = {80ull << 30, 70ull << 30, 10ull << 30};
  return check();
}
NVML_EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* reasons) {
  *reasons = now().throttle;
  return check();
}
NVML_EXPORT int nvmlDeviceGetCurrentClocksEventReasons(void* device, unsigned long long* reasons) {
  return nvmlDeviceGetCurrentClocksThrottleReasons(device, reasons);
}
