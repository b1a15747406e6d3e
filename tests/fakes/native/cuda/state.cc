// Configuration, devices, failures on demand and the report of the fake libcuda.
#include "state.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace fake {
namespace {

struct Failure {
  std::string function;
  int nth;
  int code;
};

// Never destroyed: threads of streams may outlive static destruction.
struct State {
  std::mutex mutex;
  std::vector<Device> devices;
  std::vector<Failure> failures;
  std::map<std::string, int> calls;
  std::map<std::string, int> live;
  std::atomic<bool> isInitialized{false};
  std::atomic<int> lostCode{0};
  std::atomic<long> workLeft{-1};
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

std::string setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

State* readState() {
  auto* state = new State;
  const std::string described = setting("FAKE_CUDA_DEVICES", "NVIDIA H100 80GB HBM3|9.0|80");
  if (described != "none") {
    for (const auto& text : split(described, ';')) {
      const auto parts = split(text, '|');
      const int index = static_cast<int>(state->devices.size());
      const auto bytes = static_cast<size_t>(std::stod(parts.at(2)) * (1ull << 30));
      state->devices.push_back({index, parts.at(0), parts.at(1).at(0) - '0', parts.at(1).at(2) - '0', bytes});
    }
  }
  for (const auto& text : split(setting("FAKE_CUDA_FAIL", ""), ',')) {
    const auto parts = split(text, ':');
    state->failures.push_back({parts.at(0), std::stoi(parts.at(1)), std::stoi(parts.at(2))});
  }
  state->workLeft = std::stol(setting("FAKE_CUDA_LOST_AT", "-1"));
  return state;
}

State& state() {
  static State* const instance = readState();
  return *instance;
}

bool sticks(int code) { return code == 700 || code == 719 || code == lost; }

__attribute__((destructor)) void report() {
  const char* file = std::getenv("FAKE_CUDA_REPORT");
  if (file == nullptr) return;
  const std::lock_guard<std::mutex> lock(state().mutex);
  std::ostringstream json;
  const auto table = [&json](const char* name, const std::map<std::string, int>& counts) {
    json << "\"" << name << "\":{";
    const char* comma = "";
    for (const auto& [key, value] : counts) {
      json << comma << "\"" << key << "\":" << value;
      comma = ",";
    }
    json << "}";
  };
  json << "{";
  table("calls", state().calls);
  json << ",";
  table("live", state().live);
  size_t peak = 0;
  for (const auto& device : state().devices) peak += device.peakBytes;
  json << ",\"peak_bytes\":" << peak << "}\n";
  // One line for each process that used the library: a program may start others.
  if (FILE* out = std::fopen(file, "a")) {
    std::fputs(json.str().c_str(), out);
    std::fclose(out);
  }
}

}  // namespace

int enter(const char* function, Needs needs) {
  {
    const std::lock_guard<std::mutex> lock(state().mutex);
    const int nth = ++state().calls[function];
    for (const auto& failure : state().failures) {
      if (failure.function != function || failure.nth != nth) continue;
      if (sticks(failure.code)) lose(failure.code);
      return failure.code;
    }
  }
  if (const int code = lostCode()) return code;
  if (needs == Needs::nothing) return ok;
  if (!state().isInitialized) return notInitialized;
  return needs == Needs::context && currentDevice() == nullptr ? invalidContext : ok;
}

std::vector<Device>& devices() { return state().devices; }
std::mutex& tables() { return state().mutex; }
int lostCode() { return state().lostCode; }
void lose(int code) { state().lostCode = code; }

bool mayRun() {
  if (lostCode() != 0) return false;
  if (state().workLeft < 0) return true;
  if (state().workLeft-- > 1) return true;
  lose(lost);
  return false;
}

bool isImmediate() {
  static const bool immediate = setting("FAKE_CUDA_STREAMS", "") == "immediate";
  return immediate;
}

void count(const char* kind, int change) {
  const std::lock_guard<std::mutex> lock(state().mutex);
  state().live[kind] += change;
}

Device*& currentDevice() {
  thread_local Device* device = nullptr;
  return device;
}

}  // namespace fake

using namespace fake;

FAKE_EXPORT int cuInit(unsigned) {
  FAKE_ENTER(cuInit, nothing);
  if (const int code = std::stoi(setting("FAKE_CUDA_INIT", "0"))) return code;
  if (devices().empty()) return noDevice;
  state().isInitialized = true;
  return ok;
}

FAKE_EXPORT int cuDriverGetVersion(int* version) {
  FAKE_ENTER(cuDriverGetVersion, nothing);
  *version = 13000;
  return ok;
}

FAKE_EXPORT int cuGetErrorName(int code, const char** name) {
  static const std::map<int, const char*> names = {
      {0, "CUDA_SUCCESS"}, {1, "CUDA_ERROR_INVALID_VALUE"}, {2, "CUDA_ERROR_OUT_OF_MEMORY"},
      {3, "CUDA_ERROR_NOT_INITIALIZED"}, {100, "CUDA_ERROR_NO_DEVICE"}, {101, "CUDA_ERROR_INVALID_DEVICE"},
      {201, "CUDA_ERROR_INVALID_CONTEXT"}, {400, "CUDA_ERROR_INVALID_HANDLE"}, {600, "CUDA_ERROR_NOT_READY"},
      {700, "CUDA_ERROR_ILLEGAL_ADDRESS"}, {712, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED"},
      {713, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED"}, {719, "CUDA_ERROR_LAUNCH_FAILED"},
      {801, "CUDA_ERROR_NOT_SUPPORTED"}, {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"},
      {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"}, {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"},
      {904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED"}, {907, "CUDA_ERROR_CAPTURED_EVENT"},
      {908, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD"}, {999, "CUDA_ERROR_UNKNOWN"}};
  const auto found = names.find(code);
  *name = found == names.end() ? nullptr : found->second;
  return *name == nullptr ? invalidValue : ok;
}

FAKE_EXPORT int cuGetErrorString(int code, const char** text) {
  const char* name = nullptr;
  const int result = cuGetErrorName(code, &name);
  *text = name == nullptr ? nullptr : code == outOfMemory ? "out of memory" : "as the fake libcuda was told";
  return result;
}
