// Opens libcuda and says what its errors mean.

#include "cuda-driver.h"

#include <dlfcn.h>

#include <atomic>
#include <mutex>

namespace loadrig {

namespace {

CudaDriver driver;
std::atomic<bool> isReady{false};

void openDriver() {
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw NativeError(
        ErrorCode::CudaLibrary,
        std::string("the CUDA driver was not found: ") + dlerror() +
            ". Install the NVIDIA driver; in a container, start it with access to the GPUs (--gpus all).");
  }
  const auto need = [library](auto& function) {
    void* address = dlsym(library, function.name);
    if (address == nullptr) {
      throw NativeError(ErrorCode::CudaLibrary, std::string("libcuda.so.1 has no function ") + function.name +
                                                    "; install a driver for CUDA 11.4 or newer.");
    }
    function.address = reinterpret_cast<decltype(function.address)>(address);
  };
#define LOADRIG_CUDA_NEED(member, symbol, ...) need(driver.member);
  LOADRIG_CUDA_FUNCTIONS(LOADRIG_CUDA_NEED)
#undef LOADRIG_CUDA_NEED
}

void initialise() {
  int result = driver.init.attempt(0);
  if (result != 0) throw NativeError(ErrorCode::CudaDevice, "cuInit failed: " + cudaErrorText(result));
  int count = 0;
  result = driver.deviceGetCount.attempt(&count);
  if (result != 0) throw NativeError(ErrorCode::CudaDevice, "cuDeviceGetCount failed: " + cudaErrorText(result));
  if (count == 0) throw NativeError(ErrorCode::CudaDevice, "the CUDA driver sees no device (CUDA_VISIBLE_DEVICES?)");
}

std::string gigabytes(size_t bytes) {
  const size_t tenths = (bytes + 50'000'000) / 100'000'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GB";
}

}  // namespace

const CudaDriver& cuda() {
  if (isReady.load(std::memory_order_acquire)) return driver;
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  if (!isReady.load(std::memory_order_relaxed)) {
    openDriver();
    initialise();
    isReady.store(true, std::memory_order_release);
  }
  return driver;
}

std::string cudaErrorText(int result) {
  const char* name = nullptr;
  const char* text = nullptr;
  driver.getErrorName.attempt(result, &name);
  driver.getErrorString.attempt(result, &text);
  std::string described = (name != nullptr ? name : "unknown error") + (" (" + std::to_string(result) + ")");
  if (text != nullptr) described += std::string(": ") + text;
  return described;
}

void throwCuda(const char* function, int result) {
  const std::string message = std::string(function) + " failed: " + cudaErrorText(result);
  if (result != CUDA_ERROR_OUT_OF_MEMORY) throw NativeError(ErrorCode::Cuda, message);
  throw NativeError(ErrorCode::CudaMemory, message + freeMemoryText());
}

std::string standingErrorText() {
  size_t free = 0;
  size_t total = 0;
  const int standing = driver.memGetInfo.attempt(&free, &total);
  return standing == 0 ? "" : ". The GPU's own error: " + cudaErrorText(standing);
}

std::string freeMemoryText() {
  size_t free = 0;
  size_t total = 0;
  if (driver.memGetInfo.attempt(&free, &total) != 0 || total == 0) return "";
  return ". Free on this GPU: " + gigabytes(free) + " of " + gigabytes(total);
}

}  // namespace loadrig
